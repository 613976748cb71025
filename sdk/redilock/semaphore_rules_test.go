package redilock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestSemaphoreBadInput: what cannot be right has a typed error that names the operation and the name, and changes nothing.
func TestSemaphoreBadInput(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		sem := c.Semaphore("sem", 3, time.Minute)
		held := w.acquire(sem, 2)
		rw := c.RWMutex("rw", time.Minute)
		reads, err := rw.RLock(w.ctx)
		w.must(err)
		m := w.lock(c, "mutex", time.Minute)
		w.must(w.server.Set("foreign", "data"))
		w.server.SetTTL("foreign", time.Hour)
		_, err = w.server.Lpush("list", "data")
		w.must(err)
		w.server.SetTTL("list", time.Hour)
		own := c.Semaphore("own", 3, time.Minute, redilock.WithToken("mine"))
		mine := w.acquire(own, 2)
		elsewhere := w.client()
		acquire := func(s *redilock.Semaphore, n int64) func() error {
			return func() error { _, err := s.Acquire(w.ctx, n); return err }
		}
		try := func(s *redilock.Semaphore, n int64) func() error {
			return func() error { _, err := s.TryAcquire(w.ctx, n); return err }
		}
		do := func(s *redilock.Semaphore, n int64) func() error {
			return func() error {
				return s.Do(w.ctx, n, func(context.Context, *redilock.Lock) error { w.Error("it ran"); return nil })
			}
		}
		tests := map[string]struct {
			call func() error
			kind error
			op   string
		}{
			"weight 0":              {acquire(sem, 0), redilock.ErrInvalid, "acquire"},
			"weight 0, once":        {try(sem, 0), redilock.ErrInvalid, "tryacquire"},
			"weight 0, Do":          {do(sem, 0), redilock.ErrInvalid, "acquire"},
			"weight -1":             {acquire(sem, -1), redilock.ErrInvalid, "acquire"},
			"weight over the limit": {acquire(sem, 4), redilock.ErrInvalid, "acquire"},
			"limit 0":               {acquire(c.Semaphore("sem", 0, time.Minute), 1), redilock.ErrInvalid, "acquire"},
			"limit -1":              {acquire(c.Semaphore("sem", -1, time.Minute), 1), redilock.ErrInvalid, "acquire"},
			"limit 2^31":            {acquire(c.Semaphore("sem", 1<<31, time.Minute), 1), redilock.ErrInvalid, "acquire"},
			"no name":               {acquire(c.Semaphore("", 1, time.Minute), 1), redilock.ErrInvalid, "acquire"},
			"a companion's name": {
				acquire(c.Semaphore("{sem}:redilock:fence", 1, time.Minute), 1), redilock.ErrInvalid, "acquire",
			},
			"no TTL":      {acquire(c.Semaphore("sem", 1, 0), 1), redilock.ErrInvalid, "acquire"},
			"no function": {func() error { return sem.Do(w.ctx, 1, nil) }, redilock.ErrInvalid, "do"},
			"a mutex":     {acquire(c.Semaphore("mutex", 3, time.Minute), 1), redilock.ErrWrongType, "acquire"},
			"a string":    {try(c.Semaphore("foreign", 3, time.Minute), 1), redilock.ErrWrongType, "tryacquire"},
			"a list":      {do(c.Semaphore("list", 3, time.Minute), 1), redilock.ErrWrongType, "acquire"},
			"readers of a mutex": {func() error {
				_, err := c.RWMutex("mutex", time.Minute).RLock(w.ctx)
				return err
			}, redilock.ErrWrongType, "rlock"},
			"a mutex on a semaphore": {func() error {
				_, err := c.Mutex("sem", time.Minute).Lock(w.ctx)
				return err
			}, redilock.ErrWrongType, "lock"},
			"a repeat with another weight": {
				acquire(elsewhere.Semaphore("own", 3, time.Minute, redilock.WithToken("mine")), 1),
				redilock.ErrInvalid, "acquire",
			},
			"a repeat with another weight, here": {try(own, 1), redilock.ErrInvalid, "tryacquire"},
			"Shrink to 0": {
				func() error { return held.Shrink(w.ctx, 0) }, redilock.ErrInvalid, "shrink",
			},
			"Shrink to less than 0": {
				func() error { return held.Shrink(w.ctx, -1) }, redilock.ErrInvalid, "shrink",
			},
			"Shrink to more": {func() error { return held.Shrink(w.ctx, 3) }, redilock.ErrInvalid, "shrink"},
			"Shrink without a context": {
				func() error { return held.Shrink(nil, 1) }, redilock.ErrInvalid, "shrink", //nolint:staticcheck // bad input
			},
			"Shrink of a mutex":        {func() error { return m.Shrink(w.ctx, 1) }, redilock.ErrInvalid, "shrink"},
			"Shrink of a reader":       {func() error { return reads.Shrink(w.ctx, 1) }, redilock.ErrInvalid, "shrink"},
			"Downgrade of a reader":    {func() error { return reads.Downgrade(w.ctx) }, redilock.ErrInvalid, "downgrade"},
			"Downgrade of a mutex":     {func() error { return m.Downgrade(w.ctx) }, redilock.ErrInvalid, "downgrade"},
			"Downgrade of a semaphore": {func() error { return held.Downgrade(w.ctx) }, redilock.ErrInvalid, "downgrade"},
			"Break of fence 0": {
				func() error { return c.BreakSemaphore(w.ctx, "sem", 0) }, redilock.ErrInvalid, "break",
			},
			"Break of another fence": {
				func() error { return c.BreakSemaphore(w.ctx, "sem", 1) }, redilock.ErrNotHeld, "break",
			},
			"Break of a mutex": {
				func() error { return c.BreakSemaphore(w.ctx, "mutex", 1) }, redilock.ErrWrongType, "break",
			},
			"Inspect of a mutex": {func() error {
				_, err := c.InspectSemaphore(w.ctx, "mutex")
				return err
			}, redilock.ErrWrongType, "inspect"},
			"Attach without a token": {func() error {
				_, err := c.AttachSemaphore("sem", "")
				return err
			}, redilock.ErrInvalid, "attach"},
		}
		synctest.Wait()
		before := w.server.Dump()
		for name, test := range tests {
			err := test.call()
			var told *redilock.Error
			if !errors.Is(err, test.kind) || !errors.As(err, &told) || told.Op != test.op {
				w.Errorf("%s: %v; want %v of %s", name, err, test.kind, test.op)
			}
		}
		if after := w.server.Dump(); after != before {
			w.Errorf("something has changed:\n%s\nwas\n%s", after, before)
		}
		if held.Weight() != 2 || reads.Weight() != 1 || m.Weight() != 1 {
			w.Errorf("weights %d, %d and %d", held.Weight(), reads.Weight(), m.Weight())
		}
		for _, l := range []*redilock.Lock{held, reads, m, mine} {
			w.must(l.Unlock(w.ctx))
		}
	})
}

