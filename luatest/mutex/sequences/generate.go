// Package sequences makes what random clients of the mutex do, for package diff.
package sequences

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

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
	g := &generator{rand.New(rand.NewPCG(seed, 5)), diff.Epoch}
	s := make(diff.Sequence, 0, 16)
	for range 4 + g.IntN(13) {
		if g.chance(5) {
			s = append(s, g.laterWaiter()...)
		}
		s = append(s, g.step())
	}
	return s
}

type generator struct {
	*rand.Rand
	now time.Time // when the next step comes
}

// listened is the channel with a subscriber.
const listened = diff.Listened

// nasty are texts that go wrong where bytes are taken for C strings, formats, numbers or lines.
var nasty = []string{
	"", strings.Repeat("x", 512), strings.Repeat("x", 513), "a b", "a\x00b", "\xff\xfe", "%s%d%", "a\r\nb", "0", "nil", "ü",
	"-1", "00", "+5",
}

// odd are numbers that Lua takes for such and the scripts do not, and the ends of the ranges.
var odd = []string{
	"0", "1", "-1", "1.5", "1e3", "0x10", " 7", "7 ", "", "nan", "inf", "007", "2147483647", "2147483648", "60000", "60001",
	"9999999999", "99999999999", "9007199254740993", "1\x002", "٣",
}

// counters are what a fence key may hold by somebody's mistake.
var counters = []string{
	"", "0", "1", "-5", "007", "nan", "inf", "1e3", "0x10", " 7", "1.5", "x", "1767225600123455", "1767225600123456",
	"1767225600123457", "1767225600123400", "1767225600000000", "1767225599999999", "1767225600123455.5",
	"1767225900000000", "9007199254740989", "9007199254740990", "9007199254740991", "9007199254740992",
	"9223372036854775807", "99999999999999999999",
}

// records are what the hash of waiters may hold by somebody's mistake.
var records = []string{
	"", "x", "1 2", "1 2 3 poll", "1 2 3 poll ", "1767225660123 0 1 poll ", "1767225660123 5000 0 poll ",
	"1767225660123 5000 3 push " + listened, "1767225660123 5000 65 shard " + listened, "1767225660123 5000 1 POLL ",
	"1767225660123 99999999999999999999 1 poll ",
	"99999999999999999999 5000 1 poll ", "1767225660123 5000 99999999999999999999 poll ", "nan 5000 1 poll ",
	"1767225660123 5000 2 broadcast ", "1767225660123 5000 1 push a\r\nb", "1767225660123 5000 1 poll",
	"01767225660123 05000 01 poll ", "1767225660123 5000 poll ", "1767225660123 5000 push " + listened,
	"1767225660123 5000 1  poll ",
}

// later are records as a later version may write them.
var later = []string{
	"1767225660123 5000 1 shard ", "1767225660123 5000 64 push;x " + listened, "1767225660123 5000 2 shard redilock:nobody",
	"1767225660123 5000 3 push;x redilock:nobody",
}

// counter is a number about the time, or anything.
func (g *generator) counter() string {
	if g.chance(50) {
		return strconv.FormatInt(g.now.UnixMicro()+5-int64(g.IntN(80)), 10)
	}
	return g.pick(counters...)
}

// laterWaiter is how a later version may queue a waiter.
func (g *generator) laterWaiter() diff.Sequence {
	token := g.pick("a", "b", "c", "d")
	return diff.Sequence{
		{Do: []string{"ZADD", keys[2], "NX", g.pick("1", "2", "3"), token}},
		{Do: []string{"HSET", keys[3], token, g.pick(later...)}},
	}
}

func (g *generator) record() string {
	if g.chance(40) {
		return g.pick(later...)
	}
	return g.pick(records...)
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) token() string {
	if g.chance(3) {
		return g.pick(nasty...)
	}
	return g.pick("a", "b", "c", "d")
}

// number is one of the sensible ones, or an odd one.
func (g *generator) number(sensible ...string) string {
	if g.chance(3) {
		return g.pick(odd...)
	}
	return g.pick(sensible...)
}

func (g *generator) lease() string {
	return g.number("10", "1000", "5000", "10000", "30000", "2147483647")
}

func (g *generator) presence() string { return g.number("0", "20", "1000", "6000", "60000") }

func (g *generator) fences() string { return g.number("1", "2", "3", "63", "64", "65") }

func (g *generator) wake() string {
	if g.chance(3) {
		return g.pick("", "PUSH", "poll ", "1")
	}
	return g.pick("poll", "poll", "push", "broadcast")
}

