package redilock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// cohort is a client whose calls wait for one lock in a bubble, and what it was told of them.
type cohort struct {
	*world
	c *redilock.Client

	mu                            sync.Mutex
	acquired, handedOff, released []told
}

// told is an event, and which call's values its context had.
type told struct {
	redilock.Event
	call any
}

type callKey struct{}

// as gives the context of one call.
func (w *cohort) as(call string) context.Context { return context.WithValue(w.ctx, callKey{}, call) }

func turns(w *world, opts ...redilock.Option) *cohort {
	tt := &cohort{world: w}
	note := func(list *[]told) func(context.Context, redilock.Event) {
		return func(ctx context.Context, e redilock.Event) {
			tt.mu.Lock()
			defer tt.mu.Unlock()
			*list = append(*list, told{e, ctx.Value(callKey{})})
		}
	}
	tt.c = w.client(append(opts, redilock.WithTrace(redilock.Trace{
		Acquired: note(&tt.acquired), HandedOff: note(&tt.handedOff), Released: note(&tt.released),
	}))...)
	// A grant owns more than one number only where there is a counter, and time has passed since.
	w.must(w.lock(tt.c, "a", time.Second).Unlock(w.ctx))
	time.Sleep(time.Second)
	synctest.Wait()
	tt.acquired, tt.handedOff, tt.released = nil, nil, nil
	return tt
}

// next starts a call of Lock that has to wait, and gives what it will be given.
func (w *cohort) next(ctx context.Context, ttl time.Duration, opts ...redilock.LockOption) chan *redilock.Lock {
	got := make(chan *redilock.Lock, 1)
	go func() {
		defer close(got)
		if l, err := w.c.Mutex("a", ttl, opts...).Lock(ctx); err == nil {
			got <- l
		}
	}()
	synctest.Wait()
	return got
}

// What ends a turn, and what does not: whether the second of two calls has the first one's grant.
func TestTurnEnds(t *testing.T) {
	t.Parallel()
	const ttl = 10 * time.Second
	type locks = []redilock.LockOption
	sleep := func(d time.Duration) func(*cohort, *redilock.Lock) {
		return func(*cohort, *redilock.Lock) { time.Sleep(d) }
	}
	for name, test := range map[string]struct {
		client      redilock.TurnOption
		first, next locks
		nextTTL     time.Duration
		section     func(w *cohort, l *redilock.Lock)
		local       bool
	}{
		"no":                          {local: true},
		"a section of less than 1 ms": {section: sleep(999 * time.Microsecond), local: true},
		"a section of 1 ms":           {section: sleep(time.Millisecond)},
		"strict":                      {client: redilock.WithTurn(0)},
		"the first is strict":         {first: locks{redilock.WithTurn(0)}},
		"the next is strict":          {next: locks{redilock.WithTurn(0)}},
		"a long turn": {client: redilock.WithTurn(100 * time.Millisecond),
			section: sleep(99 * time.Millisecond), local: true},
		"the end of a long turn": {client: redilock.WithTurn(100 * time.Millisecond),
			section: sleep(100 * time.Millisecond)},
		"the first wants a shorter turn": {first: locks{redilock.WithTurn(time.Millisecond)},
			next: locks{redilock.WithTurn(time.Second / 10)}, section: sleep(2 * time.Millisecond)},
		"the next has a token of its own":  {next: locks{redilock.WithToken("mine")}},
		"the first has a token of its own": {first: locks{redilock.WithToken("mine")}},
		"the next wants a longer lease":    {nextTTL: ttl + time.Millisecond},
		"the next wants a shorter lease":   {nextTTL: ttl - time.Millisecond},
		"the first begins to renew":        {first: locks{redilock.WithAutoExtend()}, local: true},
		"the next begins to renew":         {next: locks{redilock.WithAutoExtend()}, local: true},
		"the maximal hold is in sight": {first: locks{redilock.WithAutoExtend(),
			redilock.WithMaxHold(time.Second)}},
		"the maximal hold of the next is short": {next: locks{redilock.WithAutoExtend(),
			redilock.WithMaxHold(time.Second)}, local: true},
		"Token was read": {section: func(_ *cohort, l *redilock.Lock) { l.Token() }},
		"it was extended by an hour": {section: func(w *cohort, l *redilock.Lock) {
			w.must(l.Extend(w.ctx, time.Hour))
		}},
		"an extension failed": {section: func(w *cohort, l *redilock.Lock) {
			ctx, cancel := context.WithCancel(w.ctx)
			cancel()
			_ = l.Extend(ctx, time.Hour)
		}},
		"it was broken": {section: func(w *cohort, _ *redilock.Lock) { w.must(w.c.Break(w.ctx, "a")) }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				if test.client == (redilock.TurnOption{}) {
					test.client = redilock.WithTurn(time.Millisecond)
				}
				if test.nextTTL == 0 {
					test.nextTTL = ttl
				}
				tt := turns(w, test.client)
				first := w.lock(tt.c, "a", ttl, test.first...)
				next := tt.next(w.ctx, test.nextTTL, test.next...)
				if test.section != nil {
					test.section(tt, first)
				}
				until := first.Deadline()
				_ = first.Unlock(w.ctx)
				l := <-next
				synctest.Wait()
				if way := tt.acquired[1].Way; (way == redilock.Locally) != test.local {
					t.Errorf("the next has the lock %v", way)
				}
				if l.Fence() <= first.Fence() {
					t.Errorf("fence %d after %d", l.Fence(), first.Fence())
				}
				if time.Until(l.Deadline()) > test.nextTTL {
					t.Errorf("the next has the lock for %v, want %v at the most", time.Until(l.Deadline()), test.nextTTL)
				}
				if test.local && first.Deadline().Sub(until).Abs() > time.Millisecond { // clocks are read apart
					t.Error("an ended lock has another deadline than it had")
				}
				w.must(l.Unlock(w.ctx))
				w.left()
			})
		})
	}
}