// TestSemaphoreReentrant: a call chain shares what it holds, and gets no more than that.
func TestSemaphoreReentrant(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		sem := c.Semaphore("sem", 4, time.Minute, redilock.WithReentrant())
		outer := w.acquire(sem, 2)
		ctx := outer.Context()
		inner, err := sem.Acquire(ctx, 1)
		w.must(err)
		if inner.Fence() != outer.Fence() || inner.Weight() != 2 {
			w.Errorf("the inner one has fence %d and weight %d", inner.Fence(), inner.Weight())
		}
		want(w.T, "Shrink of what is shared", outer.Shrink(w.ctx, 1), redilock.ErrInvalid)
		_, err = sem.Acquire(ctx, 3)
		want(w.T, "more than it holds", err, redilock.ErrNested)
		_, err = c.Semaphore("sem", 4, time.Minute).Acquire(ctx, 1)
		want(w.T, "without WithReentrant", err, redilock.ErrNested)
		w.must(inner.Unlock(w.ctx))
		w.must(outer.Shrink(w.ctx, 1))
		_, err = sem.Acquire(ctx, 2)
		want(w.T, "more than is left", err, redilock.ErrNested)
		w.must(outer.Unlock(w.ctx))

		rw := c.RWMutex("rw", time.Minute, redilock.WithReentrant())
		w.must(rw.Do(w.ctx, func(ctx context.Context, writer *redilock.Lock) error {
			r, err := rw.RLock(ctx)
			w.must(err)
			want(w.T, "Downgrade of what is shared", writer.Downgrade(ctx), redilock.ErrInvalid)
			second, err := rw.TryLock(ctx)
			w.must(err)
			w.must(second.Unlock(ctx))
			return r.Unlock(ctx)
		}))
		w.must(rw.RDo(w.ctx, func(ctx context.Context, _ *redilock.Lock) error {
			_, err := rw.Lock(ctx)
			want(w.T, "an upgrade", err, redilock.ErrNested)
			r, err := rw.RLock(ctx)
			w.must(err)
			return r.Unlock(ctx)
		}))
		want(w.T, "a reader within a reader", rw.RDo(w.ctx, func(ctx context.Context, _ *redilock.Lock) error {
			_, err := c.RWMutex("rw", time.Minute).RLock(ctx)
			return err
		}), redilock.ErrNested)
		w.left()
	})
}

