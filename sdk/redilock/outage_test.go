package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// outage makes every call of a pool fail.
type outage struct {
	err   atomic.Pointer[error]
	calls atomic.Int64 // that failed
}

func (o *outage) set(err error) {
	if err == nil {
		o.err.Store(nil)
		return
	}
	o.err.Store(&err)
}

func (o *outage) hook(_ string, calls []redis.Cmder, send func() error) error {
	if err := o.err.Load(); err != nil {
		o.calls.Add(1)
		return failed(calls, *err)
	}
	return send()
}

// warm makes the server know the scripts.
func warm(t *testing.T, s *redilocktest.Server) {
	t.Helper()
	l, err := s.Client.Mutex("warm", time.Minute).Lock(t.Context())
	want(t, "Lock", err, nil)
	want(t, "Unlock", l.Unlock(t.Context()), nil)
}

// Close ends a Lock that waits although the server is away, and its context cannot end.
func TestCloseEndsAWaitWithoutServer(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		down := &outage{}
		c := s.NewClient()
		s.Redis.AddHook(hook(down.hook))
		hold, err := c.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		result := make(chan error, 1)
		go func() {
			_, err := s.Client.Mutex("x", time.Hour).Lock(context.Background())
			result <- err
		}()
		s.Advance(time.Second)
		down.set(io.EOF)
		want(t, "Close", s.Client.Close(), nil)
		start := time.Now()
		want(t, "Lock", <-result, redilock.ErrClosed)
		if took := time.Since(start); took > time.Second {
			t.Errorf("Lock returned %v after Close", took)
		}
		down.set(nil)
		want(t, "Unlock", hold.Unlock(t.Context()), nil)
		s.Advance(2 * time.Hour)
	})
}

// A waiter that gave up when it was named is not the business of who unlocks.
func TestUnlockDoesNotWaitForOthers(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		pool := slowed(0)
		down := &outage{}
		s.Redis.AddHook(pool)
		s.Redis.AddHook(hook(down.hook))
		warm(t, s)
		l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error, 1)
		go func() {
			_, err := s.Client.Mutex("x", time.Hour).Lock(ctx)
			waited <- err
		}()
		synctest.Wait()
		pool.delay.Store(int64(time.Second))
		time.AfterFunc(time.Second/2, func() { // the release has named the waiter, and is under way
			cancel()
			down.set(io.EOF)
		})
		start := time.Now()
		_ = l.Unlock(t.Context())
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Unlock took %v", took)
		}
		want(t, "the waiter's Lock", <-waited, context.Canceled)
		down.set(nil)
		pool.delay.Store(0)
		s.Advance(2 * time.Hour)
		if s.Held("x") {
			t.Error("the lock was left to a waiter that had given up")
		}
	})
}

// While nothing can be reached, what was never sent is not taken back for the length of its TTL.
func TestNothingIsGivenBackThatWasNotSent(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		down := &outage{}
		s.Redis.AddHook(hook(down.hook))
		down.set(errRefused)
		m := s.Client.Mutex("x", time.Hour)
		for range 50 {
			_, err := m.TryLock(t.Context())
			want(t, "TryLock", err, redilock.ErrUnavailable)
			_, err = m.Lock(t.Context())
			want(t, "Lock", err, redilock.ErrUnavailable)
		}
		before := down.calls.Load()
		s.Advance(time.Minute)
		if n := down.calls.Load() - before; n > 0 {
			t.Errorf("%d calls in the minute after 100 that never left", n)
		}
	})
}

// What the server may have granted is taken back, whatever the last error was.
func TestAGrantThatWasLostIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(*redilock.Mutex, context.Context) (*redilock.Lock, error){
		"Lock": (*redilock.Mutex).Lock, "TryLock": (*redilock.Mutex).TryLock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				s.LoseNext(redilocktest.Acquire)
				s.FailNext(redilocktest.Acquire, redisError("NOAUTH Authentication required."))
				_, err := call(s.Client.Mutex("x", time.Hour), t.Context())
				want(t, name, err, redilock.ErrDenied)
				s.Advance(time.Second)
				if s.Held("x") {
					t.Error("the lock that was granted first is left behind")
				}
			})
		})
	}
}

