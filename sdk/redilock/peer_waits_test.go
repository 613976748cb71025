package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

func TestPeerBugsOfWaiting(t *testing.T) {
	runPeerTests(t, []peerTest{
		{"redisson#5019", "a wait that timed out leaves its place in the queue", func(t *testing.T, s *redilocktest.Server) {
			release := s.Hold("x")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			want(t, "Lock", <-lockLater(t, s.Client, ctx), context.DeadlineExceeded)
			s.Advance(time.Millisecond)
			release()
			if left := s.Leftovers(); len(left) > 0 {
				t.Errorf("left on the server: %q", left)
			}
		}},
		{"redisson#3730", "a lease that ends strands the fair queue", func(t *testing.T, s *redilocktest.Server) {
			mustLock(t, s.Client) // and it never unlocks
			start := time.Now()
			first, second := lockLater(t, s.NewClient(), t.Context()), lockLater(t, s.NewClient(), t.Context())
			want(t, "first", <-first, nil)
			want(t, "second", <-second, nil)
			if d := time.Since(start); d > peerTTL+peerPoll {
				t.Errorf("both were served after %v, want %v at the most", d, peerTTL+peerPoll)
			}
		}},
		{"redisson#3178", "many dead waiters block the living", func(t *testing.T, s *redilocktest.Server) {
			release := s.Hold("x")
			keys := mutexv1.Keys{
				Lock: "x", Fence: "{x}:redilock:fence", Queue: "{x}:redilock:queue", Waiters: "{x}:redilock:waiters",
			}
			for i := range 500 {
				_, err := mutexv1.Acquire(t.Context(), s.Redis, keys, mutexv1.AcquireArgs{
					Token: fmt.Sprint("dead/", i), Lease: peerTTL, Presence: 6 * time.Second,
				})
				want(t, "Acquire", err, nil)
			}
			alive := lockLater(t, s.Client, t.Context())
			start := time.Now()
			release()
			want(t, "Lock", <-alive, nil)
			if d := time.Since(start); d > 6*time.Second+peerTTL+peerPoll {
				t.Errorf("500 dead waiters cost %v, want one presence of 6 s and one lease at the most", d)
			}
		}},
		{"redisson#4822", "after a failover only one client can lock", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			clients := []*redilock.Client{s.Client, s.NewClient(), s.NewClient()}
			var results []chan error
			for _, c := range clients {
				results = append(results, lockLater(t, c, t.Context()))
			}
			s.Redis.FlushAll(t.Context()) // the new primary knows of nothing, not even the scripts
			s.Redis.ScriptFlush(t.Context())
			s.Drop()
			_ = l.Unlock(t.Context()) // lost, or not to be told from a reply that was lost
			for range 3 {
				for i, c := range clients {
					want(t, "a call that waited", <-results[i], nil)
					results[i] = lockLater(t, c, t.Context())
				}
			}
			s.Advance(time.Minute)
		}},
		{"rueidis#372", "a holder asks without end after FLUSHALL", func(t *testing.T, s *redilocktest.Server) {
			count := &calls{}
			s.Redis.AddHook(count)
			mustLock(t, s.Client, redilock.WithAutoExtend())
			s.Redis.FlushAll(t.Context())
			before := count.n.Load()
			s.Advance(time.Hour)
			if n := count.n.Load() - before; n > 10 {
				t.Errorf("%d commands in an hour", n)
			}
		}},
		{"rueidis#602", "waiting costs as much as working", func(t *testing.T, s *redilocktest.Server) {
			count := &calls{}
			s.Redis.AddHook(count)
			release := s.Hold("x")
			waiting := lockLater(t, s.Client, t.Context())
			before := count.n.Load()
			s.Advance(time.Minute)
			if n := count.n.Load() - before; n > int64(time.Minute/peerPoll)+20 {
				t.Errorf("%d commands in a minute of waiting, want one poll each %v", n, peerPoll)
			}
			release()
			want(t, "Lock", <-waiting, nil)
		}},
		{"rueidis#653", "giving up races the next call", func(t *testing.T, s *redilocktest.Server) {
			for i := range 50 {
				release := s.Hold("x")
				ctx, cancel := context.WithCancel(t.Context())
				gone := lockLater(t, s.Client, ctx)
				next := make(chan error, 1)
				go func() {
					l, err := s.Client.Mutex("x", peerTTL).Lock(t.Context())
					if err == nil {
						err = l.Unlock(t.Context())
					}
					next <- err
				}()
				if i%2 == 0 {
					synctest.Wait()
				}
				cancel()
				release()
				if err := <-gone; err != nil {
					want(t, "the one that gave up", err, context.Canceled)
				}
				want(t, "the next one", <-next, nil)
			}
		}},
		{"redislock#79", "the end of the context hides that the lock is held", func(t *testing.T, s *redilocktest.Server) {
			release := s.Hold("x")
			defer release()
			_, err := s.Client.Mutex("x", peerTTL).TryLock(t.Context())
			want(t, "TryLock", err, redilock.ErrHeld)
			var held *redilock.HeldError
			if !errors.As(err, &held) || held.Remaining <= 0 {
				t.Errorf("TryLock does not say for how long: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err = <-lockLater(t, s.Client, ctx)
			want(t, "Lock", err, context.DeadlineExceeded)
			if errors.Is(err, redilock.ErrUnavailable) {
				t.Errorf("Lock: %v speaks of a server that is away", err)
			}
		}},
		{"redsync#140", "one server that does not answer holds the call up", func(t *testing.T, s *redilocktest.Server) {
			slow := slowed(time.Minute)
			s.Redis.AddHook(slow)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			want(t, "Lock", <-lockLater(t, s.Client, ctx), context.DeadlineExceeded)
			if d := time.Since(start); d != time.Second {
				t.Errorf("it returned after %v, want as its context says", d)
			}
			slow.delay.Store(0)
			s.Advance(5 * time.Minute)
		}},
	})
}
