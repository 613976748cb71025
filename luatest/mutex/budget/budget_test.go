// Package budget pins what each way through the scripts costs, so that a slower one is seen when the change is read: the
// commands that a call sends to the server, and the instructions that the Lua machine runs for it.
package budget_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

var update = flag.Bool("update", false, "write testdata/budget.txt")

const golden = "testdata/budget.txt"

// The most commands that a call may send. See lua/README.md, "Why it is so": EXISTS, SET, TIME, SET; GETEX, ZRANGE, DEL; for
// a successor alone GETEX, ZRANGE, TIME, SET, SET; and for one behind others, the first of whom is sent a message, GETEX,
// ZRANGE, TIME, HGET, SET, SET, ZREVRANGE, HSET, ZADD, ZREM, HDEL, PUBLISH. The first grant of a slot renews what the
// others leave as it is: the expiry of the counter, of the queue and of the waiters, by one command each.
const (
	mostAcquire     = 4
	mostRelease     = 3
	mostHanded      = 5
	mostHandOff     = 12
	mostFirstInSlot = mostHandOff + 3
)

// channel is the one that somebody listens on.
const channel = "redilock:budget"

// call is a call of a script.
type call struct {
	verb string
	args []string
}

func c(verb string, args ...string) call { return call{verb, args} }

// path is a way through the scripts: what comes before, and the call that is measured.
type path struct {
	name   string
	before []call
	then   call
	most   int           // commands; 0: as many as the golden file says
	later  time.Duration // how much later the call comes; 0: a millisecond
}

// What a slot's first grant renews is left alone for the rest of it: the clock of the engine begins 123 ms after a minute.
const (
	nextHalfMinute = 29900 * time.Millisecond
	nextMinute     = 59900 * time.Millisecond
)

var paths = []path{
	{"acquire, free", nil, c("acquire", "a", "9000", "5000"), mostAcquire, 0},
	{"acquire, free again", released(), c("acquire", "a", "9000", "5000"), mostAcquire, 0},
	{"acquire, free again, many fences", released(), c("acquire", "a", "9000", "0", "poll", "", "64"), mostAcquire, 0},
	{"acquire, free again, first of the minute", released(), c("acquire", "a", "9000"), mostAcquire + 1, nextMinute},
	{"acquire, free again, long lease", released(), c("acquire", "a", "7200000"), mostAcquire + 1, 0},
	{"acquire, ours already", held(), c("acquire", "a", "9000"), 0, 0},
	{"acquire, held, not queueing", held(), c("acquire", "b", "9000"), 0, 0},
	{"acquire, held, first in the queue", held(), c("acquire", "b", "9000", "5000"), 0, 0},
	{"acquire, held, second in the queue", queue(1), c("acquire", "c", "9000", "5000"), 0, 0},
	{"acquire, asking again from the queue", queue(2), c("acquire", "w2", "9000", "5000"), 0, 0},
	{"release, nobody waits", held(), c("release", "a"), mostRelease, 0},
	{"release, to the successor", held(), c("release", "a", "", "s", "9000", "5000"), mostHanded, 0},
	{"release, to one that polls", queue(1), c("release", "a"), 0, 0},
	{"release, to one that polls, of many", queue(25), c("release", "a"), 0, 0},
	{"release, to one that polls, with a successor", queue(1), c("release", "a", "", "s", "9000", "5000"), mostHandOff, 0},
	{
		"release, to one that polls, of many, with a successor",
		queue(25), c("release", "a", "", "s", "9000", "5000"), mostHandOff, 0,
	},
	{"release, to one that listens", queue(1, "push", channel), c("release", "a"), 0, 0},
	{"release, to one that listens, of many", queue(25, "push", channel), c("release", "a"), 0, 0},
	{"release, to one that listens, with a successor", queue(1, "push", channel), handOff(), mostHandOff, 0},
	{"release, to one that listens, of many, with a successor", queue(25, "push", channel), handOff(), mostHandOff, 0},
	{"the same, first of the half minute", queue(25, "push", channel), handOff(), mostFirstInSlot, nextHalfMinute},
	{"the same, first of the minute", queue(25, "push", channel), handOff(), mostFirstInSlot, nextMinute},
	{"release, leaving the queue", queue(1), c("release", "w1"), 0, 0},
	{"release, leaving the queue to a successor", queue(1), c("release", "w1", "", "s", "9000", "5000"), 0, 0},
	{"release, not ours", held(), c("release", "b"), 0, 0},
	{"extend, ours", held(), c("extend", "a", "95000"), 0, 0},
	{"extend, not ours", held(), c("extend", "b", "9500"), 0, 0},
	{"inspect, two wait", queue(2), c("inspect"), 0, 0},
}

func held() []call { return []call{c("acquire", "a", "90000")} }

func released() []call { return append(held(), c("release", "a")) }

// handOff is a release with all that it can have.
func handOff() call { return c("release", "a", "redilock:own", "s", "9000", "5000", "push", "64") }

