package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

const tenMinutes = 10 * time.Minute

// mutexes are requests for some names.
func mutexes(c *redilock.Client, ttl time.Duration, names []string, opts ...redilock.LockOption) []redilock.Request {
	var r []redilock.Request
	for _, name := range names {
		r = append(r, c.Mutex(name, ttl, opts...))
	}
	return r
}

// multi gives the locks of some names.
func multi(c *redilock.Client, ttl time.Duration, names ...string) *redilock.Multi {
	return c.Multi(mutexes(c, ttl, names)...)
}

// Opposite orders (redisson#467, redisson#1160), and callers that keep each other from all of their locks for ever
// (redisson#4050): everybody comes through, and no name has two holders.
func TestMultiOpposite(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), tenMinutes)
		defer cancel()
		names := []string{"a", "b", "c", "d", "e"}
		holders := make(map[string]int)
		var mu sync.Mutex
		count := func(names []string, n int) {
			mu.Lock()
			defer mu.Unlock()
			for _, name := range names {
				if holders[name] += n; holders[name] > 1 {
					t.Errorf("%q has %d holders", name, holders[name])
				}
			}
		}
		var all sync.WaitGroup
		for range 4 {
			c := s.NewClient()
			for range 4 {
				all.Go(func() {
					for range 10 {
						mine := slices.Clone(names)
						rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
						mine = mine[:2+rand.N(2)]
						opts := []redilock.LockOption{redilock.WithAutoExtend()} // a dead-lock would last
						err := c.Multi(mutexes(c, time.Second, mine, opts...)...).Do(ctx,
							func(context.Context, *redilock.MultiLock) error {
								count(mine, 1)
								defer count(mine, -1)
								time.Sleep(rand.N(3 * time.Millisecond))
								return nil
							})
						want(t, "Do", err, nil)
					}
				})
			}
		}
		all.Wait()
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

// What is held is extended while the others are waited for, whatever the options say, and from then on it is not.
func TestMultiWaits(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = time.Second
		release := s.Hold("b")
		done := make(chan *redilock.MultiLock, 1)
		go func() {
			l, err := multi(s.Client, ttl, "c", "b", "a").Lock(t.Context())
			want(t, "Lock", err, nil)
			done <- l
		}()
		fence := func() int64 {
			status, err := s.Client.Inspect(t.Context(), "a")
			want(t, "Inspect", err, nil)
			return status.Fence
		}
		s.Advance(ttl)
		first := fence()
		s.Advance(time.Minute)
		if last := fence(); last != first {
			t.Errorf("a was taken anew: fence %d, and then %d", first, last)
		}
		if !s.Held("a") || s.Held("c") {
			t.Errorf("a held: %v, c held: %v", s.Held("a"), s.Held("c"))
		}
		release()
		s.Advance(2 * time.Second)
		l := <-done
		if l == nil {
			return
		}
		if err := context.Cause(l.Context()); !errors.Is(err, redilock.ErrExpired) {
			t.Errorf("two leases later: %v, want the end of the lease", err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), redilock.ErrLost)
		var names []string
		for _, one := range l.Locks() {
			names = append(names, one.Name())
		}
		if !slices.Equal(names, []string{"a", "b", "c"}) {
			t.Errorf("taken in the order %v", names)
		}
	})
}

// After a long wait the first lease is not nearly over.
func TestMultiLeases(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl, hold = 9 * time.Second, time.Minute
		for wait := ttl / 9; wait < 2*ttl; wait += ttl / 9 {
			release := s.Hold("b")
			time.AfterFunc(wait, release)
			opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(hold)}
			ab, c := mutexes(s.Client, ttl, []string{"a", "b"}), mutexes(s.Client, ttl, []string{"c"}, opts...)
			m := s.Client.Multi(append(ab, c...)...)
			l, err := m.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for _, one := range l.Locks() {
				if left := time.Until(one.Deadline()); left < ttl/2 {
					t.Errorf("after a wait of %v %v of %s is left", wait, left, one.Name())
				}
			}
			<-l.Locks()[2].Context().Done()
			if held := time.Since(began); held < hold-time.Second || held > hold+time.Second {
				t.Errorf("the maximal hold of %v ended after %v", hold, held)
			}
			_ = l.Unlock(t.Context())
			s.Advance(time.Second)
		}
	})
}

