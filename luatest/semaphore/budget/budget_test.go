// Package budget pins what each way through the scripts of the semaphore costs: see package budget of all primitives.
package budget_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/luatest/budget"
	"github.com/zferentz/go-redilock/luatest/semaphore"
)

var update = flag.Bool("update", false, "write testdata/budget.txt")

const golden = "testdata/budget.txt"

// The most commands that a call may send. The first grant gives the counter and the hash their expiry by a command more
// each. TIME, ZSCORE, ZCARD, ZRANGEBYSCORE, HMGET say what is held, ZCARD that nobody waits, SET makes the fence; ZADD,
// HSET, ZREVRANGE, PEXPIREAT, PEXPIRE write. A release writes by ZREM, and before it what makes sure that it may, ZREM,
// HDEL, HSET, ZREVRANGE, PEXPIREAT, PEXPIRE.
const (
	mostAcquire = 12
	mostFirst   = mostAcquire + 2
	mostRelease = 13
	mostExtend  = 12
)

// channel is the one that somebody listens on.
const channel = "redilock:budget"

// limit is that of all calls.
const limit = "1000"

func c(verb string, args ...string) budget.Call { return budget.Call{Verb: verb, Args: args} }

var paths = []budget.Path{
	way("acquire, nobody holds", nil, c("acquire", "a", "9000", limit), mostFirst),
	way("acquire, others hold", held(2), c("acquire", "a", "9000", limit), mostAcquire),
	way("acquire, others hold, many fences", held(2), c("acquire", "a", "9000", limit, "5", "0", "poll", "", "64"),
		mostAcquire),
	way("acquire, ours already", held(2), c("acquire", "h1", "95000", limit), mostExtend+1),
	way("acquire, no room, not queueing", held(2), c("acquire", "a", "9000", limit, limit), 0),
	way("acquire, no room, first in the queue", held(2), c("acquire", "a", "9000", limit, limit, "5000"), 0),
	way("acquire, others wait, behind them", queue(2), c("acquire", "a", "9000", limit, "1", "5000"), 0),
	way("acquire, asking again from the queue", queue(2), c("acquire", "w2", "9000", limit, limit, "5000"), 0),
	way("release, the last holder", held(1), c("release", "h1"), mostRelease),
	way("release, others hold", held(2), c("release", "h1"), mostRelease),
	way("release, others wait and do not fit", queue(1), c("release", "h1"), 0),
	way("release, to the successor", held(2), handOver(""), 0),
	way("release, to one that polls", full(1), c("release", "h1"), 0),
	way("release, to one that listens", full(1, "push", channel), c("release", "h1"), 0),
	way("release, to one that listens, with a successor", full(2, "push", channel), handOver("other"), 0),
	way("release, to one on the caller's channel", full(1, "push", channel), c("release", "h1", channel), 0),
	way("release, to three that poll", full(3), c("release", "h1"), 0),
	way("release, leaving the queue", queue(2), c("release", "w1"), 0),
	way("release, leaving the queue to a successor", queue(2), c("release", "w1", "", "s", "9000", limit, limit, "5000"), 0),
	way("release, not ours", held(2), c("release", "x"), 0),
	way("extend, ours", held(2), c("extend", "h1", "95000"), mostExtend),
	way("extend, not ours", held(2), c("extend", "x", "95000"), 0),
	way("shrink, nobody waits", held(2, "5"), c("shrink", "h1", "1"), 0),
	way("inspect, two hold and two wait", queue(2), c("inspect"), 0),
}

// way is a path, a millisecond after what was before it.
func way(name string, before []budget.Call, then budget.Call, most int) budget.Path {
	return budget.Path{Name: name, Before: before, Then: then, Most: most}
}

// held lets so many tokens, h1 and so on, hold permits.
func held(holders int, weight ...string) []budget.Call {
	var calls []budget.Call
	for i := range holders {
		calls = append(calls, c("acquire", append([]string{fmt.Sprint("h", i+1), "90000", limit}, weight...)...))
	}
	return calls
}

// queue lets two hold, and so many others, w1 and so on, wait for all that there is.
func queue(waiters int) []budget.Call { return waiting(held(2), waiters, limit) }

// full lets one hold all that there is, and so many others wait for one each.
func full(waiters int, wake ...string) []budget.Call {
	return waiting(held(1, limit), waiters, "1", wake...)
}

func waiting(calls []budget.Call, waiters int, weight string, wake ...string) []budget.Call {
	for i := range waiters {
		args := append([]string{fmt.Sprint("w", i+1), "9000", limit, weight, "60000"}, wake...)
		calls = append(calls, c("acquire", args...))
	}
	return calls
}

// handOver is a release with a successor.
func handOver(own string) budget.Call {
	return c("release", "h1", own, "s", "9000", limit, "1", "5000", "poll", "64")
}

func asItIs(source string) string { return source }

func TestBudget(t *testing.T) {
	t.Parallel()
	budget.Pin(t, semaphore.Subject, paths, channel, golden, *update)
}

// A script that asks once more than it has to is seen.
func TestBudgetIsExceeded(t *testing.T) {
	t.Parallel()
	const first = "size = redis.call('ZCARD', holders)"
	slow := func(source string) string {
		return strings.Replace(source, first, first+" redis.call('ZCARD', holders)", 1)
	}
	exceeded := 0
	budget.Table(t, semaphore.Subject, paths, channel, slow, func(budget.Path, budget.Measured) { exceeded++ })
	if exceeded == 0 {
		t.Error("no path sends more commands than it may")
	}
}

// Every call costs the same whatever the number of holders, in commands and in instructions.
func TestHoldersCostNothing(t *testing.T) {
	t.Parallel()
	calls := []budget.Call{
		c("acquire", "a", "9000", limit), c("extend", "h1", "99000"), c("shrink", "h2", "1"), c("release", "a"),
		c("inspect", "1"),
		c("acquire", "a", "9000", limit, limit, "60000"), c("release", "a"), c("release", "h1"),
	}
	cost := func(holders int, change func(string) string) (all []budget.Measured) {
		b := budget.New(t, semaphore.Subject, channel, change)
		b.Run(held(holders)...)
		for _, call := range calls {
			all = append(all, b.Measure(call, time.Millisecond))
		}
		return all
	}
	if d := cmp.Diff(cost(3, asItIs), cost(300, asItIs)); d != "" {
		t.Errorf("with 300 holders (-three +300):\n%s", d)
	}
	// It is seen to fail where somebody reads all of them: the commands are the same, the instructions are not.
	const latest = "redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')"
	whole := func(source string) string {
		all := strings.Replace(latest, "0, 0", "0, -1", 1)
		return strings.ReplaceAll(source, latest, all+" for _ in ipairs(latest) do end")
	}
	if cmp.Equal(cost(3, whole), cost(300, whole)) {
		t.Error("reading all holders costs the same with 300 as with three")
	}
}
