// Package roster is every lock that the benchmark compares, each behind the same calls.
package roster

import (
	"context"
	"slices"
	"sync"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// All lists the contestants in the order in which they take turns. Those that are programs of other languages or of another
// revision are there when [Seek] has found them.
func All() []*contestant.Contestant {
	return []*contestant.Contestant{
		raw, redsyncs, redislocks, rueidislocks, python, ours, strict, revision,
		zset, redissonSemaphore, redisSemaphore, oursSemaphore,
		redissonRWLock, oursRWLock,
	}
}

// Find gives the contestant of a name, nil if there is none.
func Find(p contestant.Primitive, name string) *contestant.Contestant {
	i := slices.IndexFunc(All(), func(c *contestant.Contestant) bool { return c.Primitive == p && c.Name == name })
	if i < 0 {
		return nil
	}
	return All()[i]
}

// Seek looks for the programs of other languages, and of the other revision, that offer one of these primitives. It
// installs or builds what is not there yet, and says in Missing why that does not go.
func Seek(ctx context.Context, primitives ...contestant.Primitive) {
	var seeking sync.WaitGroup
	defer seeking.Wait()
	wanted := func(p contestant.Primitive) bool { return slices.Contains(primitives, p) }
	if wanted(contestant.Mutex) {
		seeking.Go(func() { findPython(ctx) })
		seeking.Go(func() { find(ctx, buildRevision, revision) })
	}
	if wanted(contestant.Semaphore) {
		seeking.Go(func() { find(ctx, installNode, redisSemaphore) })
	}
	if wanted(contestant.Semaphore) || wanted(contestant.RWLock) {
		seeking.Go(func() { find(ctx, installJava, redissonSemaphore, redissonRWLock) })
	}
}

// notSought is why a contestant is missing before it was looked for.
const notSought = "not looked for"

// find fills in what an installation gives.
func find(ctx context.Context, install func(context.Context) (command []string, version string, err error),
	list ...*contestant.Contestant,
) {
	command, version, err := install(ctx)
	for _, c := range list {
		c.Command, c.Module, c.Missing = command, version, ""
		if err != nil {
			c.Missing = err.Error()
		}
	}
}

func plainKey(name string) string { return name }
