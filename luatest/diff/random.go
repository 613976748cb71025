package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Random makes the parts that sequences of any primitive have: mostly what clients send, and now and then what none should.
type Random struct {
	*rand.Rand
	now  time.Time // when the next step comes
	keys []string
}

// NewRandom makes the same of a seed, always. The keys are those of Lock.
func NewRandom(seed uint64, keys []string) *Random {
	return &Random{rand.New(rand.NewPCG(seed, 5)), Epoch, keys}
}

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

// Counter is a number about the time, or anything.
func (g *Random) Counter() string {
	if g.Chance(50) {
		return strconv.FormatInt(g.now.UnixMicro()+5-int64(g.IntN(80)), 10)
	}
	return g.Pick(counters...)
}

// Pick is one of these.
func (g *Random) Pick(from ...string) string { return from[g.IntN(len(from))] }

// Chance is true so often.
func (g *Random) Chance(percent int) bool { return g.IntN(100) < percent }

// Token is one of few, so that calls meet each other.
func (g *Random) Token() string {
	if g.Chance(3) {
		return g.Pick(nasty...)
	}
	return g.Pick("a", "b", "c", "d")
}

// Number is one of the sensible ones, or an odd one.
func (g *Random) Number(sensible ...string) string {
	if g.Chance(3) {
		return g.Pick(odd...)
	}
	return g.Pick(sensible...)
}

// Fences is how many numbers a grant should own.
func (g *Random) Fences() string { return g.Number("1", "2", "3", "63", "64", "65") }

// Wake is how a waiter is told.
func (g *Random) Wake() string {
	if g.Chance(3) {
		return g.Pick("", "PUSH", "poll ", "1")
	}
	return g.Pick("poll", "poll", "push", "broadcast")
}

// Channel is mostly the one with a subscriber.
func (g *Random) Channel() string {
	if g.Chance(10) {
		return g.Pick(nasty...)
	}
	return g.Pick(Listened, Listened, "redilock:nobody")
}

// Later is a while that passes.
func (g *Random) Later() Step {
	s := Step{Advance: time.Duration(g.IntN(12)*g.IntN(12)*g.IntN(12)*g.IntN(40)+1) * time.Millisecond}
	g.now = g.now.Add(s.Advance + Margin)
	return s
}

// Call is a call with as many of the arguments as it needs, mostly; so many are required.
func (g *Random) Call(verb string, required int, args ...string) Step {
	if len(args) > required && g.Chance(60) {
		args = args[:required+g.IntN(len(args)-required+1)]
	}
	s := Step{Call: verb, Args: args}
	switch {
	case g.Chance(98):
	case g.Chance(30):
		s.Args = args[:g.IntN(len(args)+1)]
	case g.Chance(40):
		s.Args = slices.Concat(args, slices.Repeat([]string{"more"}, g.IntN(5)))
	case g.Chance(50):
		s.Keys = slices.Clone(g.keys[:g.IntN(4)])
	default:
		s.Keys = slices.Concat(g.keys, g.keys[:1+g.IntN(4)])
	}
	return s
}

// Wrong writes a value of some type: where the key is there with another, the server refuses it.
func (g *Random) Wrong(key string) []string {
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
