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

// TestSemaphoreClose: a client ends while it holds many permits, and while others of its calls ask for more, together or one
// by one. Shutdown gives all of them back; Close gives back what its calls were granted too late, and no more.
func TestSemaphoreClose(t *testing.T) {
	for name, after := range map[string]time.Duration{ // the calls ask in steps of 10 ms
		"one asks": 5 * time.Millisecond, "several ask": 15 * time.Millisecond, "many ask": 25 * time.Millisecond,
		"all are served": time.Second,
	} {
		for how, end := range map[string]func(context.Context, *redilock.Client) error{
			"Close":    func(_ context.Context, c *redilock.Client) error { return c.Close() },
			"Shutdown": func(ctx context.Context, c *redilock.Client) error { return c.Shutdown(ctx) },
		} {
			t.Run(how+" while "+name, func(t *testing.T) {
				bubble(t, func(w *world) {
					const callers, limit = 100, 90
					c, _ := w.paced(10 * time.Millisecond)
					s := c.Semaphore("x", limit, time.Hour)
					var mu sync.Mutex
					var got []*redilock.Lock
					var all sync.WaitGroup
					for range callers {
						all.Go(func() {
							l, err := s.Acquire(w.ctx, 1)
							if err != nil {
								want(w.T, "Acquire", err, redilock.ErrClosed)
								return
							}
							mu.Lock()
							defer mu.Unlock()
							got = append(got, l)
						})
					}
					time.Sleep(after)
					w.must(end(w.ctx, c))
					all.Wait()
					for _, l := range got {
						if err := l.Context().Err(); err == nil {
							w.Error("the context of a lock lives on")
						}
					}
					time.Sleep(2 * onePresence)
					used := int64(len(got))
					if how == "Shutdown" {
						used = 0
					}
					status, err := w.client().InspectSemaphore(w.ctx, "x")
					if err != nil || status.Used != used || status.Queued != 0 {
						w.Errorf("at the server %d are in use and %d wait, %v; want %d and none",
							status.Used, status.Queued, err, used)
					}
				})
			})
		}
	}
}

// TestSemaphoreLostMeanwhile: what is done to a lock at the moment of its loss answers ErrLost, once, and takes nothing from
// who has the permits now.
func TestSemaphoreLostMeanwhile(t *testing.T) {
	ways := map[string]func(w *world, c *redilock.Client, l *redilock.Lock){
		"deleted": func(w *world, _ *redilock.Client, _ *redilock.Lock) { w.server.Del("x") },
		"broken": func(w *world, c *redilock.Client, l *redilock.Lock) {
			w.must(w.client().BreakSemaphore(w.ctx, "x", l.Fence()))
		},
		"broken by its own client": func(w *world, c *redilock.Client, l *redilock.Lock) {
			w.must(c.BreakSemaphore(w.ctx, "x", l.Fence()))
		},
		"expired": func(*world, *redilock.Client, *redilock.Lock) { time.Sleep(time.Minute) },
	}
	acts := map[string]func(w *world, l *redilock.Lock) error{
		"Shrink":    func(w *world, l *redilock.Lock) error { return l.Shrink(w.ctx, 1) },
		"Downgrade": func(w *world, l *redilock.Lock) error { return l.Downgrade(w.ctx) },
		"Extend":    func(w *world, l *redilock.Lock) error { return l.Extend(w.ctx, time.Hour) },
		"Unlock":    func(w *world, l *redilock.Lock) error { return l.Unlock(w.ctx) },
	}
	for way, lose := range ways {
		for act, do := range acts {
			t.Run(act+" of what was "+way, func(t *testing.T) {
				bubble(t, func(w *world) {
					c, other := w.client(), w.client()
					take := func(c *redilock.Client) (*redilock.Lock, error) {
						if act == "Downgrade" {
							return c.RWMutex("x", time.Minute).Lock(w.ctx)
						}
						return c.Semaphore("x", 3, time.Minute).Acquire(w.ctx, 3)
					}
					l, err := take(c)
					w.must(err)
					lose(w, c, l)
					next, err := take(other)
					w.must(err)
					want(w.T, act, do(w, l), redilock.ErrLost)
					if act != "Unlock" {
						want(w.T, "Unlock", l.Unlock(w.ctx), redilock.ErrLost)
					}
					want(w.T, "again", l.Unlock(w.ctx), redilock.ErrUnlocked)
					synctest.Wait()
					if _, err := next.Check(w.ctx); err != nil {
						w.Error("the next: ", err)
					}
					w.must(next.Unlock(w.ctx))
					w.left()
				})
			})
		}
	}
}

// TestRWMutexSharedLoss: readers that share a grant lose it together, whoever finds out; the next reader gets another.
func TestRWMutexSharedLoss(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		m := c.RWMutex("x", time.Minute)
		w.must(m.RDo(w.ctx, func(context.Context, *redilock.Lock) error { return nil }))
		time.Sleep(time.Second)
		var readers []*redilock.Lock
		for range 3 {
			l, err := m.RLock(w.ctx)
			w.must(err)
			readers = append(readers, l)
		}
		ctx := readers[2].Context()
		w.server.Del("x")
		want(w.T, "Extend", readers[0].Extend(w.ctx, time.Minute), redilock.ErrTaken)
		if !errors.Is(context.Cause(ctx), redilock.ErrTaken) {
			w.Errorf("another reader's context: %v", context.Cause(ctx))
		}
		next, err := m.RLock(w.ctx)
		w.must(err)
		for i, l := range readers {
			want(w.T, "Unlock", l.Unlock(w.ctx), redilock.ErrTaken)
			want(w.T, "Unlock again", l.Unlock(w.ctx), redilock.ErrUnlocked)
			if _, err := next.Check(w.ctx); err != nil {
				w.Errorf("the next reader, after %d: %v", i, err)
			}
		}
		w.must(next.Unlock(w.ctx))
		w.left()
	})
}
