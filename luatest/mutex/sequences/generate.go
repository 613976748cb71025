// Package sequences makes what random clients of the mutex do, for package diff.
package sequences

import (
	"github.com/zferentz/go-redilock/luatest/diff"
	"github.com/zferentz/go-redilock/luatest/mutex"
)

// Plan is what package diff takes.
func Plan() (*diff.Plan, error) { return diff.NewPlan(mutex.Subject, Generate) }

// keys are those of the lock.
var keys = func() []string {
	all, _, err := mutex.Subject.Keys(diff.Lock)
	if err != nil {
		panic(err) // the scripts do not load
	}
	return all
}()

// Generate makes a sequence of a seed: mostly what clients do, so that the story gets somewhere, and now and then what
// none should do.
func Generate(seed uint64) diff.Sequence {
	g := &generator{diff.NewRandom(seed, keys)}
	s := make(diff.Sequence, 0, 16)
	for range 4 + g.IntN(13) {
		if g.Chance(5) {
			s = append(s, g.laterWaiter()...)
		}
		s = append(s, g.step())
	}
	return s
}

type generator struct{ *diff.Random }

// records are what the hash of waiters may hold by somebody's mistake.
var records = []string{
	"", "x", "1 2", "1 2 3 poll", "1 2 3 poll ", "1767225660123 0 1 poll ", "1767225660123 5000 0 poll ",
	"1767225660123 5000 3 push " + diff.Listened, "1767225660123 5000 65 shard " + diff.Listened,
	"1767225660123 5000 1 POLL ",
	"1767225660123 99999999999999999999 1 poll ",
	"99999999999999999999 5000 1 poll ", "1767225660123 5000 99999999999999999999 poll ", "nan 5000 1 poll ",
	"1767225660123 5000 2 broadcast ", "1767225660123 5000 1 push a\r\nb", "1767225660123 5000 1 poll",
	"01767225660123 05000 01 poll ", "1767225660123 5000 poll ", "1767225660123 5000 push " + diff.Listened,
	"1767225660123 5000 1  poll ",
}

// later are records as a later version may write them.
var later = []string{
	"1767225660123 5000 1 shard ", "1767225660123 5000 64 push;x " + diff.Listened,
	"1767225660123 5000 2 shard redilock:nobody",
	"1767225660123 5000 3 push;x redilock:nobody",
}

// laterWaiter is how a later version may queue a waiter.
func (g *generator) laterWaiter() diff.Sequence {
	token := g.Pick("a", "b", "c", "d")
	return diff.Sequence{
		{Do: []string{"ZADD", keys[2], "NX", g.Pick("1", "2", "3"), token}},
		{Do: []string{"HSET", keys[3], token, g.Pick(later...)}},
	}
}

func (g *generator) record() string {
	if g.Chance(40) {
		return g.Pick(later...)
	}
	return g.Pick(records...)
}

func (g *generator) lease() string {
	return g.Number("10", "1000", "5000", "10000", "30000", "2147483647")
}

func (g *generator) presence() string { return g.Number("0", "20", "1000", "6000", "60000") }

func (g *generator) step() diff.Step {
	switch n := g.IntN(100); {
	case n < 36:
		return g.Call("acquire", 2, g.Token(), g.lease(), g.presence(), g.Wake(), g.Channel(), g.Fences())
	case n < 56:
		if g.Chance(50) {
			return g.Call("release", 1, g.Token())
		}
		return g.Call(
			"release", 1, g.Token(), g.Pick("", g.Channel()), g.Token(), g.lease(), g.presence(), g.Wake(), g.Fences())
	case n < 64:
		return g.Call("extend", 2, g.Token(), g.lease())
	case n < 70:
		return g.Call("inspect", 0, g.Number("0", "1", "2", "10", "1000", "1001"))
	case n < 80:
		return g.Later()
	case n < 88:
		return diff.Step{Do: g.onLock()}
	}
	return diff.Step{Do: g.onCompanion()}
}

// onLock is what other lock libraries, and people, do to the lock.
func (g *generator) onLock() []string {
	lock := keys[0]
	switch g.IntN(9) {
	case 0, 1:
		return []string{"SET", lock, "foreign", "NX", "PX", g.Pick("10", "1000", "10000")}
	case 2:
		return []string{"SET", lock, g.Pick("foreign", "a", "b"), "PX", g.Pick("10", "1000", "10000")}
	case 3:
		return []string{"SET", lock, g.Pick("foreign", "a", "")}
	case 4, 5:
		return []string{"DEL", lock}
	case 6:
		return []string{"PERSIST", lock}
	case 7:
		return []string{"PEXPIRE", lock, g.Pick("5", "500", "50000")}
	}
	return g.Wrong(lock)
}

// onCompanion is what happens to companion keys: a deletion, an eviction, a name taken by another program.
func (g *generator) onCompanion() []string {
	fence, queue, waiters := keys[1], keys[2], keys[3]
	switch g.IntN(11) {
	case 0:
		return []string{"DEL", g.Pick(keys[1:]...)}
	case 1, 9:
		return []string{"SET", fence, g.Counter()}
	case 2:
		score := g.Pick("0", "1", "-7", "3.5", "100000000", "9007199254740990", "9007199254740991")
		return []string{"ZADD", queue, score, g.Token()}
	case 3:
		return []string{"ZREM", queue, g.Token()}
	case 4, 10:
		return []string{"HSET", waiters, g.Token(), g.record()}
	case 5:
		return []string{"HDEL", waiters, g.Token()}
	case 6:
		return []string{"PEXPIRE", g.Pick(keys[1:]...), g.Pick("5", "5000")}
	case 7:
		return []string{"PERSIST", g.Pick(keys[1:]...)}
	}
	return g.Wrong(g.Pick(keys[1:]...))
}
