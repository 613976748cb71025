package upgrade_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
)

// crowd is clients of both versions that call at random, and what they believe.
type crowd struct {
	*fleet
	clock   *engine.Lua
	random  *rand.Rand
	until   map[string]time.Time // who believes to hold the lock, until when
	waiting map[string]time.Time // who waits, and until when its presence lasts
	numbers map[string]int64     // the last number of each one's grant
	highest int64
}

// believers runs a crowd, and reports when two of them believe at once that they hold the lock, when a number was given out
// before, when a live waiter is lost, or when a lock that is given back does not go to the first of them.
func believers(t *testing.T, scripts []dist.Script, seed uint64, steps int) error {
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c := &crowd{
		fleet: newFleet(t, e, scripts), clock: e, random: rand.New(rand.NewPCG(seed, 0)),
		until: map[string]time.Time{}, waiting: map[string]time.Time{}, numbers: map[string]int64{},
	}
	return try(func() {
		for step := range steps {
			if err := try(c.step); err != nil {
				failf("step %d: %w", step, err)
			}
		}
	})
}

func (c *crowd) step() {
	who := c.random.IntN(6)
	version, token := 1+who%2, fmt.Sprintf("token%d", who)
	switch c.random.IntN(4) {
	case 0:
		c.giveBack(version, token)
	case 1:
		if err := c.clock.Advance(time.Duration(c.random.IntN(20)) * time.Millisecond); err != nil {
			failf("%w", err)
		}
	default:
		c.ask(version, token)
	}
	now := c.clock.Now()
	maps.DeleteFunc(c.until, func(_ string, end time.Time) bool { return !end.After(now) })
	if len(c.until) > 1 {
		failf("%v believe that they hold the lock", slices.Sorted(maps.Keys(c.until)))
	}
	holder, queue := c.holder(), c.queue()
	for waiter, end := range c.waiting {
		switch {
		case waiter == holder || end.Before(now):
			delete(c.waiting, waiter)
		case !slices.Contains(queue, waiter):
			failf("%s is lost: it waits until %v, it is %v, and the queue is %v", waiter, end, now, queue)
		}
	}
}

func (c *crowd) giveBack(version int, token string) {
	held, queue := c.holder() == token, c.queue()
	c.release(version, token)
	delete(c.until, token)
	delete(c.waiting, token)
	delete(c.numbers, token)
	if !held {
		return
	}
	next := ""
	if i := slices.IndexFunc(queue, func(waiter string) bool { return c.waiting[waiter] != (time.Time{}) }); i >= 0 {
		next = queue[i]
	}
	if got := c.holder(); got != next {
		failf("%s of version %d released, %v wait, and %q has the lock, not %q", token, version, queue, got, next)
	}
}

func (c *crowd) ask(version int, token string) {
	lease, presence := 1+c.random.IntN(50), c.random.IntN(2)*100
	wake, channel := []string{"poll", "broadcast", "push"}[c.random.IntN(3)], listened
	if version == 2 && c.random.IntN(2) == 0 {
		wake, channel = "shard", unheard
	}
	stood := slices.Contains(c.queue(), token)
	got := c.acquire(version, token, lease, presence, 1+c.random.IntN(5), wake, channel)
	end := func(ms int64) time.Time { return c.clock.Now().Add(time.Duration(ms) * time.Millisecond) }
	switch fields := got.Items[1:]; got.Items[0].Text {
	case "QUEUED":
		c.waiting[token] = end(int64(presence))
		if queue := c.queue(); !stood && queue[len(queue)-1] != token {
			failf("%s joined %v not at the tail", token, queue)
		}
	case "GRANTED":
		delete(c.waiting, token)
		fence, fences := fields[0].Integer, fields[2].Integer
		if fence != c.numbers[token] && fence-fences < c.highest {
			failf("%s got %d numbers up to %d after %d", token, fences, fence, c.highest)
		}
		c.numbers[token], c.highest = fence, max(c.highest, fence)
		c.until[token] = end(fields[1].Integer)
	}
}

func TestRollingUpgradeAtRandom(t *testing.T) {
	t.Parallel()
	scripts := bothVersions(t, asItIs, asItIs)
	for seed := range uint64(100) {
		if err := believers(t, scripts, seed, 500); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// TestRollingUpgradeFails: what a version 1 must not do, and a version 2 neither, is found out by the fleet, and by chance.
func TestRollingUpgradeFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		version  int
		old, new string
		want     string // of the fleet; empty: it does not see it
	}{
		{"a record with a word more is none", 1, `(%S+) (.*)$'`, `(%l+) (.*)$'`, "has the lock, not"},
		{
			"a wake mode that is not known is dead", 1,
			"~= 0 or wake ~= 'push'", "~= 0 or wake == 'poll' or wake == 'broadcast'", "has the lock, not",
		},
		{
			"the lock of another version is taken away", 2,
			"if redis.call('EXISTS', lock) == 0 then\n  local f", "if redis.call('GET', lock) ~= token then\n  local f",
			"expected",
		},
		{"numbers are given twice", 2, "math.min(wish, n - tonumber(last, 10))", "wish", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found := false
			change := func(version int) func(string) string {
				return func(source string) string {
					if version != test.version {
						return source
					}
					found = found || strings.Contains(source, test.old)
					return strings.ReplaceAll(source, test.old, test.new)
				}
			}
			scripts := bothVersions(t, change(1), change(2))
			if !found {
				t.Fatalf("version %d has no %q any more: change this test with it", test.version, test.old)
			}
			e, err := engine.NewLua()
			e2 := engine.Opened(t, e, err)
			err = try(newFleet(t, e2, scripts).upgrade)
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the fleet says %v, want something about %q", err, test.want)
			}
			for seed := range uint64(20) {
				if believers(t, scripts, seed, 500) != nil {
					return
				}
			}
			t.Error("no seed finds it")
		})
	}
}

// Version 2 is no copy: it shares no fragment with version 1, and no three lines of code that follow each other.
func TestUpgradeSharesNothing(t *testing.T) {
	t.Parallel()
	runs := func(root string) map[string]string {
		all := map[string]string{}
		err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(root, path))
			before, last := "", ""
			for line := range strings.SplitSeq(string(text), "\n") {
				line = strings.TrimSpace(line)
				if line == "" || line == "end" || strings.HasPrefix(line, "--") {
					continue
				}
				all[before+"\n"+last+"\n"+line] = path
				before, last = last, line
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	older := runs("../../../lua/mutex/v1")
	for run, path := range runs("testdata/upgrade") {
		if other, found := older[run]; found {
			t.Errorf("%s has of version 1's %s:\n%s", path, other, run)
		}
	}
}
