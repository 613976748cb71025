package redilock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestSemaphoreBehindMutex: calls of one client that want a name as a semaphore while it is held as a mutex, or the other
// way round, do not get the other's grant by its release, whatever the TTLs, nor by re-entry.
func TestSemaphoreBehindMutex(t *testing.T) {
	type lock = func(context.Context) (*redilock.Lock, error)
	of := func(c *redilock.Client, opts ...redilock.LockOption) map[string]lock {
		s, rw := c.Semaphore("x", 1, time.Minute, opts...), c.RWMutex("x", time.Minute, opts...)
		return map[string]lock{
			"a mutex":     c.Mutex("x", time.Minute, opts...).Lock,
			"a semaphore": func(ctx context.Context) (*redilock.Lock, error) { return s.Acquire(ctx, 1) },
			"a reader":    rw.RLock,
			"a writer":    rw.Lock,
		}
	}
	kinds := []string{"a mutex", "a semaphore", "a reader", "a writer"}
	for _, holder := range kinds {
		for _, waiter := range kinds {
			t.Run(waiter+" behind "+holder, func(t *testing.T) {
				bubble(t, func(w *world) {
					c := w.client()
					mutex := (holder == "a mutex") != (waiter == "a mutex")
					held, err := of(c)[holder](w.ctx)
					w.must(err)
					done := make(chan struct{})
					go func() {
						defer close(done)
						l, err := of(c)[waiter](w.ctx)
						if err != nil {
							if !mutex {
								w.Error(err)
							}
							want(w.T, "the wait", err, redilock.ErrWrongType)
							return
						}
						if _, err := l.Check(w.ctx); err != nil {
							w.Error("it is not the server's: ", err)
						}
						if err := l.Unlock(w.ctx); err != nil {
							w.Error(err)
						}
					}()
					synctest.Wait()
					w.must(held.Unlock(w.ctx))
					<-done
					time.Sleep(onePresence)
					w.left()
				})
			})
		}
	}
}

// TestReentrantKinds: re-entry shares what the call chain holds as the same kind of lock alone, and otherwise says that it
// would wait for itself.
func TestReentrantKinds(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		opt := redilock.WithReentrant()
		s, rw := c.Semaphore("x", 1, time.Minute, opt), c.RWMutex("x", time.Minute, opt)
		kinds := map[string]func(context.Context) (*redilock.Lock, error){
			"mutex":     c.Mutex("x", time.Minute, opt).Lock,
			"semaphore": func(ctx context.Context) (*redilock.Lock, error) { return s.Acquire(ctx, 1) },
			"rwmutex":   rw.RLock,
		}
		for outer, lock := range kinds {
			l, err := lock(w.ctx)
			w.must(err)
			for inner, lock := range kinds {
				again, err := lock(l.Context())
				if inner != outer {
					want(w.T, inner+" in a "+outer, err, redilock.ErrNested)
					continue
				}
				w.must(err)
				w.must(again.Unlock(w.ctx))
			}
			w.must(l.Unlock(w.ctx))
		}
		w.left()
	})
}
