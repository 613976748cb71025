package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// giving are the ways of giving a lock back. Each begins when it calls now, and the server refuses from then on.
var giving = map[string]func(t *testing.T, s *redilocktest.Server, now func()) error{
	"Do": func(t *testing.T, s *redilocktest.Server, now func()) error {
		return s.Client.Do(t.Context(), "x", time.Hour, func(context.Context, *redilock.Lock) error { now(); return nil })
	},
	"Unlock": func(t *testing.T, s *redilocktest.Server, now func()) error {
		l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		now()
		return l.Unlock(t.Context())
	},
	"Unlock of an attached lock": func(t *testing.T, s *redilocktest.Server, now func()) error {
		l, err := s.NewClient().Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		a, err := s.Client.Attach("x", l.Token())
		want(t, "Attach", err, nil)
		now()
		return a.Unlock(t.Context())
	},
	"a Lock that was given up": func(t *testing.T, s *redilocktest.Server, now func()) error {
		return givenUp(t, s, s.Client.Mutex("x", time.Hour).Lock, now)
	},
	"a TryLock that was given up": func(t *testing.T, s *redilocktest.Server, now func()) error {
		return givenUp(t, s, s.Client.Mutex("x", time.Hour).TryLock, now)
	},
	"the maximal hold": func(t *testing.T, s *redilocktest.Server, now func()) error {
		opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(time.Second)}
		l, err := s.Client.Mutex("x", time.Hour, opts...).Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(900 * time.Millisecond)
		now()
		<-l.Context().Done()
		return nil
	},
}

// givenUp gives a call up whose grant is on its way already.
func givenUp(t *testing.T, s *redilocktest.Server, lock func(context.Context) (*redilock.Lock, error), now func()) error {
	t.Helper()
	s.Redis.AddHook(hook(func(verb string, _ []redis.Cmder, send func() error) error {
		err := send()
		if verb == "acquire" {
			time.Sleep(time.Second)
			now() // the server has granted it, and refuses what follows
		}
		return err
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
	defer cancel()
	_, err := lock(ctx)
	want(t, "the call that was given up", err, context.DeadlineExceeded)
	s.Advance(time.Second)
	return nil
}

// A lock that is given back while the server refuses is free when it has stopped, one presence later at the most, whatever
// it refused with, and for however long.
func TestGivenBackWhileTheServerRefuses(t *testing.T) {
	t.Parallel()
	for way, give := range giving {
		for kind, refusal := range healing {
			for _, lasts := range []time.Duration{2 * time.Second, time.Second / 2, time.Minute} {
				if testing.Short() && lasts != 2*time.Second {
					continue
				}
				t.Run(way+"/"+kind+"/"+lasts.String(), func(t *testing.T) {
					t.Parallel()
					redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
						warm(t, s)
						down := &outage{}
						s.Redis.AddHook(hook(down.hook))
						var once sync.Once
						var healed time.Time
						err := give(t, s, func() {
							once.Do(func() {
								healed = time.Now().Add(lasts)
								down.set(refusal)
								time.AfterFunc(lasts, func() { down.set(nil) })
							})
						})
						switch {
						case lasts > 5*time.Second && err != nil && !errors.Is(err, redilock.ErrUnavailable) &&
							!errors.Is(err, redilock.ErrDenied):
							t.Errorf("it answered %v", err)
						case lasts < 3*time.Second && err != nil && !errors.Is(err, redilock.ErrDenied):
							t.Errorf("it gave up before its 5 s were over: %v", err)
						}
						s.Advance(time.Until(healed.Add(onePresence)))
						free(t, s, "one presence after the server has stopped refusing", "x")
					})
				})
			}
		}
	}
}

// Close does not end what gives locks back, and neither does it wait for long.
func TestGivenBackAfterClose(t *testing.T) {
	t.Parallel()
	for kind, refusal := range healing {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				down := &outage{}
				s.Redis.AddHook(hook(down.hook))
				l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
				want(t, "Lock", err, nil)
				down.set(refusal)
				_ = l.Unlock(t.Context())
				start := time.Now()
				want(t, "Close", s.Client.Close(), nil)
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("Close took %v", took)
				}
				s.Advance(10 * time.Second)
				down.set(nil)
				s.Advance(onePresence)
				free(t, s, "one presence after the server has stopped refusing", "x")
			})
		})
	}
}