// One that is lost while the others are waited for is taken again: nobody gets less than all.
func TestMultiLostWhileWaiting(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		release := s.Hold("b")
		done := make(chan *redilock.MultiLock, 1)
		go func() {
			l, err := multi(s.Client, time.Second, "a", "b").Lock(t.Context())
			want(t, "Lock", err, nil)
			done <- l
		}()
		s.Advance(time.Minute)
		s.Steal("a")
		s.Advance(10 * time.Second)
		if !s.Held("a") {
			t.Error("a was not taken again")
		}
		release()
		if l := <-done; l != nil {
			want(t, "Context", l.Context().Err(), nil)
			want(t, "Unlock", l.Unlock(t.Context()), nil)
		}
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

func TestMultiTryLock(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		release := s.Hold("b")
		_, err := multi(s.Client, time.Second, "a", "b", "c").TryLock(t.Context())
		var held *redilock.HeldError
		if !errors.As(err, &held) || held.Name != "b" {
			t.Errorf("TryLock: %v", err)
		}
		if s.Held("a") || s.Held("c") {
			t.Error("what TryLock had is not given back")
		}
		release()
		l, err := multi(s.Client, time.Second, "a", "b", "c").TryLock(t.Context())
		want(t, "TryLock", err, nil)
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		want(t, "Unlock again", l.Unlock(t.Context()), redilock.ErrUnlocked)
	})
}

// bsm/redislock#70 deletes nothing if one key is gone. Here the others are given back, and the error names the one.
func TestMultiOneGone(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := multi(s.Client, time.Minute, "a", "b", "c").Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Redis.Del(t.Context(), "b")
		err = l.Unlock(t.Context())
		var op *redilock.Error
		if !errors.Is(err, redilock.ErrTaken) || !errors.As(err, &op) || op.Name != "b" {
			t.Errorf("Unlock: %v", err)
		}
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

// The context ends with the first loss, at the earliest deadline, and carries all locks.
func TestMultiLock(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c := s.Client
		m := c.Multi(c.Mutex("b", time.Minute), c.Mutex("a", time.Second), c.Mutex("c", time.Hour))
		l, err := m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range l.Locks() {
			if carried, ok := c.FromContext(l.Context(), one.Name()); !ok || carried != one {
				t.Errorf("the context does not carry %s", one.Name())
			}
			if l.Fence(one.Name()) != one.Fence() || one.Fence() == 0 {
				t.Errorf("fence of %s: %d, want %d", one.Name(), l.Fence(one.Name()), one.Fence())
			}
			_, err := c.Mutex(one.Name(), time.Second).Lock(l.Context())
			want(t, "Lock inside", err, redilock.ErrNested)
		}
		if l.Fence("d") != 0 {
			t.Error("a name that is not among them has a fence")
		}
		if d := l.Deadline(); !d.Equal(l.Locks()[0].Deadline()) {
			t.Errorf("deadline %v", d)
		}
		<-l.Context().Done()
		if now := time.Now(); now.After(l.Deadline().Add(time.Millisecond)) {
			t.Errorf("the context ended %v after the deadline", now.Sub(l.Deadline()))
		}
		want(t, "cause", context.Cause(l.Context()), redilock.ErrExpired)
		err = l.Unlock(t.Context())
		want(t, "Unlock", err, redilock.ErrExpired)
		if s.Held("b") || s.Held("c") {
			t.Error("the others are not given back")
		}
	})
}

func TestMultiEnds(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		release := s.Hold("b")
		c := s.Client
		patient := c.Multi(c.Mutex("a", time.Second, redilock.WithWait(time.Hour)),
			c.Mutex("b", time.Second, redilock.WithWait(time.Minute)))
		began := time.Now()
		_, err := patient.Lock(t.Context())
		want(t, "Lock", err, redilock.ErrWaitTimeout)
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errOdd) })
		_, err = multi(c, time.Second, "a", "b").Lock(ctx)
		want(t, "Lock", err, context.Canceled)
		want(t, "Lock", err, errOdd)
		s.Advance(time.Second)
		if s.Held("a") {
			t.Error("a is not given back")
		}
		done := make(chan error, 1)
		go func() {
			_, err := multi(c, time.Second, "a", "b").Lock(t.Context())
			done <- err
		}()
		s.Advance(time.Minute)
		_ = c.Close()
		want(t, "Lock", <-done, redilock.ErrClosed)
		release()
	})
}