func (g *generator) channel() string {
	if g.chance(10) {
		return g.pick(nasty...)
	}
	return g.pick(listened, listened, "redilock:nobody")
}

func (g *generator) step() diff.Step {
	switch n := g.IntN(100); {
	case n < 36:
		return g.call("acquire", g.token(), g.lease(), g.presence(), g.wake(), g.channel(), g.fences())
	case n < 56:
		if g.chance(50) {
			return g.call("release", g.token())
		}
		return g.call(
			"release", g.token(), g.pick("", g.channel()), g.token(), g.lease(), g.presence(), g.wake(), g.fences())
	case n < 64:
		return g.call("extend", g.token(), g.lease())
	case n < 70:
		return g.call("inspect", g.number("0", "1", "2", "10", "1000", "1001"))
	case n < 80:
		s := diff.Step{Advance: time.Duration(g.IntN(12)*g.IntN(12)*g.IntN(12)*g.IntN(40)+1) * time.Millisecond}
		g.now = g.now.Add(s.Advance + diff.Margin)
		return s
	case n < 88:
		return diff.Step{Do: g.onLock()}
	}
	return diff.Step{Do: g.onCompanion()}
}

// call is a call with as many of the arguments as it needs, mostly.
func (g *generator) call(verb string, args ...string) diff.Step {
	required := map[string]int{"acquire": 2, "release": 1, "extend": 2, "inspect": 0}[verb]
	if len(args) > required && g.chance(60) {
		args = args[:required+g.IntN(len(args)-required+1)]
	}
	s := diff.Step{Call: verb, Args: args}
	switch {
	case g.chance(98):
	case g.chance(30):
		s.Args = args[:g.IntN(len(args)+1)]
	case g.chance(40):
		s.Args = slices.Concat(args, slices.Repeat([]string{"more"}, g.IntN(5)))
	case g.chance(50):
		s.Keys = slices.Clone(keys[:g.IntN(4)])
	default:
		s.Keys = slices.Concat(keys, keys[:1+g.IntN(4)])
	}
	return s
}

// onLock is what other lock libraries, and people, do to the lock.
func (g *generator) onLock() []string {
	lock := keys[0]
	switch g.IntN(9) {
	case 0, 1:
		return []string{"SET", lock, "foreign", "NX", "PX", g.pick("10", "1000", "10000")}
	case 2:
		return []string{"SET", lock, g.pick("foreign", "a", "b"), "PX", g.pick("10", "1000", "10000")}
	case 3:
		return []string{"SET", lock, g.pick("foreign", "a", "")}
	case 4, 5:
		return []string{"DEL", lock}
	case 6:
		return []string{"PERSIST", lock}
	case 7:
		return []string{"PEXPIRE", lock, g.pick("5", "500", "50000")}
	}
	return g.wrong(lock)
}

// onCompanion is what happens to companion keys: a deletion, an eviction, a name taken by another program.
func (g *generator) onCompanion() []string {
	fence, queue, waiters := keys[1], keys[2], keys[3]
	switch g.IntN(11) {
	case 0:
		return []string{"DEL", g.pick(keys[1:]...)}
	case 1, 9:
		return []string{"SET", fence, g.counter()}
	case 2:
		score := g.pick("0", "1", "-7", "3.5", "100000000", "9007199254740990", "9007199254740991")
		return []string{"ZADD", queue, score, g.token()}
	case 3:
		return []string{"ZREM", queue, g.token()}
	case 4, 10:
		return []string{"HSET", waiters, g.token(), g.record()}
	case 5:
		return []string{"HDEL", waiters, g.token()}
	case 6:
		return []string{"PEXPIRE", g.pick(keys[1:]...), g.pick("5", "5000")}
	case 7:
		return []string{"PERSIST", g.pick(keys[1:]...)}
	}
	return g.wrong(g.pick(keys[1:]...))
}

// wrong writes a value of some type: where the key is there with another, the server refuses it.
func (g *generator) wrong(key string) []string {
	n := strconv.Itoa(g.IntN(3))
	switch g.IntN(5) {
	case 0:
		return []string{"SET", key, fmt.Sprint("text", n)}
	case 1:
		return []string{"HSET", key, "a", n}
	case 2:
		return []string{"ZADD", key, n, "a"}
	case 3:
		return []string{"SADD", key, n}
	}
	return []string{"RPUSH", key, n}
}
