package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// A grant by message lasts for a presence only. One renewal that fails must not cost it, however long the TTL is.
func TestShortGrantOutlivesFailedRenewals(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = 10 * time.Minute
		other := s.NewClient()
		first, err := other.Mutex("x", ttl).Lock(t.Context())
		want(t, "Lock", err, nil)
		got := make(chan *redilock.Lock)
		go func() {
			l, err := s.Client.Mutex("x", ttl).Lock(t.Context())
			want(t, "the waiter's Lock", err, nil)
			got <- l
		}()
		s.Advance(100 * time.Millisecond) // it has subscribed, and told the server so, once
		want(t, "Unlock", first.Unlock(t.Context()), nil)
		l := <-got
		if left := time.Until(l.Deadline()); left > 10*time.Second {
			t.Fatalf("the deadline is %v away: no grant by message", left)
		}
		for range 3 {
			s.FailNext(redilocktest.Extend, io.EOF)
		}
		s.Advance(time.Minute)
		if err := context.Cause(l.Context()); err != nil {
			t.Errorf("the lock ended: %v", err)
		}
		if left := time.Until(l.Deadline()); left < ttl-2*time.Minute {
			t.Errorf("the grant was not made whole: %v left", left)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}

// A grant by message whose waiter asked last some time ago is made whole as well.
func TestOldGrantIsMadeWhole(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = 3 * time.Second
		hold, err := s.NewClient().Mutex("x", ttl, redilock.WithAutoExtend()).Lock(t.Context())
		want(t, "Lock", err, nil)
		ahead := make(chan *redilock.Lock)
		go func() {
			l, err := s.NewClient().Mutex("x", ttl).Lock(t.Context())
			want(t, "Lock", err, nil)
			ahead <- l
		}()
		s.Advance(time.Second)
		got := make(chan *redilock.Lock, 1)
		go func() {
			l, err := s.Client.Mutex("x", ttl).Lock(t.Context())
			want(t, "Lock", err, nil)
			got <- l
		}()
		s.Advance(1400 * time.Millisecond) // the second in the queue has not asked for so long
		want(t, "Unlock", hold.Unlock(t.Context()), nil)
		want(t, "Unlock", (<-ahead).Unlock(t.Context()), nil)
		l := <-got
		s.Advance(2800 * time.Millisecond)
		if err := context.Cause(l.Context()); err != nil {
			t.Errorf("a lock of %v ended after 2.8 s: %v", ttl, err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}

// The automatic extension of an attached lock keeps to the last Extend.
func TestAttachedLockIsExtendedAsAsked(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = 10 * time.Second
		first := mustLock(t, s.NewClient())
		l, err := s.Client.Attach("x", first.Token(), redilock.WithAutoExtend())
		want(t, "Attach", err, nil)
		want(t, "Extend", l.Extend(t.Context(), ttl), nil)
		s.FailNext(redilocktest.Extend, io.EOF)
		for range 10 {
			s.Advance(ttl / 2)
			status, err := s.Client.Inspect(t.Context(), "x")
			want(t, "Inspect", err, nil)
			if !status.Held || status.Remaining > ttl {
				t.Fatalf("after an Extend by %v: %+v", ttl, status)
			}
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}

// slowExtends makes extends take so long to get to the server.
func slowExtends(by time.Duration) hook {
	return func(verb string, _ []redis.Cmder, send func() error) error {
		if verb == "extend" {
			time.Sleep(by)
		}
		return send()
	}
}

// A lease that was raised once is not the measure of later renewals.
func TestRenewalAfterALongExtend(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.Client.Mutex("x", 100*time.Millisecond, redilock.WithAutoExtend()).Lock(t.Context())
		want(t, "Lock", err, nil)
		want(t, "Extend", l.Extend(t.Context(), 600*time.Millisecond), nil)
		s.Redis.AddHook(slowExtends(6 * time.Millisecond)) // so that a renewal confirms what is left, and no more
		s.Advance(2 * time.Second)
		if err := context.Cause(l.Context()); err != nil {
			t.Errorf("the lock ended: %v", err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		s.Advance(time.Second)
	})
}

// A TTL that is no whole number of milliseconds is not extended by itself for that.
func TestFractionOfAMillisecond(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		var extended atomic.Int64
		c := s.NewClient(redilock.WithTrace(redilock.Trace{
			Extended: func(context.Context, redilock.Event) { extended.Add(1) },
		}))
		l, err := c.Mutex("x", time.Second/3).Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(time.Second / 2)
		if n := extended.Load(); n > 0 || context.Cause(l.Context()) == nil {
			t.Errorf("extended %d times, the context ended with %v", n, context.Cause(l.Context()))
		}
	})
}

// slowLog is a log, and a trace, that takes its time with each lock that is lost.
type slowLog struct{ slog.Handler }

func (slowLog) Enabled(context.Context, slog.Level) bool { return true }
func (slowLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		time.Sleep(time.Second)
	}
	return nil
}

// Locks that end together end together: whoever is told of it may be slow.
func TestLossesAreToldLater(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = time.Second
		c := s.NewClient(redilock.WithLogger(slog.New(slowLog{slog.DiscardHandler})))
		start := time.Now()
		var ends atomic.Int64
		for i := range 10 {
			l, err := c.Mutex(fmt.Sprint("x", i), ttl).Lock(t.Context())
			want(t, "Lock", err, nil)
			context.AfterFunc(l.Context(), func() {
				ends.Add(1)
				if took := time.Since(start); took >= ttl {
					t.Errorf("a context ended %v after the lock was taken", took)
				}
			})
		}
		s.Advance(20 * time.Second) // of which the log takes half
		if n := ends.Load(); n != 10 {
			t.Errorf("%d of 10 contexts ended", n)
		}
	})
}

// An automatic extension that has reached the maximal hold has nothing more to ask for.
func TestMaxHoldIsNotAskedFor(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		var extended atomic.Int64
		c := s.NewClient(redilock.WithTrace(redilock.Trace{
			Extended: func(context.Context, redilock.Event) { extended.Add(1) },
		}))
		opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(10 * time.Second)}
		l, err := c.Mutex("x", 6*time.Second, opts...).Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(9900 * time.Millisecond)
		if err := context.Cause(l.Context()); err != nil {
			t.Errorf("it ended early: %v", err)
		}
		s.Advance(200 * time.Millisecond)
		if n := extended.Load(); !errors.Is(context.Cause(l.Context()), redilock.ErrLost) || n < 1 || n > 3 {
			t.Errorf("extended %d times, ended with %v", n, context.Cause(l.Context()))
		}
	})
}

// A lease that is short is renewed in time as well.
func TestShortLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.Client.Mutex("x", 20*time.Millisecond, redilock.WithAutoExtend()).Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(time.Second)
		if err := context.Cause(l.Context()); err != nil {
			t.Errorf("the lock ended: %v", err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}
