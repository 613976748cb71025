// Package contestant is every lock that the benchmark compares, each behind the same two calls.
//
// Nothing is added to what a contestant does: a peer's own lock type is the [Lock], by conversion, so that no
// allocation and no goroutine is ours.
package contestant

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/redis/go-redis/v9"
)

// Client is a contestant as one process has it.
type Client interface {
	// Lock waits until the lock is ours or ctx ends.
	Lock(ctx context.Context, name string) (Lock, error)
	Close() error
}

// Lock is a lock that is held.
type Lock interface {
	Unlock(ctx context.Context) error
}

// Extender is a lock that its owner can extend by a call.
type Extender interface {
	Extend(ctx context.Context, ttl time.Duration) error
}

// Options are the terms that all contestants get.
type Options struct {
	Addr       string
	TTL        time.Duration
	Retry      time.Duration // how long those that poll wait between attempts
	AutoExtend bool          // hold the lock until Unlock
}

// Contestant is one library and how it is used here.
type Contestant struct {
	Name   string
	Module string // whose version was measured; of a Command, the version itself
	About  string // how it waits
	Polls  bool   // waits by asking again and again
	Extend bool   // its locks are [Extender]
	Auto   bool   // knows [Options.AutoExtend]
	// Key is the redis key that holds the lock of a name.
	Key func(name string) string
	New func(Options) (Client, error)
	// Command starts a worker that is not Go; it takes the task as its last argument.
	Command []string
	// Missing says why it cannot run here.
	Missing string
}

// Ours is the one that the bars are about; Floor is what any lock must cost.
const (
	Ours        = "redilock"
	Strict      = "redilock strict"
	Floor       = "raw"
	Redsync     = "redsync"
	Redislock   = "redislock"
	Rueidislock = "rueidislock"
	Python      = "python"
)

// All lists the contestants in the order in which they take turns. Python is there when [FindPython] has found it.
func All() []*Contestant {
	return []*Contestant{raw, redsyncs, redislocks, rueidislocks, python, ours, strict}
}

// ByName finds a contestant.
func ByName(name string) *Contestant {
	for _, c := range All() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Version is that of the module that was built in, or of the Python package.
func (c *Contestant) Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || c.Command != nil {
		return c.Module
	}
	for _, m := range info.Deps {
		if m.Path == c.Module && m.Replace == nil {
			return m.Version
		}
	}
	return "this tree"
}

func plainKey(name string) string { return name }

// poolSize is more than go-redis gives by itself on two cores (20): with 64 workers none has to wait for a connection.
const poolSize = 64

// GoRedis is the same client for all that run on go-redis. A worker that waits for a connection does not fail.
func GoRedis(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, PoolSize: poolSize, PoolTimeout: time.Minute})
}

// between waits until it is time for the next attempt of one that polls.
func between(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
