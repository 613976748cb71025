package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// rounds is how often a race is tried.
func rounds() int {
	if testing.Short() {
		return 100
	}
	return 1000
}

// raced gives an in-memory server in real time, and a client on it.
func raced(t *testing.T, opts ...redilock.Option) (*redilock.Client, *redilocktest.Server) {
	t.Helper()
	s := redilocktest.New(t)
	return s.NewClient(opts...), s
}

// A re-entrant call that meets the last Unlock either shares the lock, which then stays, or gets none, or a new grant: no
// lease ends here, so nothing that it gets is lost.
func TestReentrantCallMeetsTheLastUnlock(t *testing.T) {
	t.Parallel()
	unlock := func(l *redilock.Lock) error {
		if left := time.Until(l.Deadline()); l.Context().Err() != nil {
			return errors.Join(fmt.Errorf("%v left, and its context has ended: %w", left, l.Context().Err()),
				l.Unlock(context.Background()))
		}
		return l.Unlock(context.Background())
	}
	for name, call := range map[string]func(m *redilock.Mutex, ctx context.Context) (got bool, err error){
		"TryLock": func(m *redilock.Mutex, ctx context.Context) (bool, error) {
			l, err := m.TryLock(ctx)
			if errors.Is(err, redilock.ErrHeld) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			return true, unlock(l)
		},
		"Lock": func(m *redilock.Mutex, ctx context.Context) (bool, error) {
			l, err := m.Lock(ctx)
			if err != nil {
				return false, err
			}
			return true, unlock(l)
		},
		"Do": func(m *redilock.Mutex, ctx context.Context) (bool, error) {
			return true, m.Do(ctx, func(ctx context.Context, _ *redilock.Lock) error { return ctx.Err() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := raced(t)
			m := c.Mutex("x", 30*time.Second, redilock.WithReentrant())
			wrong := 0
			for range rounds() {
				var stop atomic.Bool
				fault := make(chan error, 1)
				want(t, "Do", m.Do(t.Context(), func(ctx context.Context, _ *redilock.Lock) error {
					shared := make(chan struct{})
					go func() {
						ctx := context.WithoutCancel(ctx)
						var first error
						for shares := 0; !stop.Load(); shares++ {
							_, err := call(m, ctx)
							first = errors.Join(first, err)
							if shares == 1 {
								close(shared)
							}
						}
						fault <- first
					}()
					<-shared
					return nil
				}), nil)
				stop.Store(true)
				err, _ := within(t, 10*time.Second, "the inner call", fault)
				if err != nil {
					if wrong++; wrong == 1 {
						t.Errorf("a re-entrant call got a lock that was released: %v", err)
					}
				}
			}
			if wrong > 0 {
				t.Errorf("that was so in %d rounds of %d", wrong, rounds())
			}
			free(t, s, "after all", "x")
		})
	}
}

// A context of a lock is at an end from its deadline on, whatever the machine's timers do: whoever asks it after the
// deadline is told.
func TestContextEndsOnTheDot(t *testing.T) {
	t.Parallel()
	const ttl, tries = 300 * time.Millisecond, 4
	for name, lock := range map[string]func(m *redilock.Mutex, look func(context.Context, *redilock.Lock)) error{
		"Lock": func(m *redilock.Mutex, look func(context.Context, *redilock.Lock)) error {
			l, err := m.Lock(t.Context())
			if err == nil {
				look(l.Context(), l)
				err = l.Unlock(t.Context())
			}
			return err
		},
		"TryLock, extended": func(m *redilock.Mutex, look func(context.Context, *redilock.Lock)) error {
			l, err := m.TryLock(t.Context())
			if err == nil {
				err = l.Extend(t.Context(), ttl+50*time.Millisecond)
				look(l.Context(), l)
				err = errors.Join(err, l.Unlock(t.Context()))
			}
			return err
		},
		"Do": func(m *redilock.Mutex, look func(context.Context, *redilock.Lock)) error {
			return m.Do(t.Context(), func(ctx context.Context, l *redilock.Lock) error { look(ctx, l); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := raced(t)
			var looked, late, worst atomic.Int64
			var all sync.WaitGroup
			for w := range 2 * runtime.GOMAXPROCS(0) { // which keep the machine busy
				all.Go(func() {
					for i := range tries {
						err := lock(c.Mutex(fmt.Sprint(w, i), ttl), func(ctx context.Context, l *redilock.Lock) {
							deadline := l.Deadline()
							time.Sleep(time.Until(deadline) - 3*time.Millisecond)
							for {
								over := time.Since(deadline) // read before the context is asked
								if ctx.Err() != nil {
									break
								}
								if over >= 0 {
									late.Add(1)
									worst.Store(max(worst.Load(), int64(over)))
									<-ctx.Done()
								}
							}
							looked.Add(1)
							want(t, "the cause", context.Cause(ctx), redilock.ErrLost)
						})
						want(t, "a lock whose lease is over", err, redilock.ErrLost)
					}
				})
			}
			all.Wait()
			if n := late.Load(); n > 0 {
				t.Errorf("%d of %d contexts were alive after the deadline, up to %v", n, looked.Load(),
					time.Duration(worst.Load()))
			}
			if looked.Load() == 0 {
				t.Error("no lock was had: nothing is proven")
			}
		})
	}
}

// A wait whose context has ended before the lock was given back gives no lock, never runs Do's function, and leaves nothing.
func TestEndedContextWins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		same bool // one client holds and waits
	}{{"behind a holder of the same client", true}, {"behind another client's", false}} {
		for _, do := range []bool{false, true} {
			t.Run(test.name+map[bool]string{true: "/Do", false: "/Lock"}[do], func(t *testing.T) {
				t.Parallel()
				queued := make(chan struct{}, 1)
				c, s := raced(t, redilock.WithTrace(traced("Enqueued", func(redilock.Event) {
					select {
					case queued <- struct{}{}:
					default:
					}
				})))
				holder := c
				if !test.same {
					holder = s.NewClient()
				}
				m, theirs := c.Mutex("x", time.Hour), holder.Mutex("x", time.Hour)
				got := 0
				for round := range rounds() {
					l, err := theirs.Lock(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					select {
					case <-queued: // of the round before
					default:
					}
					ctx, cancel := context.WithCancel(t.Context())
					done := make(chan error, 1)
					go func() {
						if do {
							done <- m.Do(ctx, func(ctx context.Context, _ *redilock.Lock) error { return nil })
							return
						}
						l, err := m.Lock(ctx)
						if err == nil {
							_ = l.Unlock(context.Background())
						}
						done <- err
					}()
					if round%3 == 0 {
						within(t, 10*time.Second, "it waits", queued)
					}
					for range rand.N(20) {
						runtime.Gosched() // it may be anywhere
					}
					cancel() // before anybody can have given the lock to it
					want(t, "Unlock", l.Unlock(t.Context()), nil)
					err, _ = within(t, 10*time.Second, "the wait that was cancelled", done)
					if err == nil {
						got++
					} else {
						want(t, "the wait that was cancelled", err, context.Canceled)
					}
				}
				if got > 0 {
					t.Errorf("%d of %d waits whose context had ended got the lock", got, rounds())
				}
				for end := time.Now().Add(onePresence); s.Held("x"); {
					if time.Now().After(end) {
						t.Fatal("the lock is held by nobody")
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
	}
}

// A context that has ended before the call gets no lock, free or not, and sends nothing.
func TestEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	c, s := raced(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, lock := range map[string]func(context.Context) error{
		"Lock":    func(ctx context.Context) error { _, err := c.Mutex("x", time.Hour).Lock(ctx); return err },
		"TryLock": func(ctx context.Context) error { _, err := c.Mutex("x", time.Hour).TryLock(ctx); return err },
		"Do": func(ctx context.Context) error {
			return c.Do(ctx, "x", time.Hour, func(context.Context, *redilock.Lock) error {
				t.Error("fn ran with a context that had ended")
				return nil
			})
		},
	} {
		for range rounds() {
			want(t, name, lock(ctx), context.Canceled)
		}
	}
	if keys := s.Redis.Keys(t.Context(), "*").Val(); len(keys) > 0 {
		t.Errorf("on the server: %q", keys)
	}
}
