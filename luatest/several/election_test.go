package several_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// election campaigns until it is told to end. While it leads it tells so again and again: each report says that its own
// context had not ended at that time.
func (j job) election(ctx context.Context, c *redilock.Client, out *output, resign <-chan os.Signal) {
	out.tell(report{Who: j.Who, Event: "began"})
	_ = c.Election(j.Names[0], j.TTL).Run(ctx, j.Value, func(ctx context.Context, l *redilock.Leadership) error {
		for len(resign) > 0 {
			<-resign
		}
		for {
			now := time.Now().UnixNano()
			if ctx.Err() != nil {
				return nil //nolint:nilerr // Run goes on
			}
			out.tell(report{Who: j.Who, Fence: l.Fence(), From: now, Event: "leads"})
			select {
			case <-ctx.Done():
				return nil
			case <-resign:
				out.tell(report{Who: j.Who, Fence: l.Fence(), From: time.Now().UnixNano(), Event: "resigns"})
				return nil
			case <-time.After(3 * time.Millisecond):
			}
		}
	})
}

const (
	electionTTL = 600 * time.Millisecond
	candidates  = 3
	// observedAfter is how long a leader leads that an observer must have seen: a poll, and what a busy machine takes.
	observerPoll  = 20 * time.Millisecond
	observedAfter = 300 * time.Millisecond
)

// race is one election, and what became of it.
type race struct {
	t    *testing.T
	name string
	s    *server.Server

	mu         sync.Mutex
	reports    []report
	leader     report
	candidates map[int]*candidate
	nextID     int

	resigned, died []int64 // take-over times
	kinds          map[string]int
}

type candidate struct {
	*process
	front *proxy.Proxy
}

func (r *race) add() {
	front, err := proxy.New(r.s.Addr())
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.nextID++
	id := r.nextID
	r.mu.Unlock()
	began := make(chan struct{})
	p := start(r.t, job{
		Kind: "election", Addr: front.Addr(), Who: id, TTL: electionTTL, Names: []string{r.name},
		Value: fmt.Sprintf("%s %d\xff", r.name, id),
	}, func(rep report) {
		if rep.Event == "began" {
			close(began)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reports = append(r.reports, rep)
		if rep.Fence >= r.leader.Fence {
			r.leader = rep
		}
	})
	<-began
	r.mu.Lock()
	r.candidates[id] = &candidate{p, front}
	r.mu.Unlock()
}

func (r *race) drop(id int) {
	r.mu.Lock()
	c := r.candidates[id]
	delete(r.candidates, id)
	r.mu.Unlock()
	c.kill()
	_ = c.front.Close()
}

// another waits until somebody leads with a higher fence, and gives its first report.
func (r *race) another(than int64, what string) report {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		l := r.leader
		r.mu.Unlock()
		if l.Fence > than && l.Event == "leads" {
			return r.first(l.Fence)
		}
	}
	r.t.Fatalf("%s: nobody leads after %s", r.name, what)
	return report{}
}

func (r *race) first(fence int64) report {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.reports, func(rep report) bool { return rep.Fence == fence })
	return r.reports[i]
}

// change deposes the leader in one way, and waits for the next.
func (r *race) change(kind string) {
	r.another(0, "the start")
	r.mu.Lock()
	l := r.leader
	c := r.candidates[l.Who]
	r.mu.Unlock()
	if c == nil { // it was killed, and nobody has taken over yet
		return
	}
	r.kinds[kind]++
	at := time.Now().UnixNano()
	switch kind {
	case "resign":
		_ = c.Process.Signal(syscall.SIGUSR1)
		next := r.another(l.Fence, kind)
		r.mu.Lock()
		i := slices.IndexFunc(r.reports, func(rep report) bool { return rep.Fence == l.Fence && rep.Event == "resigns" })
		if i >= 0 {
			r.resigned = append(r.resigned, next.From-r.reports[i].From)
		}
		r.mu.Unlock()
	case "kill":
		r.drop(l.Who)
		next := r.another(l.Fence, kind)
		r.died = append(r.died, next.From-at)
		r.add()
	case "stop":
		_ = c.Process.Signal(syscall.SIGSTOP)
		r.another(l.Fence, kind)
		_ = c.Process.Signal(syscall.SIGCONT)
	case "partition":
		c.front.Silence(true)
		r.another(l.Fence, kind)
		c.front.Silence(false)
		c.front.Cut()
	}
}

// Leaders resign, are killed, stopped and cut off, and the server restarts: never do two lead by their own contexts, and
// the observers see each that leads for a while, in order and once.
func TestElection(t *testing.T) {
	server.ForEach(t, server.Options{Args: []string{"--appendonly", "yes", "--appendfsync", "always"}},
		func(t *testing.T, s *server.Server) {
			changes, races := testreport.Size(t, "REDILOCK_SEVERAL_CHANGES", 8), 4
			if changes < 50 {
				races = 1
			}
			var done atomic.Int64
			defer testreport.Progress("election", &done, changes, "changes")()
			var all sync.WaitGroup
			var mu sync.Mutex
			var resigned, died []int64
			kinds := make(map[string]int)
			for n := range races {
				all.Go(func() {
					r := &race{
						t: t, name: fmt.Sprintf("election-%d", n), s: s,
						candidates: make(map[int]*candidate), kinds: make(map[string]int),
					}
					r.run(changes/races, n == 0, &done)
					mu.Lock()
					defer mu.Unlock()
					resigned, died = append(resigned, r.resigned...), append(died, r.died...)
					for kind, n := range r.kinds {
						kinds[kind] += n
					}
				})
			}
			all.Wait()
			if worst := quantile(died, 1); worst > electionTTL+2*time.Second {
				t.Errorf("take-over %v after a death, at a lease of %v", worst, electionTTL)
			}
			testreport.Report(t, testreport.Row{
				Section: "election", Subject: s.Name(), Version: s.Version(), Passed: int(done.Load()), Notes: []string{
					fmt.Sprint(kinds), "take-over after resign: " + figures(resigned), "after kill -9: " + figures(died),
					fmt.Sprintf("lease %v, PING %v", electionTTL, ping(t, s)),
				},
			})
		})
}