// TestSemaphoreEnds: the ways in which permits end are those of a mutex, and none leaks.
func TestSemaphoreEnds(t *testing.T) {
	bubble(t, func(w *world) {
		c, other := w.client(), w.client()
		ended := func(l *redilock.Lock, why error) {
			w.Helper()
			<-l.Context().Done()
			if cause := context.Cause(l.Context()); !errors.Is(cause, why) {
				w.Errorf("it ended with %v, want %v", cause, why)
			}
		}
		// A holder that dies: the permit is back after its lease.
		l := w.acquire(c.Semaphore("x", 1, time.Second), 1)
		start := time.Now()
		next := w.acquire(other.Semaphore("x", 1, time.Minute, redilock.WithWait(time.Minute)), 1)
		if took := time.Since(start); took > 1100*time.Millisecond {
			w.Errorf("it was back after %v", took)
		}
		ended(l, redilock.ErrExpired)
		want(w.T, "Unlock", l.Unlock(w.ctx), redilock.ErrExpired)
		w.must(next.Unlock(w.ctx))

		l = w.acquire(c.Semaphore("x", 2, time.Second, redilock.WithAutoExtend(), redilock.WithMaxHold(5*time.Second)), 2)
		time.Sleep(4 * time.Second)
		w.must(l.Context().Err())
		time.Sleep(1100 * time.Millisecond)
		ended(l, redilock.ErrMaxHold)
		w.must(w.acquire(other.Semaphore("x", 2, time.Minute), 2).Unlock(w.ctx))

		l = w.acquire(c.Semaphore("x", 2, time.Minute), 1)
		second := w.acquire(c.Semaphore("x", 2, time.Minute), 1)
		w.must(other.BreakSemaphore(w.ctx, "x", l.Fence()))
		_, err := l.Check(w.ctx)
		want(w.T, "Check of a broken one", err, redilock.ErrTaken)
		ended(l, redilock.ErrTaken)
		if left, err := second.Check(w.ctx); err != nil || left < 50*time.Second {
			w.Errorf("Check of the other one: %v, %v", left, err)
		}
		_, err = c.Semaphore("x", 1, time.Minute, redilock.WithWait(time.Second)).Acquire(w.ctx, 1)
		want(w.T, "a wait that is too long", err, redilock.ErrWaitTimeout)
		attached, err := other.AttachSemaphore("x", second.Token())
		w.must(err)
		w.must(attached.Extend(w.ctx, time.Hour))
		if attached.Fence() != second.Fence() || attached.Weight() != 0 {
			w.Errorf("attached: fence %d of %d, weight %d", attached.Fence(), second.Fence(), attached.Weight())
		}
		w.must(attached.Unlock(w.ctx))
		want(w.T, "what another has unlocked", second.Unlock(w.ctx), redilock.ErrTaken)
		time.Sleep(onePresence)
		w.left()
	})
}

// TestSemaphoreRestored: a record that the server has lost is restored by the renewals, and until then nothing is granted.
func TestSemaphoreRestored(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.client().Semaphore("x", 3, 3*time.Second, redilock.WithAutoExtend())
		l := w.acquire(s, 2)
		w.server.Del("{x}:redilock:members")
		_, err := s.TryAcquire(w.ctx, 2)
		want(w.T, "while nobody knows what is in use", err, redilock.ErrHeld)
		time.Sleep(3 * time.Second)
		_, err = s.TryAcquire(w.ctx, 2)
		want(w.T, "2 of 1", err, redilock.ErrHeld)
		one, err := s.TryAcquire(w.ctx, 1)
		w.must(err)
		w.must(one.Unlock(w.ctx))
		w.must(l.Unlock(w.ctx))
		w.left()
	})
}