func TestMultiNested(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c := s.Client
		defer s.Hold("a")()
		outer, err := c.Mutex("b", time.Minute).Lock(t.Context())
		want(t, "Lock", err, nil)
		began := time.Now()
		_, err = multi(c, time.Minute, "a", "b").Lock(outer.Context()) // before it waits for a
		want(t, "Lock", err, redilock.ErrNested)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %v", waited)
		}
		m := c.Multi(mutexes(c, time.Hour, []string{"b", "c"}, redilock.WithReentrant())...)
		err = m.Do(outer.Context(), func(ctx context.Context, l *redilock.MultiLock) error {
			if left := time.Until(l.Deadline()); left < 59*time.Minute {
				t.Errorf("left of the lease: %v", left)
			}
			return l.Locks()[1].Unlock(ctx) // which Do forgives
		})
		want(t, "Do", err, nil)
		if !s.Held("b") || s.Held("c") {
			t.Error("the inner Unlock gave back the outer lock, or not its own")
		}
		want(t, "Unlock", outer.Unlock(t.Context()), nil)
	})
}

func TestMultiInvalid(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c, other := s.Client, s.NewClient()
		good := c.Mutex("a", time.Second)
		var none *redilock.Mutex
		for what, m := range map[string]*redilock.Multi{
			"no locks":       c.Multi(),
			"nil":            c.Multi(good, nil),
			"a nil pointer":  c.Multi(good, none),
			"twice":          c.Multi(good, c.Mutex("b", time.Second), c.Mutex("a", time.Minute)),
			"another client": c.Multi(good, other.Mutex("b", time.Second)),
			"no name":        c.Multi(good, c.Mutex("", time.Second)),
			"no TTL":         c.Multi(good, c.Mutex("b", 0)),
			"options":        c.Multi(good, c.Mutex("b", time.Second, redilock.WithWait(-1))),
		} {
			_, err := m.Lock(t.Context())
			want(t, what, err, redilock.ErrInvalid)
			_, err = m.TryLock(t.Context())
			want(t, what, err, redilock.ErrInvalid)
			err = m.Do(t.Context(), func(context.Context, *redilock.MultiLock) error { return nil })
			want(t, what, err, redilock.ErrInvalid)
		}
		want(t, "Do without a function", c.Multi(good).Do(t.Context(), nil), redilock.ErrInvalid)
		_, err := c.Multi(good).Lock(nil) //nolint:staticcheck // that is the point
		want(t, "no context", err, redilock.ErrInvalid)
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

// Locks that nobody can unlock any more are not renewed.
func TestMultiUnreachable(t *testing.T) {
	t.Parallel()
	s := redilocktest.New(t)
	func() {
		m := s.Client.Multi(mutexes(s.Client, 100*time.Millisecond, []string{"a", "b"}, redilock.WithAutoExtend())...)
		l, err := m.Lock(t.Context())
		want(t, "Lock", err, nil)
		_ = l.Context()
	}()
	eventually(t, 10*time.Second, "the locks end", func() bool {
		runtime.GC()
		return !s.Held("a") && !s.Held("b")
	})
}

// Names in different slots (node-redlock#64: CROSSSLOT).
func multiOnCluster(t *testing.T, a, b *redilock.Client) {
	t.Helper()
	names := make([]string, 6)
	for i := range names {
		names[i] = fmt.Sprintf("multi-%d", i)
	}
	l, err := multi(a, 10*time.Second, names...).Lock(t.Context())
	want(t, "Lock", err, nil)
	slices.Reverse(names)
	_, err = multi(b, 10*time.Second, names...).TryLock(t.Context())
	want(t, "TryLock", err, redilock.ErrHeld)
	want(t, "Unlock", l.Unlock(t.Context()), nil)
	l, err = multi(b, 10*time.Second, names...).TryLock(t.Context())
	want(t, "TryLock", err, nil)
	want(t, "Unlock", l.Unlock(t.Context()), nil)
}