// run makes so many changes of leader.
func (r *race) run(changes int, restarts bool, done *atomic.Int64) {
	rdb := redis.NewClient(r.s.RedisOptions())
	defer func() { _ = rdb.Close() }()
	c, err := redilock.New(rdb, redilock.WithPollInterval(observerPoll))
	if err != nil {
		r.t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	ctx, stop := context.WithCancel(context.Background())
	var observers sync.WaitGroup
	seen := make([][]redilock.Leader, 2)
	for i := range seen {
		observers.Go(func() {
			for l := range c.Election(r.name, electionTTL).Observe(ctx) {
				seen[i] = append(seen[i], l)
			}
		})
	}
	for range candidates {
		r.add()
	}
	ways := []string{"resign", "kill", "stop", "partition", "resign", "resign", "resign", "resign"}
	for i := range changes {
		r.change(ways[i%len(ways)])
		time.Sleep(rand.N(observedAfter / 2))
		if i%len(ways) == 4 {
			time.Sleep(observedAfter)
		}
		if restarts && i%20 == 6 {
			if err := r.s.Restart(ctx); err != nil {
				r.t.Error(err)
			}
			r.kinds["restart"]++
		}
		done.Add(1)
	}
	time.Sleep(observedAfter)
	stop()
	observers.Wait()
	for _, c := range r.candidates {
		c.end(r.t)
		_ = c.front.Close()
	}
	r.judge(seen, restarts)
}

// judge says whether two led at a time, and whether the observers saw what they had to.
func (r *race) judge(seen [][]redilock.Leader, restarts bool) {
	slices.SortStableFunc(r.reports, func(a, b report) int { return int(a.From - b.From) })
	led := make(map[int64][2]int64)
	var newest report
	for _, rep := range r.reports {
		if rep.Fence < newest.Fence {
			r.t.Errorf("%s: %d led with fence %d while %d led with %d", r.name, rep.Who, rep.Fence, newest.Who, newest.Fence)
			continue
		}
		newest = rep
		if _, ok := led[rep.Fence]; !ok {
			led[rep.Fence] = [2]int64{rep.From, rep.From}
		}
		led[rep.Fence] = [2]int64{led[rep.Fence][0], rep.From}
	}
	for i, changes := range seen {
		var last int64
		told := make(map[int64]bool)
		for n, l := range changes {
			if l.None && n > 0 && changes[n-1].None || !l.None && l.Fence <= last {
				r.t.Errorf("%s, observer %d: %+v after %d", r.name, i, l, last)
			}
			last = max(last, l.Fence)
			told[l.Fence] = true
		}
		missed := 0
		for fence, span := range led {
			if !told[fence] && time.Duration(span[1]-span[0]) > observedAfter {
				missed++
			}
		}
		if missed > 0 && !restarts { // an observer that has to connect anew may see less
			r.t.Errorf("%s, observer %d has missed %d of %d leaders", r.name, i, missed, len(led))
		}
	}
}

// ping is what a PING takes, as a median.
func ping(t *testing.T, s *server.Server) time.Duration {
	t.Helper()
	rdb := redis.NewClient(s.RedisOptions())
	defer func() { _ = rdb.Close() }()
	var all []int64
	for range 200 {
		began := time.Now()
		rdb.Ping(t.Context())
		all = append(all, time.Since(began).Nanoseconds())
	}
	return quantile(all, .5).Round(time.Microsecond)
}

func TestJudgeElection(t *testing.T) {
	t.Parallel()
	good := []report{{Who: 1, Fence: 1, From: 1}, {Who: 1, Fence: 1, From: 5}, {Who: 2, Fence: 2, From: 6}}
	two := append(slices.Clone(good), report{Who: 1, Fence: 1, From: 7})
	leader := func(fence int64) redilock.Leader { return redilock.Leader{None: fence == 0, Fence: fence} }
	for what, test := range map[string]struct {
		reports []report
		seen    []int64
		bad     bool
	}{
		"good": {good, []int64{0, 1, 0, 2, 0}, false}, "two at a time": {two, []int64{1, 2}, true},
		"out of order": {good, []int64{2, 1}, true}, "told twice": {good, []int64{1, 1}, true},
		"nobody, twice": {good, []int64{1, 0, 0, 2}, true},
		"missed":        {append(good[:3:3], report{Who: 2, Fence: 2, From: 6 + int64(time.Second)}), []int64{1}, true},
	} {
		r := &race{t: &testing.T{}, reports: slices.Clone(test.reports)}
		var seen []redilock.Leader
		for _, fence := range test.seen {
			seen = append(seen, leader(fence))
		}
		if r.judge([][]redilock.Leader{seen}, false); r.t.Failed() != test.bad {
			t.Errorf("%s: failed %v", what, r.t.Failed())
		}
	}
}