// An ended Lock of a turn is of no use: its grant is another call's.
func TestTurnEndedLock(t *testing.T) {
	bubble(t, func(w *world) {
		tt := turns(w)
		m := tt.c.Mutex("a", 10*time.Second, redilock.WithReentrant())
		first, err := m.Lock(w.ctx)
		w.must(err)
		inner := context.WithoutCancel(first.Context())
		next := tt.next(w.ctx, 10*time.Second, redilock.WithReentrant())
		w.must(first.Unlock(w.ctx))
		second := <-next
		if !errors.Is(context.Cause(first.Context()), redilock.ErrUnlocked) {
			t.Errorf("the first one's context: %v", context.Cause(first.Context()))
		}
		if first.Token() != "" {
			t.Error("an ended lock has a token, which is its successor's")
		}
		if err := first.Extend(w.ctx, time.Hour); !errors.Is(err, redilock.ErrUnlocked) {
			t.Errorf("Extend: %v", err)
		}
		if err := first.Unlock(w.ctx); !errors.Is(err, redilock.ErrUnlocked) {
			t.Errorf("Unlock: %v", err)
		}
		if _, ok := tt.c.FromContext(inner, "a"); ok {
			t.Error("FromContext gives an ended lock")
		}
		waiting, cancel := context.WithTimeout(inner, time.Second)
		defer cancel()
		if l, err := m.Lock(waiting); err == nil {
			t.Errorf("two holders: a call that carries an ended lock shares its successor's, fences %d and %d",
				second.Fence(), l.Fence())
		}
		if err := second.Context().Err(); err != nil {
			t.Errorf("the second one's context: %v", err)
		}
		w.must(second.Unlock(w.ctx))
		w.left()
	})
}

// A turn of as many calls as a grant has numbers costs the server nothing, and one more asks it. Events name the holders
// that they are of, with the values of the right call.
func TestTurnServesWithoutTheServer(t *testing.T) {
	bubble(t, func(w *world) {
		const fences, calls = 64, 70
		tt := turns(w)
		held := []*redilock.Lock{w.lock(tt.c, "a", 10*time.Second)}
		var waiting []chan *redilock.Lock
		for i := range calls {
			waiting = append(waiting, tt.next(tt.as(string(rune('A'+i))), 10*time.Second))
		}
		for i, next := range waiting {
			before := w.server.CommandCount()
			w.must(held[i].Unlock(tt.as("unlock")))
			held = append(held, <-next)
			switch cost := w.server.CommandCount() - before; {
			case (i+1)%fences != 0 && cost != 0:
				t.Errorf("pass %d cost %d commands", i, cost)
			case (i+1)%fences == 0 && cost == 0:
				t.Errorf("pass %d: no fence is left, and nobody asked the server", i)
			}
			if held[i+1].Fence() <= held[i].Fence() {
				t.Errorf("fence %d after %d", held[i+1].Fence(), held[i].Fence())
			}
			if i == 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		w.must(held[calls].Unlock(w.ctx))
		synctest.Wait()
		for i := range calls {
			out, in, off := tt.released[i], tt.acquired[i+1], tt.handedOff[i]
			if out.call != "unlock" || out.Fence != held[i].Fence() || in.call != string(rune('A'+i)) ||
				in.Fence != held[i+1].Fence() {
				t.Fatalf("pass %d: released %+v, acquired %+v", i, out, in)
			}
			if off.call != "unlock" || off.Fence != in.Fence || off.Way != in.Way {
				t.Fatalf("pass %d: handed off %+v, acquired %+v", i, off, in)
			}
		}
		w.left()
	})
}

// TryLock is told the fence that its lock has.
func TestTurnTryLockFence(t *testing.T) {
	bubble(t, func(w *world) {
		tt := turns(w)
		l, err := tt.c.Mutex("a", 10*time.Second).TryLock(w.ctx)
		w.must(err)
		if e := tt.acquired[0]; e.Fence != l.Fence() {
			t.Errorf("Acquired says fence %d, the lock %d", e.Fence, l.Fence())
		}
	})
}

// A lock that is deleted in the middle of a turn ends whoever has it then, and the local queue asks anew.
func TestTurnLoss(t *testing.T) {
	bubble(t, func(w *world) {
		tt := turns(w)
		first := w.lock(tt.c, "a", 9*time.Second, redilock.WithAutoExtend())
		second := tt.next(w.ctx, 9*time.Second, redilock.WithAutoExtend())
		third := tt.next(w.ctx, 9*time.Second, redilock.WithAutoExtend())
		w.must(first.Unlock(w.ctx))
		l := <-second
		w.server.Del("a")
		other := w.lock(w.client(), "a", time.Minute)
		<-l.Context().Done()
		if cause := context.Cause(l.Context()); !errors.Is(cause, redilock.ErrTaken) {
			t.Errorf("the second one's context: %v", cause)
		}
		if !errors.Is(context.Cause(first.Context()), redilock.ErrUnlocked) {
			t.Errorf("the first one's context: %v", context.Cause(first.Context()))
		}
		w.must(other.Unlock(w.ctx))
		if last := <-third; last.Fence() <= other.Fence() {
			t.Errorf("fence %d after %d", last.Fence(), other.Fence())
		} else {
			w.must(last.Unlock(w.ctx))
		}
		if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Unlock: %v", err)
		}
		w.left()
	})
}

