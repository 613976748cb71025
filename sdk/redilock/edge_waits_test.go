package redilock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// WithWait bounds the wait, not the work: the context that is passed stays the parent of the lock's own.
func TestPatienceIsNotLife(t *testing.T) {
	t.Parallel()
	const patience = time.Second
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		m := s.Client.Mutex("x", time.Minute, redilock.WithWait(patience))
		want(t, "Do", m.Do(t.Context(), func(ctx context.Context, _ *redilock.Lock) error {
			s.Advance(10 * patience)
			return ctx.Err()
		}), nil)
		release := s.Hold("x")
		for name, lock := range map[string]func() error{
			"Lock": func() error { _, err := m.Lock(t.Context()); return err },
			"Do": func() error {
				return m.Do(t.Context(), func(context.Context, *redilock.Lock) error { return errors.New("it ran") })
			},
		} {
			start := time.Now()
			err := lock()
			want(t, name, err, redilock.ErrWaitTimeout)
			want(t, name, err, context.DeadlineExceeded)
			if took := time.Since(start); took < patience || took > patience+patience/10 {
				t.Errorf("%s gave up after %v", name, took)
			}
		}
		time.AfterFunc(patience/2, release)
		l, err := m.Lock(t.Context())
		want(t, "Lock within its patience", err, nil)
		s.Advance(10 * patience)
		want(t, "the context", l.Context().Err(), nil)
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		s.Advance(patience)
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %q", left)
		}
	})
}

// ErrLost says why.
func TestLossesHaveReasons(t *testing.T) {
	t.Parallel()
	reasons := []error{redilock.ErrTaken, redilock.ErrExpired, redilock.ErrMaxHold, redilock.ErrTooLate}
	for name, test := range map[string]struct {
		reason error
		opts   []redilock.LockOption
		lose   func(s *redilocktest.Server, l *redilock.Lock)
	}{
		"taken": {redilock.ErrTaken, nil, func(s *redilocktest.Server, l *redilock.Lock) {
			s.Steal("x")
			_ = l.Extend(context.Background(), time.Hour)
		}},
		"expired": {redilock.ErrExpired, nil, func(s *redilocktest.Server, _ *redilock.Lock) { s.Advance(time.Minute) }},
		"maximal hold": {
			redilock.ErrMaxHold, []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(time.Second)},
			func(s *redilocktest.Server, _ *redilock.Lock) { s.Advance(2 * time.Second) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				l, err := s.Client.Mutex("x", time.Minute, test.opts...).Lock(t.Context())
				want(t, "Lock", err, nil)
				held := l.Context()
				test.lose(s, l)
				for what, err := range map[string]error{
					"the cause": context.Cause(held), "Extend": l.Extend(t.Context(), time.Minute),
					"Unlock": l.Unlock(t.Context()),
				} {
					want(t, what, err, redilock.ErrLost)
					want(t, what, err, test.reason)
					for _, other := range reasons {
						if !errors.Is(test.reason, other) && errors.Is(err, other) {
							t.Errorf("%s: %v is also %v", what, err, other)
						}
					}
				}
			})
		})
	}
}

// Check tells whether the lock is still ours, and for how long, by the server; Break gives it to the next in line.
func TestCheckAndBreak(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.Client.Mutex("x", time.Minute).Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(10 * time.Second)
		left, err := l.Check(t.Context())
		if err != nil || left > 50*time.Second || left < 49*time.Second {
			t.Errorf("Check: %v, %v", left, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		next := call(s.NewClient().Mutex("x", time.Minute).Lock, ctx)
		s.Advance(time.Second)
		want(t, "Break", s.NewClient().Break(t.Context(), "x"), nil)
		got, _ := within(t, 10*time.Millisecond, "the next in line", next)
		want(t, "the next in line", got.err, nil)
		_, err = l.Check(t.Context())
		want(t, "Check of what was broken", err, redilock.ErrLost)
		want(t, "the context", context.Cause(l.Context()), redilock.ErrLost)
		if got.lock != nil {
			want(t, "Unlock", got.lock.Unlock(t.Context()), nil)
		}
	})
}

// Shutdown gives back what is held as well, and keeps to its context.
func TestShutdown(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		warm(t, s)
		c := s.NewClient()
		l, err := c.Mutex("x", time.Hour, redilock.WithAutoExtend()).Lock(t.Context())
		want(t, "Lock", err, nil)
		wait := call(c.Mutex("x", time.Hour).Lock, t.Context())
		s.Advance(time.Second)
		want(t, "Shutdown", c.Shutdown(t.Context()), nil)
		want(t, "a wait", (<-wait).err, redilock.ErrClosed)
		want(t, "the context", context.Cause(l.Context()), redilock.ErrClosed)
		free(t, s, "after Shutdown", "x")

		down := &outage{}
		s.Redis.AddHook(hook(down.hook))
		_, err = s.Client.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		down.set(errRefused)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		want(t, "Shutdown in an outage", s.Client.Shutdown(ctx), context.DeadlineExceeded)
		if took := time.Since(start); took < 19*time.Second || took > 21*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		down.set(nil)
	})
}

// Key is with the prefix, Name without.
func TestKeyIsWithThePrefix(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.NewClient(redilock.WithPrefix("lock:")).Mutex("x", time.Minute).Lock(t.Context())
		want(t, "Lock", err, nil)
		if l.Key() != "lock:x" || l.Name() != "x" || !s.Held(l.Key()) {
			t.Errorf("the key is %q, the name %q", l.Key(), l.Name())
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}

// Trace functions have the values of the caller's context.
func TestTraceHasTheContext(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		var mu sync.Mutex
		with, without := map[string]bool{}, map[string]bool{}
		note := func(event string) func(context.Context, redilock.Event) {
			return func(ctx context.Context, _ redilock.Event) {
				mu.Lock()
				defer mu.Unlock()
				if ctx.Value(callerKey{}) == "a caller" {
					with[event] = true
				} else {
					without[event] = true
				}
			}
		}
		c := s.NewClient(redilock.WithTrace(redilock.Trace{
			Acquired: note("Acquired"), Extended: note("Extended"), Released: note("Released"),
		}))
		ctx := context.WithValue(t.Context(), callerKey{}, "a caller")
		l, err := c.Mutex("x", time.Minute).Lock(ctx)
		want(t, "Lock", err, nil)
		want(t, "Extend", l.Extend(ctx, time.Hour), nil)
		want(t, "Unlock", l.Unlock(ctx), nil)
		s.Advance(time.Second)
		mu.Lock()
		defer mu.Unlock()
		for _, event := range []string{"Acquired", "Extended", "Released"} {
			if without[event] || !with[event] {
				t.Errorf("%s was called without the caller's context", event)
			}
		}
	})
}
