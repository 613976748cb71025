// Package sequences makes what random clients of the semaphore do, for package diff.
package sequences

import (
	"github.com/zferentz/go-redilock/luatest/diff"
	"github.com/zferentz/go-redilock/luatest/semaphore"
)

// Plan is what package diff takes.
func Plan() (*diff.Plan, error) { return diff.NewPlan(semaphore.Subject, Generate) }

// keys are those of the semaphore.
var keys = func() []string {
	all, _, err := semaphore.Subject.Keys(diff.Lock)
	if err != nil {
		panic(err) // the scripts do not load
	}
	return all
}()

// Generate makes a sequence of a seed: mostly what clients do, so that the story gets somewhere, and now and then what
// none should do.
func Generate(seed uint64) diff.Sequence {
	g := &generator{diff.NewRandom(seed, keys)}
	s := make(diff.Sequence, 0, 20)
	for range 4 + g.IntN(16) {
		s = append(s, g.step())
	}
	return s
}

type generator struct{ *diff.Random }

// records are what the hash of members may hold by somebody's mistake, or by a later version's doing.
var records = []string{
	"", "x", "1 2", "1 2 3", "1767225600123456 1 3", "1767225600123456 2 3;more", "1767225600123456 0 3",
	"99999999999999999999 1 3",
	"1767225600123456 99999999999999999999 99999999999999999999", "1767225600123456 1 3 ", "nan 1 3",
	"1767225660123 5000 1 1 3 poll ", "1767225660123 5000 3 2 3 push " + diff.Listened, "1767225660123 5000 1 4 3 poll ",
	"1767225660123 5000 65 1 3 shard " + diff.Listened, "1767225660123 5000 1 1 3 push;x redilock:nobody",
	"1767225660123 5000 1 0 3 poll ", "1767225660123 0 1 1 3 poll ", "1767225660123 5000 1 1 3 poll",
	"99999999999999999999 5000 1 1 99999999999999999999 poll ",
}

// sums are the same of the empty field.
var sums = []string{
	"", "x", "0 0 3 0 0", "1 1 3 0 0", "3 2 3 0 1", "5 1 3 0 2", "1 1 3 0 9", "1 1 3 7 1", "0 9 3 0 0", "1 1 3 0",
	"-1 1 3 0 0",
	"99999999999999999999 1 3 0 0", "1 99999999999999999999 3 0 0", "1 1 99999999999999999999 0 1",
	"9007199254740991 1 3 0 0",
}

func (g *generator) lease() string {
	return g.Number("10", "1000", "5000", "10000", "30000", "2147483647")
}

func (g *generator) presence() string { return g.Number("0", "20", "1000", "6000", "60000") }

func (g *generator) weight() string { return g.Number("1", "1", "1", "2", "3", "2147483647") }

func (g *generator) limit() string { return g.Number("3", "3", "3", "3", "2", "5", "2147483647") }

func (g *generator) step() diff.Step {
	switch n := g.IntN(100); {
	case n < 40:
		return g.Call("acquire", 3, g.Token(), g.lease(), g.limit(), g.weight(), g.presence(), g.Wake(), g.Channel(),
			g.Fences())
	case n < 56:
		if g.Chance(50) {
			return g.Call("release", 1, g.Token())
		}
		return g.Call("release", 1, g.Token(), g.Pick("", g.Channel()), g.Token(), g.lease(), g.limit(), g.weight(),
			g.presence(), g.Wake(), g.Fences())
	case n < 63:
		return g.Call("extend", 2, g.Token(), g.lease(), g.weight(), g.limit())
	case n < 69:
		return g.Call("shrink", 2, g.Token(), g.weight(), g.Channel())
	case n < 74:
		return g.Call("inspect", 0, g.Number("0", "1", "2", "10", "1000", "1001"))
	case n < 84:
		return g.Later()
	case n < 89:
		return diff.Step{Do: g.onHolders()}
	}
	return diff.Step{Do: g.onCompanion()}
}

// onHolders is what other programs do to the name itself.
func (g *generator) onHolders() []string {
	holders := keys[0]
	switch g.IntN(7) {
	case 0:
		return []string{"SET", holders, "foreign", "NX", "PX", g.Pick("10", "1000", "10000")}
	case 1, 2:
		return []string{"DEL", holders}
	case 3:
		return []string{"ZREM", holders, g.Token()}
	case 4:
		score := g.Pick("0", "1767225600124", "1767225605000", "1767225600123", "9007199254740991")
		return []string{"ZADD", holders, score, g.Token()}
	case 5:
		return []string{g.Pick("PERSIST", "DEL"), holders}
	}
	return g.Wrong(holders)
}

// onCompanion is what happens to companion keys: a deletion, an eviction, a name taken by another program.
func (g *generator) onCompanion() []string {
	fence, pending, members := keys[1], keys[2], keys[3]
	switch g.IntN(12) {
	case 0, 1:
		return []string{"DEL", g.Pick(keys[1:]...)}
	case 2:
		return []string{"SET", fence, g.Counter()}
	case 3:
		return []string{"ZADD", pending, g.Pick("0", "1", "-7", "3.5", "9007199254740990", "9007199254740991"), g.Token()}
	case 4:
		return []string{"ZREM", pending, g.Token()}
	case 5, 6:
		return []string{"HSET", members, g.Token(), g.Pick(records...)}
	case 7:
		return []string{"HSET", members, "", g.Pick(sums...)}
	case 8:
		return []string{"HDEL", members, g.Pick("", g.Token())}
	case 9:
		return []string{"PEXPIRE", g.Pick(keys[1:]...), g.Pick("5", "5000")}
	case 10:
		return []string{"PERSIST", g.Pick(keys[1:]...)}
	}
	return g.Wrong(g.Pick(keys[1:]...))
}
