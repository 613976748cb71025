package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// storm is a random run of clients that want one lock while everything goes wrong that can: calls are cancelled, replies
// get lost, requests fail, holders die, keys are deleted, the server forgets everything, a client is closed. Its rules
// are checked as it goes. One seed is one run.
type storm struct {
	t    *testing.T
	s    *redilocktest.Server
	rand *rand.Rand
	pace time.Duration // by which all that takes time is longer than in the quickest storm

	mu     sync.Mutex
	held   *redilock.Lock
	fence  int64
	grants int
	ended  map[string]int // how calls of Lock ended
}

// TestStorm runs seeds: 50 of them, or as many as it takes to simulate the hours that REDILOCK_STORM_HOURS names.
func TestStorm(t *testing.T) {
	seeds := testreport.Size(t, "REDILOCK_STORMS", 50)
	if testing.Short() {
		seeds = 20
	}
	hours := testreport.Size(t, "REDILOCK_STORM_HOURS", 0)
	wanted := time.Duration(hours) * time.Hour
	var mu sync.Mutex
	total, ended, simulated, next := 0, map[string]int{}, time.Duration(0), 0
	for next == 0 || simulated < wanted && !t.Failed() {
		first := next
		next += seeds
		t.Run("seeds", func(t *testing.T) {
			for seed := first; seed < next; seed++ {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					t.Parallel()
					redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
						start := time.Now()
						r := rand.New(rand.NewPCG(uint64(seed), 1))
						st := &storm{t: t, s: s, rand: r, pace: 1, ended: map[string]int{}}
						if seed%2 == 1 {
							st.pace = 8
						}
						st.run()
						mu.Lock()
						defer mu.Unlock()
						simulated += time.Since(start)
						total += st.grants
						for k, n := range st.ended {
							ended[k] += n
						}
					})
				})
			}
		})
		if hours > 0 {
			fmt.Fprintf(os.Stderr, "storm: %.0f of %d simulated hours, %d seeds\n", simulated.Hours(), hours, next)
		}
	}
	if total == 0 || ended["cancelled"] == 0 || ended["closed"] == 0 {
		t.Error("the storm was a breeze: no grant, no cancelled or no closed call")
	}
	row := testreport.Row{Section: "storm", Subject: "miniredis, synctest", Passed: next, Notes: []string{
		fmt.Sprintf("%d seeds, %.1f simulated hours, %d grants; calls ended: %v", next, simulated.Hours(), total, ended),
	}}
	if t.Failed() {
		row.Passed, row.Failed = 0, next
	}
	testreport.Report(t, row)
}

const (
	stormTTL  = 4 * time.Second // times the pace, both
	stormPoll = 250 * time.Millisecond
)

func (st *storm) run() {
	var clients []*redilock.Client
	for range 1 + st.rand.IntN(3) {
		clients = append(clients, st.s.NewClient(redilock.WithPollInterval(st.pace*stormPoll)))
	}
	stop := make(chan struct{})
	var mischief sync.WaitGroup
	wicked := rand.New(rand.NewPCG(st.rand.Uint64(), 3))
	mischief.Go(func() { st.mischief(wicked, clients, stop) })

	var wg sync.WaitGroup
	for i := range 4 + st.rand.IntN(12) {
		c := clients[i%len(clients)]
		r := rand.New(rand.NewPCG(st.rand.Uint64(), 2))
		wg.Go(func() {
			for range 6 {
				st.turn(c, r)
			}
		})
	}
	start := time.Now()
	wg.Wait() // a stranded call would be a deadlock of the bubble, or an hour of polling
	if d := time.Since(start); d > st.pace*10*time.Minute {
		st.t.Errorf("it took %v: somebody was stranded", d)
	}
	close(stop)
	mischief.Wait()
	st.s.Heal()
	st.s.Advance(2 * st.pace * stormTTL) // what a dead holder left has to be gone by itself
	if keys := st.s.Leftovers(); len(keys) > 0 {
		st.t.Errorf("left on the server: %q", keys)
	}
}

// upTo is less than so long, at the storm's pace.
func (st *storm) upTo(r *rand.Rand, d time.Duration) time.Duration {
	return st.pace * time.Millisecond * time.Duration(r.IntN(int(d/time.Millisecond)))
}

// turn is one call of Lock and what follows.
func (st *storm) turn(c *redilock.Client, r *rand.Rand) {
	ctx, cancel := context.WithCancel(st.t.Context())
	defer cancel()
	switch r.IntN(4) {
	case 0:
		time.AfterFunc(st.upTo(r, 3*time.Second), cancel)
	case 1:
		n := r.IntN(60)
		go func() { // at whatever the call is about to do
			for range n {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	var opts []redilock.LockOption
	if r.IntN(2) == 0 {
		opts = append(opts, redilock.WithAutoExtend())
	}
	m := c.Mutex("storm", st.pace*stormTTL, opts...)
	var l *redilock.Lock
	var err error
	if r.IntN(5) == 0 {
		l, err = m.TryLock(ctx)
	} else {
		l, err = m.Lock(ctx)
	}
	st.note(ctx, l, err)
	if err != nil {
		time.Sleep(st.upTo(r, 100*time.Millisecond))
		return
	}
	held := l.Context()
	select {
	case <-held.Done():
	case <-time.After(st.upTo(r, 50*time.Millisecond)):
	}
	st.leave(l)
	if r.IntN(12) == 0 && len(opts) == 0 {
		return // a holder that dies: nobody unlocks
	}
	if err := l.Unlock(ctx); err != nil && !errors.Is(err, redilock.ErrLost) && !errors.Is(err, redilock.ErrUnavailable) {
		st.t.Errorf("Unlock: %v", err)
	}
}

// note checks a grant against the one before.
func (st *storm) note(ctx context.Context, l *redilock.Lock, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case err == nil:
		st.ended["granted"]++
		st.grants++
		if st.held != nil && st.held.Context().Err() == nil {
			st.t.Errorf("two holders: fences %d and %d", st.held.Fence(), l.Fence())
		}
		if l.Fence() <= st.fence {
			st.t.Errorf("fence %d after %d", l.Fence(), st.fence)
		}
		st.held, st.fence = l, l.Fence()
	case errors.Is(err, redilock.ErrClosed):
		st.ended["closed"]++
	case errors.Is(err, redilock.ErrHeld):
		st.ended["held"]++
	case errors.Is(err, redilock.ErrUnavailable):
		st.ended["unavailable"]++
	case errors.Is(err, redilock.ErrLost):
		st.ended["too late"]++
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		st.ended["cancelled"]++
	default:
		st.t.Errorf("an error of no kind: %v", err)
	}
}

func (st *storm) leave(l *redilock.Lock) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.held == l {
		st.held = nil
	}
}

// mischief does what happens to servers.
func (st *storm) mischief(r *rand.Rand, clients []*redilock.Client, stop chan struct{}) {
	ops := []redilocktest.Op{redilocktest.Acquire, redilocktest.Release, redilocktest.Extend}
	closed := false
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond + st.upTo(r, 400*time.Millisecond)):
		}
		op := ops[r.IntN(len(ops))]
		switch r.IntN(8) {
		case 0, 1:
			st.s.LoseNext(op)
		case 2, 3:
			st.s.FailNext(op, io.EOF)
		case 4:
			for range 6 { // more than a call repeats
				st.s.LoseNext(op)
			}
		case 5:
			st.s.Drop() // every connection, the subscriptions' among them
		case 6:
			if !closed && len(clients) > 1 && r.IntN(20) == 0 {
				closed = true
				_ = clients[0].Close()
			}
		}
	}
}