// queue lets a take the lock and so many others, w1 and so on, wait for it.
func queue(waiters int, wake ...string) []call {
	calls := held()
	for i := range waiters {
		calls = append(calls, c("acquire", append([]string{fmt.Sprint("w", i+1), "9000", "60000"}, wake...)...))
	}
	return calls
}

func TestBudget(t *testing.T) {
	t.Parallel()
	got := table(t, func(source string) string { return source })
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the cost changed; if it has to, run this with -update (-want +got):\n%s", d)
	}
}

// A script that asks once more than it has to is seen.
func TestBudgetIsExceeded(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	const fast = "local there = redis.call('EXISTS', queue, queue, fence)"
	slower := table(t, func(source string) string {
		return strings.Replace(source, fast, "redis.call('EXISTS', queue) "+fast, 1)
	})
	if slower == string(want) {
		t.Error("one more command in acquire costs nothing")
	}
}

// M6: a hand-off costs the same whatever the length of the queue, with everything that it can have, and so does the call by
// which the waiter finds that it was granted. With one waiter alone it need not ask for the tail.
func TestHandOffCostsTheSame(t *testing.T) {
	t.Parallel()
	cost := func(waiters int, change func(string) string) [2]measured {
		b := newBench(t, change)
		b.run(queue(waiters, "push", channel)...)
		return [2]measured{
			b.measure(handOff(), time.Millisecond), b.measure(c("acquire", "w1", "9000", "60000"), time.Millisecond),
		}
	}
	sound := func(source string) string { return source }
	two := cost(2, sound)
	for _, waiters := range []int{25, 1000} {
		if d := cmp.Diff(two, cost(waiters, sound), cmp.AllowUnexported(measured{})); d != "" {
			t.Errorf("with %d waiters (-two +%d):\n%s", waiters, waiters, d)
		}
	}
	if one := cost(1, sound); len(one[0].commands) > len(two[0].commands) || len(one[1].commands) > len(two[1].commands) {
		t.Errorf("with one waiter %v, with two %v", one, two)
	}
	// It is seen to fail where somebody reads the whole queue: the commands are the same, the instructions are not.
	const first = "redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')"
	whole := func(source string) string {
		return strings.ReplaceAll(source, first, strings.Replace(first, "'1'", "'-1'", 1)+" for _ in ipairs(head) do end")
	}
	if cmp.Equal(cost(2, whole), cost(25, whole), cmp.AllowUnexported(measured{})) {
		t.Error("reading the whole queue costs the same with 25 waiters as with two")
	}
}

func table(t *testing.T, change func(source string) string) string {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%-60s %8s %12s  %s\n", "path", "commands", "instructions", "which")
	for _, path := range paths {
		b := newBench(t, change)
		b.run(path.before...)
		m := b.measure(path.then, max(path.later, time.Millisecond))
		fmt.Fprintf(&table, "%-60s %8d %12d  %s\n",
			path.name, len(m.commands), m.instructions, strings.Join(m.commands, " "))
		if path.most > 0 && len(m.commands) > path.most && t.Name() == "TestBudget" {
			t.Errorf("%s: %d commands, at most %d", path.name, len(m.commands), path.most)
		}
	}
	return table.String()
}

// bench is an engine with the scripts, on which calls are measured.
type bench struct {
	t      *testing.T
	engine *engine.Lua
	sha1   map[string]string // by verb
	keys   []string
}

// measured is what a call cost.
type measured struct {
	commands     []string
	instructions int
}

func newBench(t *testing.T, change func(source string) string) *bench {
	t.Helper()
	scripts, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, sha1: map[string]string{}}
	for _, suffix := range []string{"", ":redilock:fence", ":redilock:queue", ":redilock:waiters"} {
		key, err := scenario.KeyName("name", suffix)
		if err != nil {
			t.Fatal(err)
		}
		b.keys = append(b.keys, key)
	}
	if b.engine, err = engine.NewLua(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, script := range scripts {
		if b.sha1[strings.TrimPrefix(script.Name, "mutex.")], err = b.engine.Load(change(script.Source)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.engine.Subscribe(channel); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) run(calls ...call) {
	b.t.Helper()
	for _, c := range calls {
		reply, err := b.engine.Call(b.sha1[c.verb], b.keys, c.args)
		if err != nil || reply.Err() != nil {
			b.t.Fatal(c.verb, c.args, reply, err)
		}
	}
}

// measure makes a call so much later than the last: two grants in a microsecond cost one command more.
func (b *bench) measure(c call, later time.Duration) measured {
	b.t.Helper()
	if err := b.engine.Advance(later); err != nil {
		b.t.Fatal(err)
	}
	var m measured
	b.engine.Sandbox().SetTrace(func(c sandbox.Command) { m.commands = append(m.commands, strings.ToUpper(c.Args[0])) })
	rec := coverage.Record(b.engine)
	b.run(c)
	m.instructions = rec.Instructions
	b.engine.Sandbox().SetTrace(nil)
	b.engine.Sandbox().RemoveContext()
	return m
}