// The maximal hold of a holder counts from its own start.
func TestTurnMaxHold(t *testing.T) {
	bubble(t, func(w *world) {
		opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(20 * time.Second)}
		tt := turns(w, redilock.WithTurn(100*time.Millisecond))
		first := w.lock(tt.c, "a", 10*time.Second, opts...)
		second := tt.next(w.ctx, 10*time.Second, opts...)
		time.Sleep(90 * time.Millisecond)
		start := time.Now()
		w.must(first.Unlock(w.ctx))
		l := <-second
		<-l.Context().Done()
		if held := time.Since(start).Round(time.Millisecond); held != 20*time.Second ||
			!errors.Is(context.Cause(l.Context()), redilock.ErrMaxHold) {
			t.Errorf("ended after %v: %v", held, context.Cause(l.Context()))
		}
		_ = l.Unlock(w.ctx)
	})
}

// Shutdown in the middle of a turn gives the lock back, and ends those that wait.
func TestTurnShutdown(t *testing.T) {
	bubble(t, func(w *world) {
		tt := turns(w)
		first := w.lock(tt.c, "a", 10*time.Second)
		second, third := tt.next(w.ctx, 10*time.Second), tt.next(w.ctx, 10*time.Second)
		w.must(first.Unlock(w.ctx))
		l := <-second
		w.must(tt.c.Shutdown(w.ctx))
		_ = l.Unlock(w.ctx)
		if got, ok := <-third; ok {
			t.Errorf("a closed client gave fence %d", got.Fence())
		}
		w.left()
	})
}

// Everything at once, for the race detector: never two, and fences in the order of the holders.
func TestTurnRace(t *testing.T) {
	bubble(t, func(w *world) {
		const workers, rounds = 10, 100
		tt := turns(w)
		inside, last := 0, int64(0) // guarded by the lock
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				for round := range rounds {
					ctx, cancel := context.WithCancel(w.ctx)
					if (i+round)%7 == 0 {
						go cancel()
					}
					_ = tt.c.Do(ctx, "a", 10*time.Second, func(_ context.Context, l *redilock.Lock) error {
						if inside++; inside != 1 || l.Fence() <= last {
							t.Errorf("%d inside, fence %d after %d", inside, l.Fence(), last)
						}
						last = l.Fence()
						switch (i + round) % 5 {
						case 0:
							time.Sleep(300 * time.Microsecond)
						case 1:
							go l.Token()
						}
						inside--
						return nil
					})
					cancel()
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		w.left()
	})
}

func TestTurnRange(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client(redilock.WithTurn(100 * time.Millisecond))
		for _, d := range []time.Duration{-1, -time.Second, 100*time.Millisecond + 1, time.Hour} {
			if _, err := redilock.New(w.redis(), redilock.WithTurn(d)); !errors.Is(err, redilock.ErrInvalid) {
				t.Errorf("New with a turn of %v: %v", d, err)
			}
			if _, err := c.Mutex("a", time.Second, redilock.WithTurn(d)).Lock(w.ctx); !errors.Is(err, redilock.ErrInvalid) {
				t.Errorf("Lock with a turn of %v: %v", d, err)
			}
		}
		if n := w.server.Keys(); len(n) != 0 {
			t.Errorf("bad terms changed the server: %q", n)
		}
	})
}