// Two thousand calls in an outage that answers nothing leave a few goroutines behind, not one each; and none after Close.
// What the server granted nevertheless is given back once it answers again. Not parallel: it counts goroutines.
func TestManyCallsInAnOutageThatAnswersNothing(t *testing.T) {
	const calls, few = 2000, 100
	for _, test := range []struct {
		name  string
		close bool
	}{{"it heals", false}, {"the client is closed", true}} {
		t.Run(test.name, func(t *testing.T) {
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				var silent atomic.Bool
				s.Redis.AddHook(hook(func(verb string, cmds []redis.Cmder, send func() error) error {
					if !silent.Load() || verb == "" {
						return send()
					}
					if verb == "acquire" {
						_ = send() // the requests arrive
					}
					time.Sleep(3 * time.Second)
					return failed(cmds, os.ErrDeadlineExceeded)
				}))
				synctest.Wait()
				before := runtime.NumGoroutine()
				silent.Store(true)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var all sync.WaitGroup
				for i := range calls {
					m := s.Client.Mutex(fmt.Sprint("x", i), time.Hour)
					all.Go(func() {
						_, err := m.TryLock(ctx)
						want(t, "TryLock", err, context.DeadlineExceeded)
					})
				}
				all.Wait()
				s.Advance(time.Minute)
				if n := runtime.NumGoroutine() - before; n > few {
					t.Errorf("%d goroutines are at work a minute after %d calls were given up", n, calls)
				}
				if test.close {
					want(t, "Close", s.Client.Close(), nil)
					s.Advance(time.Minute)
					if n := runtime.NumGoroutine() - before; n > few {
						t.Errorf("%d goroutines are at work a minute after Close", n)
					}
				}
				silent.Store(false)
				s.Advance(time.Minute)
				if left := s.Leftovers(); len(left) > 0 {
					t.Errorf("%d locks are held by nobody a minute after the outage", len(left))
				}
			})
		})
	}
}

// The end of the maximal hold frees the lock at the server, for those that wait and those to come.
func TestMaxHoldFreesTheLock(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	for name, test := range map[string]struct {
		ttl  time.Duration
		more func(t *testing.T, s *redilocktest.Server, l *redilock.Lock)
	}{
		"a long TTL":  {ttl: 10 * time.Minute},
		"a short TTL": {ttl: 300 * time.Millisecond},
		"extended past it": {10 * time.Minute, func(t *testing.T, _ *redilocktest.Server, l *redilock.Lock) {
			_ = l.Extend(t.Context(), time.Hour)
		}},
		"a renewal without a reply": {10 * time.Minute, func(_ *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
			s.LoseNext(redilocktest.Extend)
		}},
		"the first release fails": {10 * time.Minute, func(_ *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
			s.FailNext(redilocktest.Release, io.EOF)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				start := time.Now()
				opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(limit)}
				l, err := s.Client.Mutex("x", test.ttl, opts...).Lock(t.Context())
				want(t, "Lock", err, nil)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				next := call(s.NewClient().Mutex("x", time.Minute).Lock, ctx)
				s.Advance(limit / 2)
				if test.more != nil {
					test.more(t, s, l)
				}
				got, ok := within(t, 2*time.Minute, "the next one's Lock", next)
				want(t, "the next one's Lock", got.err, nil)
				took := time.Since(start)
				if took < limit-limit/10 || took > limit+time.Second {
					t.Errorf("the next one has the lock after %v, the maximal hold was %v", took, limit)
				}
				want(t, "the cause", context.Cause(l.Context()), redilock.ErrLost)
				want(t, "Unlock of what has ended", l.Unlock(t.Context()), redilock.ErrLost)
				if !ok || got.lock == nil {
					return
				}
				want(t, "Unlock", got.lock.Unlock(t.Context()), nil)
				s.Advance(time.Second)
				free(t, s, "after all", "x")
			})
		})
	}
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		_, err := s.Client.Mutex("x", time.Minute, redilock.WithMaxHold(time.Second)).TryLock(t.Context())
		want(t, "WithMaxHold without WithAutoExtend", err, redilock.ErrInvalid)
	})
}

// A grant by message for a token that nobody waits for any more is given back: a request that came late, or twice, had
// put it into the queue again.
func TestGrantThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		other := s.NewClient(redilock.WithPollInterval(15 * time.Second)) // its presence is a minute
		m := s.Client.Mutex("x", time.Hour)
		holder, err := other.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		var last atomic.Pointer[[]any]
		s.Redis.AddHook(hook(func(verb string, cmds []redis.Cmder, send func() error) error {
			if verb == "acquire" {
				args := cmds[0].Args()
				last.Store(&args)
			}
			return send()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		gone := call(m.Lock, ctx)
		s.Advance(time.Second) // it has subscribed, and the server knows
		cancel()
		want(t, "the call that was given up", (<-gone).err, context.Canceled)
		s.Advance(time.Second)
		want(t, "the late request", s.Redis.Do(t.Context(), *last.Load()...).Err(), nil)
		status, err := other.Inspect(t.Context(), "x")
		want(t, "Inspect", err, nil)
		if status.Queued != 1 {
			t.Fatalf("the late request has no place in the queue: %+v", status)
		}
		want(t, "Unlock", holder.Unlock(t.Context()), nil)
		s.Advance(time.Second)
		free(t, s, "a second after it was granted to nobody", "x")
	})
}
