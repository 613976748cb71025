package redilock_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

func TestLockUnlock(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		l := w.lock(c, "a", time.Second)
		if got, _ := w.server.Get("a"); got != l.Token() {
			t.Errorf("the key holds %q, want the token", got)
		}
		if _, err := c.Mutex("a", time.Second).TryLock(w.ctx); !errors.Is(err, redilock.ErrHeld) {
			t.Errorf("TryLock of a held lock: %v", err)
		}
		first := l.Fence()
		w.must(l.Unlock(w.ctx))
		if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrUnlocked) {
			t.Errorf("second Unlock: %v", err)
		}
		w.left()
		l = w.lock(c, "a", time.Second)
		if l.Fence() <= first {
			t.Errorf("fence %d after %d", l.Fence(), first)
		}
		w.must(l.Unlock(w.ctx))
	})
}

// Turns are taken in the order of arrival: inside a client, and between clients.
func TestOrder(t *testing.T) {
	for _, clients := range []int{1, 2, 5} {
		t.Run("", func(t *testing.T) {
			bubble(t, func(w *world) {
				var cs []*redilock.Client
				for range clients {
					cs = append(cs, w.client())
				}
				held := w.lock(cs[0], "a", time.Minute)
				const each = 20
				var mu sync.Mutex
				var order []int
				var wg sync.WaitGroup
				last := held.Fence()
				for i := range each * clients {
					wg.Go(func() {
						l, err := cs[i%clients].Mutex("a", time.Minute).Lock(w.ctx)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						order = append(order, i)
						if l.Fence() <= last {
							t.Errorf("fence %d after %d", l.Fence(), last)
						}
						last = l.Fence()
						mu.Unlock()
						time.Sleep(time.Millisecond)
						if err := l.Unlock(w.ctx); err != nil {
							t.Error(err)
						}
					})
					synctest.Wait()
				}
				start := time.Now()
				w.must(held.Unlock(w.ctx))
				wg.Wait()
				t.Log(clients, "clients", time.Since(start), "commands", w.server.CommandCount())
				next := make([]int, clients)
				for _, i := range order {
					if i/clients != next[i%clients] {
						t.Fatalf("client %d served its waiter %d before %d: %v",
							i%clients, i/clients, next[i%clients], order)
					}
					next[i%clients]++
				}
				w.left()
			})
		})
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	bubble(t, func(w *world) {
		a, b := w.client(), w.client()
		held := w.lock(a, "a", time.Minute)
		ctx, cancel := context.WithTimeout(w.ctx, 3*time.Second)
		defer cancel()
		_, err := b.Mutex("a", time.Minute).Lock(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Lock: %v", err)
		}
		synctest.Wait()
		s, err := a.Inspect(w.ctx, "a")
		w.must(err)
		if s.Queued != 0 {
			t.Errorf("%d in the queue", s.Queued)
		}
		w.must(held.Unlock(w.ctx))
		w.left()
	})
}

func TestDeadline(t *testing.T) {
	bubble(t, func(w *world) {
		l := w.lock(w.client(), "a", time.Second)
		ctx := l.Context()
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), redilock.ErrLost) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		if w.server.TTL("a") <= 0 {
			t.Error("the context ended after the server's lease")
		}
		if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Unlock: %v", err)
		}
	})
}

func TestAutoExtend(t *testing.T) {
	bubble(t, func(w *world) {
		l := w.lock(w.client(), "a", time.Second, redilock.WithAutoExtend(), redilock.WithMaxHold(time.Hour))
		ctx := l.Context()
		time.Sleep(59 * time.Minute)
		if ctx.Err() != nil {
			t.Fatal(context.Cause(ctx))
		}
		fence := l.Fence()
		start := time.Now()
		<-ctx.Done()
		if d := time.Since(start); d > time.Minute {
			t.Errorf("held %v longer than its maximum", d-time.Minute)
		}
		if l.Fence() != fence {
			t.Error("the fence changed")
		}
	})
}

// A holder that dies (here: never unlocks) is followed within its lease and one poll, by waiters of its own client and
// of another.
func TestDeadHolder(t *testing.T) {
	bubble(t, func(w *world) {
		a, b := w.client(), w.client()
		w.lock(a, "a", 10*time.Second)
		start := time.Now()
		var wg sync.WaitGroup
		for _, c := range []*redilock.Client{a, b, a, b} {
			wg.Go(func() {
				l, err := c.Mutex("a", 10*time.Second).Lock(w.ctx)
				if err != nil {
					t.Error(err)
					return
				}
				t.Log("after", time.Since(start))
				if err := l.Unlock(w.ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if d := time.Since(start); d > 10*time.Second+250*time.Millisecond {
			t.Errorf("all were served after %v", d)
		}
		w.left()
	})
}

// A holder that got the lock by hand-off and dies holds up the one behind it for its lease and one poll, although that
// one does not know that it is the next by now.
func TestHolderDiesAfterHandOff(t *testing.T) {
	const ttl, poll = 500 * time.Millisecond, 250 * time.Millisecond
	for _, first := range []time.Duration{ttl, time.Minute} { // the lease that the queue knows of
		t.Run(first.String(), func(t *testing.T) {
			bubble(t, func(w *world) {
				l := w.lock(w.client(), "a", first)
				granted := make(chan time.Time, 2)
				for range 2 {
					c := w.client()
					go func() {
						if _, err := c.Mutex("a", ttl).Lock(w.ctx); err == nil { // and it never unlocks
							granted <- time.Now()
						}
					}()
					time.Sleep(10 * time.Millisecond) // they queue one after the other
				}
				w.must(l.Unlock(w.ctx))
				died := <-granted
				bound := ttl + poll
				if first > ttl {
					bound = 2*time.Second + poll // what it knows of is a long lease: it says that it is alive, and no more
				}
				if d := (<-granted).Sub(died); d > bound {
					t.Errorf("the next one got the lock %v after the one that died, want %v at the most", d, bound)
				}
			})
		})
	}
}

// A message that a broken network held back tells of a grant whose lease has ended since. The waiter has been put into the
// queue again meanwhile, so the message came after its last answered call, and the grant before it.
func TestMessageOfAnEndedGrant(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		s.Hold("a")
		got := make(chan int64, 1)
		go func() {
			if l, err := s.Client.Mutex("a", time.Second).Lock(t.Context()); err == nil {
				got <- l.Fence()
			}
		}()
		s.Advance(time.Second)
		for range 40 {
			s.FailNext(redilocktest.Acquire, io.EOF)
		}
		s.Advance(3 * time.Second) // the server may have granted it the lock, for one second
		s.Heal()
		s.Advance(300 * time.Millisecond)
		token := s.Redis.ZRange(t.Context(), "{a}:redilock:queue", 0, -1).Val()[0]
		channel := s.Redis.PubSubChannels(t.Context(), "redilock:*").Val()[0]
		if n := s.Redis.Publish(t.Context(), channel, token+" 7 1000").Val(); n != 1 {
			t.Errorf("%d heard it", n)
		}
		s.Advance(10 * time.Millisecond)
		select {
		case fence := <-got:
			t.Errorf("granted with fence %d, while another one holds it", fence)
		default:
		}
	})
}
