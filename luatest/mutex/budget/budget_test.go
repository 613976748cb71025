// Package budget pins what each way through the scripts of the mutex costs: see package budget of all primitives.
package budget_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/luatest/budget"
	"github.com/zferentz/go-redilock/luatest/mutex"
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

func c(verb string, args ...string) budget.Call { return budget.Call{Verb: verb, Args: args} }

// What a slot's first grant renews is left alone for the rest of it: the clock of the engine begins 123 ms after a minute.
const (
	nextHalfMinute = 29900 * time.Millisecond
	nextMinute     = 59900 * time.Millisecond
)

var paths = []budget.Path{
	way("acquire, free", nil, c("acquire", "a", "9000", "5000"), mostAcquire, 0),
	way("acquire, free again", released(), c("acquire", "a", "9000", "5000"), mostAcquire, 0),
	way("acquire, free again, many fences", released(), c("acquire", "a", "9000", "0", "poll", "", "64"), mostAcquire, 0),
	way("acquire, free again, first of the minute", released(), c("acquire", "a", "9000"), mostAcquire+1, nextMinute),
	way("acquire, free again, long lease", released(), c("acquire", "a", "7200000"), mostAcquire+1, 0),
	way("acquire, ours already", held(), c("acquire", "a", "9000"), 0, 0),
	way("acquire, held, not queueing", held(), c("acquire", "b", "9000"), 0, 0),
	way("acquire, held, first in the queue", held(), c("acquire", "b", "9000", "5000"), 0, 0),
	way("acquire, held, second in the queue", queue(1), c("acquire", "c", "9000", "5000"), 0, 0),
	way("acquire, asking again from the queue", queue(2), c("acquire", "w2", "9000", "5000"), 0, 0),
	way("release, nobody waits", held(), c("release", "a"), mostRelease, 0),
	way("release, to the successor", held(), c("release", "a", "", "s", "9000", "5000"), mostHanded, 0),
	way("release, to one that polls", queue(1), c("release", "a"), 0, 0),
	way("release, to one that polls, of many", queue(25), c("release", "a"), 0, 0),
	way(
		"release, to one that polls, with a successor",
		queue(1), c("release", "a", "", "s", "9000", "5000"), mostHandOff, 0,
	),
	way(
		"release, to one that polls, of many, with a successor",
		queue(25), c("release", "a", "", "s", "9000", "5000"), mostHandOff, 0,
	),
	way("release, to one that listens", queue(1, "push", channel), c("release", "a"), 0, 0),
	way("release, to one that listens, of many", queue(25, "push", channel), c("release", "a"), 0, 0),
	way("release, to one that listens, with a successor", queue(1, "push", channel), handOff(), mostHandOff, 0),
	way("release, to one that listens, of many, with a successor", queue(25, "push", channel), handOff(), mostHandOff, 0),
	way("the same, first of the half minute", queue(25, "push", channel), handOff(), mostFirstInSlot, nextHalfMinute),
	way("the same, first of the minute", queue(25, "push", channel), handOff(), mostFirstInSlot, nextMinute),
	way("release, leaving the queue", queue(1), c("release", "w1"), 0, 0),
	way("release, leaving the queue to a successor", queue(1), c("release", "w1", "", "s", "9000", "5000"), 0, 0),
	way("release, not ours", held(), c("release", "b"), 0, 0),
	way("extend, ours", held(), c("extend", "a", "95000"), 0, 0),
	way("extend, not ours", held(), c("extend", "b", "9500"), 0, 0),
	way("inspect, two wait", queue(2), c("inspect"), 0, 0),
}

// way is a path.
func way(name string, before []budget.Call, then budget.Call, most int, later time.Duration) budget.Path {
	return budget.Path{Name: name, Before: before, Then: then, Most: most, Later: later}
}

func held() []budget.Call { return []budget.Call{c("acquire", "a", "90000")} }

func released() []budget.Call { return append(held(), c("release", "a")) }

// handOff is a release with all that it can have.
func handOff() budget.Call {
	return c("release", "a", "redilock:own", "s", "9000", "5000", "push", "64")
}

// queue lets a take the lock and so many others, w1 and so on, wait for it.
func queue(waiters int, wake ...string) []budget.Call {
	calls := held()
	for i := range waiters {
		calls = append(calls, c("acquire", append([]string{fmt.Sprint("w", i+1), "9000", "60000"}, wake...)...))
	}
	return calls
}

func asItIs(source string) string { return source }

func TestBudget(t *testing.T) {
	t.Parallel()
	budget.Pin(t, mutex.Subject, paths, channel, golden, *update)
}

// A script that asks once more than it has to is seen.
func TestBudgetIsExceeded(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	const fast = "local there = redis.call('EXISTS', queue, queue, fence)"
	slow := func(source string) string {
		return strings.Replace(source, fast, "redis.call('EXISTS', queue) "+fast, 1)
	}
	exceeded := 0
	slower := budget.Table(t, mutex.Subject, paths, channel, slow, func(budget.Path, budget.Measured) { exceeded++ })
	if exceeded == 0 {
		t.Error("no path sends more commands than it may")
	}
	if slower == string(want) {
		t.Error("one more command in acquire costs nothing")
	}
}

// M6: a hand-off costs the same whatever the length of the queue, with everything that it can have, and so does the call by
// which the waiter finds that it was granted. With one waiter alone it need not ask for the tail.
func TestHandOffCostsTheSame(t *testing.T) {
	t.Parallel()
	cost := func(waiters int, change func(string) string) [2]budget.Measured {
		b := budget.New(t, mutex.Subject, channel, change)
		b.Run(queue(waiters, "push", channel)...)
		return [2]budget.Measured{
			b.Measure(handOff(), time.Millisecond), b.Measure(c("acquire", "w1", "9000", "60000"), time.Millisecond),
		}
	}
	two := cost(2, asItIs)
	for _, waiters := range []int{25, 1000} {
		if d := cmp.Diff(two, cost(waiters, asItIs)); d != "" {
			t.Errorf("with %d waiters (-two +%d):\n%s", waiters, waiters, d)
		}
	}
	if one := cost(1, asItIs); len(one[0].Commands) > len(two[0].Commands) || len(one[1].Commands) > len(two[1].Commands) {
		t.Errorf("with one waiter %v, with two %v", one, two)
	}
	// It is seen to fail where somebody reads the whole queue: the commands are the same, the instructions are not.
	const first = "redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')"
	whole := func(source string) string {
		return strings.ReplaceAll(source, first, strings.Replace(first, "'1'", "'-1'", 1)+" for _ in ipairs(head) do end")
	}
	if cmp.Equal(cost(2, whole), cost(25, whole)) {
		t.Error("reading the whole queue costs the same with 25 waiters as with two")
	}
}
