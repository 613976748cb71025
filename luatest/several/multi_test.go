package several_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// multi takes pairs and triples of the names, in random order, with so many goroutines.
func (j job) multi(ctx context.Context, c *redilock.Client, out *output) {
	var all sync.WaitGroup
	for caller := range j.Callers {
		all.Go(func() {
			for ctx.Err() == nil {
				names := slices.Clone(j.Names)
				rand.Shuffle(len(names), func(a, b int) { names[a], names[b] = names[b], names[a] })
				names = names[:2+rand.N(2)]
				requests := make([]redilock.Request, len(names))
				for i, name := range names {
					requests[i] = c.Mutex(name, j.TTL, redilock.WithAutoExtend())
				}
				asked := time.Now()
				l, err := c.Multi(requests...).Lock(ctx)
				if err != nil {
					if ctx.Err() == nil {
						out.tell(report{Who: j.Who, Err: err.Error()})
					}
					continue
				}
				from := time.Now()
				time.Sleep(rand.N(2 * time.Millisecond))
				to := time.Now()
				if l.Context().Err() != nil {
					to = from
				}
				out.tell(report{
					Who: j.Who*1000 + caller, Names: names, From: from.UnixNano(), To: to.UnixNano(),
					Waited: from.Sub(asked).Nanoseconds(),
				})
				if err := l.Unlock(ctx); err != nil && !errors.Is(err, redilock.ErrLost) {
					out.tell(report{Who: j.Who, Err: err.Error()})
				}
			}
		})
	}
	all.Wait()
}

// 64 goroutines in 4 processes take random pairs and triples of 10 names, and processes are killed meanwhile: no name is
// held twice, nothing dead-locks, and everybody comes through. Those that are killed tell nothing of what they hold then.
func TestMulti(t *testing.T) {
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		const processes, callers, names, ttl = 4, 16, 10, time.Second
		duration := time.Duration(testreport.Size(t, "REDILOCK_SEVERAL_SECONDS", 3)) * time.Second
		var mu sync.Mutex
		var held []report
		hear := func(r report) {
			mu.Lock()
			defer mu.Unlock()
			if r.Err != "" {
				t.Error(r.Err)
				return
			}
			held = append(held, r)
		}
		j := job{Kind: "multi", Addr: s.Addr(), TTL: ttl, Callers: callers}
		for i := range names {
			j.Names = append(j.Names, fmt.Sprintf("name-%d", i))
		}
		next := func() *process {
			j.Who++
			return start(t, j, hear)
		}
		var workers []*process
		for range processes {
			workers = append(workers, next())
		}
		kills := 0
		for end := time.Now().Add(duration); ; kills++ {
			pause := min(time.Second+rand.N(2*time.Second), duration/4)
			if time.Now().Add(pause + 3*ttl/2).After(end) {
				time.Sleep(time.Until(end))
				break
			}
			time.Sleep(pause)
			i := rand.N(len(workers))
			workers[i].kill()
			workers[i] = next()
		}
		for _, w := range workers {
			w.end(t)
		}
		judgeHeld(t, held)
		var waited []int64
		callersSeen := make(map[int]bool)
		for _, r := range held {
			waited = append(waited, r.Waited)
			callersSeen[r.Who] = true
		}
		for caller := range callers { // the last worker had the least time: in a run of seconds, perhaps too little
			if duration >= 20*time.Second && !callersSeen[j.Who*1000+caller] {
				t.Errorf("caller %d of worker %d never had its locks", caller, j.Who)
			}
		}
		note := fmt.Sprintf("%d kill -9, %d times several locks, waited %s", kills, len(held), figures(waited))
		testreport.Report(t, testreport.Row{
			Section: "multi", Subject: s.Name(), Version: s.Version(), Passed: len(held), Notes: []string{note},
		})
	})
}

// judgeHeld fails the test if a name was held twice at any time.
func judgeHeld(t *testing.T, held []report) {
	t.Helper()
	if len(held) == 0 {
		t.Error("nobody had anything")
	}
	slices.SortFunc(held, func(a, b report) int { return int(a.From - b.From) })
	last := make(map[string]report)
	for _, r := range held {
		for _, name := range r.Names {
			if before := last[name]; before.To > r.From {
				t.Errorf("%q was held by %d (%s) and by %d (%s) for %v", name, before.Who, strings.Join(before.Names, " "),
					r.Who, strings.Join(r.Names, " "), time.Duration(before.To-r.From))
			}
			if r.To > last[name].To {
				last[name] = r
			}
		}
	}
}

func TestJudgeHeld(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from int64
		bad  bool
	}{{10, false}, {9, true}} {
		inner := &testing.T{}
		first := report{Names: []string{"a", "b"}, From: 1, To: 10}
		judgeHeld(inner, []report{first, {Names: []string{"b"}, From: test.from, To: 20}})
		if inner.Failed() != test.bad {
			t.Errorf("from %d: failed %v", test.from, inner.Failed())
		}
	}
}