// An Unlock whose outcome is unknown may be called again, and says nothing of a loss that was none.
func TestUnlockAgain(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		var lost atomic.Int64
		c := s.NewClient(redilock.WithTrace(redilock.Trace{Lost: func(context.Context, redilock.Event) { lost.Add(1) }}))
		l, err := c.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		warm(t, s)
		for range 14 { // for longer than an Unlock waits
			s.LoseNext(redilocktest.Release)
		}
		want(t, "the first Unlock", l.Unlock(t.Context()), redilock.ErrUnavailable)
		want(t, "the second Unlock", l.Unlock(t.Context()), nil)
		if n := lost.Load(); n > 0 {
			t.Errorf("told of %d losses", n)
		}
		want(t, "the third Unlock", l.Unlock(t.Context()), redilock.ErrUnlocked)
	})
}

// A hand-over whose reply came late, because it had to be repeated, is a whole grant all the same.
func TestLateHandOverIsMadeWhole(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		warm(t, s)
		l := mustLock(t, s.Client, redilock.WithAutoExtend())
		waited := lockLater(t, s.Client, t.Context())
		first := true
		s.Redis.AddHook(hook(func(verb string, calls []redis.Cmder, send func() error) error {
			if err := send(); verb != "release" || !first {
				return err
			}
			first = false
			time.Sleep(peerTTL - 10*time.Millisecond) // the server has run it
			return failed(calls, io.EOF)
		}))
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		want(t, "the waiter's Lock", <-waited, nil)
	})
}

// Every error has a kind, whatever the server or its Sentinels say.
func TestEveryErrorHasAKind(t *testing.T) {
	t.Parallel()
	sentinels := fmt.Errorf("redis: all sentinels specified in configuration are unreachable: %w", redis.Nil)
	for _, test := range []struct{ err, kind error }{
		{redisError("BADFENCE the fence counter has passed 2^53 - 1"), redilock.ErrWrongType},
		{redisError("CROSSSLOT Keys in request don't hash to the same slot"), redilock.ErrUnavailable},
		{redisError("ERR what is this"), redilock.ErrUnavailable},
		{errors.New("tls: a certificate that nobody knows"), redilock.ErrUnavailable},
		{sentinels, redilock.ErrUnavailable},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				down := &outage{}
				s.Redis.AddHook(hook(down.hook))
				down.set(test.err)
				_, err := s.Client.Mutex("x", time.Minute).Lock(t.Context())
				want(t, "Lock", err, test.kind)
				want(t, "Lock", err, test.err)
			})
		})
	}
}

// The end of the client ends the context of a lock that was taken elsewhere, although nobody watches over its lease.
func TestCloseEndsAttachedLocks(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		attach := func(name string) *redilock.Lock {
			l, err := s.Client.Attach(name, "somebody's")
			want(t, "Attach", err, nil)
			return l
		}
		before, unlocked := attach("x").Context(), attach("y")
		ended := unlocked.Context()
		want(t, "Unlock", unlocked.Unlock(t.Context()), redilock.ErrLost)
		want(t, "Close", s.Client.Close(), nil)
		synctest.Wait()
		want(t, "the context", context.Cause(before), redilock.ErrClosed)
		want(t, "the context of one that was unlocked", context.Cause(ended), redilock.ErrUnlocked)
	})
}

// An Extend that the server answers after an Unlock says that, and of no loss.
func TestExtendAfterUnlock(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		warm(t, s)
		l, err := s.Client.Mutex("x", time.Minute).Lock(t.Context())
		want(t, "Lock", err, nil)
		want(t, "Extend", l.Extend(t.Context(), time.Minute), nil)
		s.Redis.AddHook(slowExtends(time.Second))
		result := make(chan error, 1)
		go func() { result <- l.Extend(t.Context(), time.Minute) }()
		synctest.Wait()
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		want(t, "Extend", <-result, redilock.ErrUnlocked)
	})
}

// The function of Do may unlock by itself; what its context carries then is no lock.
func TestDoUnlockedByItsFunction(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		err := s.Client.Do(t.Context(), "x", time.Minute, func(ctx context.Context, l *redilock.Lock) error {
			if _, ok := s.Client.FromContext(ctx, "x"); !ok {
				t.Error("the context carries no lock")
			}
			err := l.Unlock(ctx)
			if _, ok := s.Client.FromContext(ctx, "x"); ok {
				t.Error("the context carries a lock that was unlocked")
			}
			return err
		})
		want(t, "Do", err, nil)
	})
}
