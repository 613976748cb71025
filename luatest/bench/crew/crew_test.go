package crew

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// The test's own executable is the worker process.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Argument {
		if err := Work(os.Args[2]); err != nil {
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
	b.pack()
	a.Merge(&Histogram{Sparse: b.Sparse, Longest: b.Longest}) // as it comes from another process
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

// Every contestant takes turns on one name in two processes, and nobody is in the section with another.
func TestTurns(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		for _, c := range contestant.All() {
			if c.Missing != "" {
				continue
			}
			report := gather(t, c, Task{
				Kind: Turns, Addr: s.Addr(), Name: "turns", Same: true, Workers: 4, TTL: 20 * time.Second,
				Retry: time.Millisecond, Window: 300 * time.Millisecond, Drain: 10 * time.Second,
			}, 2)
			if report.Count() == 0 || report.Overlaps != 0 || report.Errors != 0 || len(report.Turns) != 4 {
				t.Errorf("%s: %v turns, %d overlaps, %d errors: %s",
					c.Name, report.Turns, report.Overlaps, report.Errors, report.Error)
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
	task := Task{Same: true, Workers: 2, Window: 2 * time.Second, Drain: time.Second}
	w := worker{task: task, shared: shared, client: broken{}}
	w.turns()
	if w.report.Overlaps == 0 {
		t.Errorf("%v turns without a lock, and nobody met another", w.report.Turns)
	}
}

type broken struct{}

func (broken) Lock(context.Context, string) (contestant.Lock, error) { return broken{}, nil }
func (broken) Unlock(context.Context) error                          { return nil }
func (broken) Close() error                                          { return nil }

func TestWorkerThatFails(t *testing.T) {
	t.Parallel()
	shared, err := NewShared(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	_, err = Gather(t.Context(), contestant.ByName(contestant.Floor),
		Task{Kind: Turns, Addr: "127.0.0.1:1", Name: "x", Workers: 1, TTL: time.Second}, 1, shared)
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("without a server: %v", err)
	}
}
