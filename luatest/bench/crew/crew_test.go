package crew

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/roster"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// The test's own executable is the worker process.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Argument {
		if err := Work(os.Args[2], roster.Find); err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	var a, b Histogram
	for i := 1; i <= 1000; i++ {
		h := &a
		if i%2 == 0 {
			h = &b
		}
		h.Add(time.Duration(i) * time.Microsecond)
	}
	text, err := json.Marshal(&b)
	if err != nil {
		t.Fatal(err)
	}
	var other Histogram // as it comes from another process
	if err := json.Unmarshal(text, &other); err != nil || other != b {
		t.Errorf("%v: %d counted, and the longest %v", err, other.Count(), other.Longest)
	}
	a.Merge(&other)
	if a.Count() != 1000 || a.Longest != time.Millisecond {
		t.Errorf("%d, the longest %v", a.Count(), a.Longest)
	}
	for q, want := range map[float64]time.Duration{
		0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond,
	} {
		if got := a.Quantile(q); got < want*98/100 || got > want*102/100 {
			t.Errorf("quantile %v: %v, want %v to 1 %%", q, got, want)
		}
	}
	if new(Histogram).Quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
}

func gather(t *testing.T, c *contestant.Contestant, task Task, processes int) Report {
	t.Helper()
	shared, err := NewShared(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	gang, err := Gather(t.Context(), c, task, processes, shared)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gang.Stop() }()
	if err := gang.Go(); err != nil {
		t.Fatal(err)
	}
	report, err := gang.Report()
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Every contestant takes turns on one name in two processes, and nobody is in the section with more than may be.
func TestTurns(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		for _, c := range roster.All() {
			if c.Missing != "" {
				continue
			}
			task := Task{
				Kind: Turns, Addr: s.Addr(), Name: string(c.Primitive), Same: true, Workers: 4, TTL: 20 * time.Second,
				Retry: time.Millisecond, Window: 100 * time.Millisecond, Drain: 2 * time.Second,
			}
			if c.Primitive != contestant.Mutex {
				task.Limit = 2
			}
			if c.Primitive == contestant.RWLock {
				task.Limit, task.Writers = 100, 4
			}
			report := gather(t, c, task, 2)
			// The semaphore by hand may let in too many: it ranks by the clocks of its clients.
			fair := report.Overlaps == 0 || c.Name == contestant.ZSet
			if report.Count() == 0 || !fair || report.Errors != 0 || len(report.Turns) != 4 {
				t.Errorf("%s, %s: %v turns, %d overlaps, %d errors: %s",
					c.Primitive, c.Name, report.Turns, report.Overlaps, report.Errors, report.Error)
			}
			if both := report.Writes.Count() > 0 && report.Waits.Count() > 0; both != (task.Writers > 0) {
				t.Errorf("%s, %s: %d waits of writers and %d of the others",
					c.Primitive, c.Name, report.Writes.Count(), report.Waits.Count())
			}
		}
	})
}

// A lock that locks nothing must be found out by the marker.
func TestOverlapsAreSeen(t *testing.T) {
	t.Parallel()
	shared, err := NewShared(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	for name, task := range map[string]Task{
		"a lock": {}, "a semaphore": {Limit: 3}, "readers and a writer": {Limit: 100, Writers: 4},
	} {
		task.Same, task.Workers, task.Window, task.Drain = true, 4, 100*time.Millisecond, time.Second
		task.Work = time.Millisecond // asleep: so they do meet
		w := worker{task: task, shared: shared, client: broken{}}
		w.turns()
		if w.report.Overlaps == 0 {
			t.Errorf("%s: %v turns without a lock, and nobody met another", name, w.report.Turns)
		}
		if left := shared.Inside.Load(); left != 0 {
			t.Errorf("%s: %d are inside when all have left", name, left)
		}
	}
}

// What a holder leaves when it is killed is found by Fill when the lease is over, and not before.
func TestFill(t *testing.T) {
	t.Parallel()
	s := server.StartT(t, server.Options{})
	ours := roster.Find(contestant.Semaphore, contestant.Ours)
	shared, err := NewShared(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	hold := Task{Kind: Hold, Addr: s.Addr(), Name: "fill", Same: true, Workers: 2, Limit: 3, TTL: time.Minute}
	holders, err := Gather(t.Context(), ours, hold, 2, shared)
	if err != nil {
		t.Fatal(err)
	}
	defer holders.Kill()
	if err := errors.Join(holders.Go(), holders.Held()); err != nil {
		t.Fatal(err)
	}
	holders.Kill()
	fill := hold
	fill.Kind, fill.Workers, fill.Drain = Fill, 3, 300*time.Millisecond
	if report := gather(t, ours, fill, 1); report.Count() != 1 || report.Errors != 0 {
		t.Errorf("%v of 3 permits are free while two holders' leases last, %d errors: %s",
			report.Count(), report.Errors, report.Error)
	}
}

type broken struct{}

func (broken) RLock(context.Context, string) (contestant.Lock, error) { return broken{}, nil }
func (broken) Lock(context.Context, string) (contestant.Lock, error)  { return broken{}, nil }
func (broken) Unlock(context.Context) error                           { return nil }
func (broken) Close() error                                           { return nil }

func TestWorkerThatFails(t *testing.T) {
	t.Parallel()
	shared, err := NewShared(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	_, err = Gather(t.Context(), roster.Find(contestant.Mutex, contestant.Floor),
		Task{Kind: Turns, Addr: "127.0.0.1:1", Name: "x", Workers: 1, TTL: time.Second}, 1, shared)
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("without a server: %v", err)
	}
}
