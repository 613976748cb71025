package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// A copy of a Lock is no lock: an Unlock of it either gives the lock back, or says that it has not.
func TestCopiedLock(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		_ = l.Context()
		copied := reflect.New(reflect.TypeFor[redilock.Lock]()) // what `c := *l` does, and vet complains of
		copied.Elem().Set(reflect.ValueOf(l).Elem())
		err = copied.Interface().(*redilock.Lock).Unlock(t.Context())
		if err == nil && s.Held("x") {
			t.Error("Unlock of a copy answers nil, and the lock is held")
		}
		if err == nil {
			if err := l.Unlock(t.Context()); !errors.Is(err, redilock.ErrUnlocked) && !errors.Is(err, redilock.ErrLost) {
				t.Errorf("Unlock of the original, whose copy was unlocked: %v", err)
			}
			return
		}
		want(t, "Unlock of the original", l.Unlock(t.Context()), nil)
		free(t, s, "after Unlock", "x")
	})
	for _, method := range []string{"Lock", "Unlock"} { // by which vet knows what is not to be copied
		if !lockable(reflect.TypeFor[redilock.Lock](), method) {
			t.Errorf("no field of Lock has a method %s: vet lets it be copied", method)
		}
	}
}

func lockable(t reflect.Type, method string) bool {
	for i := range t.NumField() {
		if _, ok := reflect.PointerTo(t.Field(i).Type).MethodByName(method); ok {
			return true
		}
		// Methods that are not exported do not show by reflection; the field's name does.
		if t.Field(i).Type.Name() == "noCopy" {
			return true
		}
	}
	return false
}

// A TTL that is over before a grant can arrive is refused, with the reason.
func TestTooShortTTL(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		for _, ms := range []float64{1, 2, 2.999} {
			ttl := time.Duration(ms * float64(time.Millisecond))
			m := s.Client.Mutex("x", ttl)
			_, err := m.TryLock(t.Context())
			want(t, fmt.Sprint("TryLock with ", ttl), err, redilock.ErrInvalid)
			_, err = m.Lock(t.Context())
			want(t, fmt.Sprint("Lock with ", ttl), err, redilock.ErrInvalid)
			want(t, fmt.Sprint("Do with ", ttl), m.Do(t.Context(), func(context.Context, *redilock.Lock) error {
				return errors.New("it ran")
			}), redilock.ErrInvalid)
		}
		for _, ttl := range []time.Duration{10 * time.Millisecond, 24 * 24 * time.Hour} {
			l, err := s.Client.Mutex("x", ttl).Lock(t.Context())
			if err != nil || time.Until(l.Deadline()) <= 0 {
				t.Fatalf("Lock with %v: %v", ttl, err)
			}
			want(t, "Unlock", l.Unlock(t.Context()), nil)
		}
	})
}

// A name is what the caller has passed, wherever it comes back, and goes in again where it came out.
func TestNamesComeBack(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		for _, name := range []string{"x", "lock:x", "{tag}x", "\xff\x00 \"", "nächtlich"} {
			c := s.NewClient(redilock.WithPrefix("lock:"))
			m := c.Mutex(name, time.Hour)
			l, err := m.Lock(t.Context())
			want(t, "Lock", err, nil)
			if m.Name() != name || l.Name() != name {
				t.Errorf("the names of %q are %q and %q", name, m.Name(), l.Name())
			}
			if !s.Held("lock:" + name) {
				t.Errorf("%q has not the key %q", name, "lock:"+name)
			}
			status, err := c.Inspect(t.Context(), l.Name())
			if err != nil || !status.Held || status.Name != name {
				t.Errorf("Inspect(%q): %+v, %v", l.Name(), status, err)
			}
			_, err = c.Mutex(l.Name(), time.Hour).TryLock(t.Context())
			var e *redilock.Error
			var held *redilock.HeldError
			if !errors.As(err, &e) || e.Name != name || !errors.As(err, &held) || held.Name != name {
				t.Errorf("TryLock(%q): %#v", l.Name(), err)
			}
			a, err := c.Attach(l.Name(), l.Token())
			want(t, "Attach", err, nil)
			if a.Name() != name {
				t.Errorf("the name of an attached lock is %q", a.Name())
			}
			want(t, "Unlock of what was attached by its own name", a.Unlock(t.Context()), nil)
			free(t, s, "after Unlock", "lock:"+name)
			err = c.Do(t.Context(), name, time.Hour, func(ctx context.Context, l *redilock.Lock) error {
				if _, ok := c.FromContext(ctx, l.Name()); !ok {
					return errors.New("the context does not know its lock by its name")
				}
				return nil
			})
			want(t, "Do", err, nil)
		}
	})
}

// A re-entrant inner call gets what it asks for: its own TTL, its own automatic renewal; and takes nothing from the outer.
func TestReentrantCallGetsItsTerms(t *testing.T) {
	t.Parallel()
	const outer = time.Second
	extended := []redilock.LockOption{redilock.WithAutoExtend()}
	for name, test := range map[string]struct {
		ttl  time.Duration
		opts []redilock.LockOption
		rest time.Duration // what the inner one works
	}{
		"longer":                       {ttl: time.Hour, rest: 10 * outer},
		"longer, and extended":         {ttl: time.Hour, opts: extended, rest: 10 * outer},
		"as long, and extended":        {ttl: outer, opts: extended, rest: 10 * outer},
		"shorter, and extended":        {ttl: outer / 4, opts: extended, rest: 10 * outer},
		"shorter":                      {ttl: outer / 4, rest: outer / 8},
		"as long":                      {ttl: outer, rest: outer * 9 / 10},
		"longer, the outer is old":     {ttl: 2 * outer, rest: outer * 19 / 10},
		"as long, the reply gets lost": {ttl: outer, rest: outer / 2},
	} {
		for how, lock := range map[string]func(*redilock.Mutex, context.Context) (*redilock.Lock, error){
			"Lock": (*redilock.Mutex).Lock, "TryLock": (*redilock.Mutex).TryLock,
		} {
			t.Run(how+"/"+name, func(t *testing.T) {
				t.Parallel()
				redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
					warm(t, s)
					want(t, "Do", s.Client.Do(t.Context(), "x", outer, func(ctx context.Context, _ *redilock.Lock) error {
						s.Advance(outer / 2)
						if name == "as long, the reply gets lost" {
							s.LoseNext(redilocktest.Extend)
						}
						opts := append([]redilock.LockOption{redilock.WithReentrant()}, test.opts...)
						l, err := lock(s.Client.Mutex("x", test.ttl, opts...), ctx)
						if err != nil {
							return err
						}
						margin := test.ttl/100 + 2*time.Millisecond
						if left := time.Until(l.Deadline()); left < test.ttl-margin {
							t.Errorf("it asked for %v and got %v", test.ttl, left)
						}
						if left := s.Redis.PTTL(ctx, "x").Val(); left < test.ttl-time.Millisecond {
							t.Errorf("it asked for %v, and the server keeps it for %v", test.ttl, left)
						}
						s.Advance(test.rest)
						if err := context.Cause(l.Context()); err != nil || !s.Held("x") {
							t.Errorf("it ended within %v: %v", test.rest, err)
						}
						return l.Unlock(ctx)
					}), nil)
					free(t, s, "after all", "x")
				})
			})
		}
	}
	// What cannot be had is no success.
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		warm(t, s)
		_ = s.Client.Do(t.Context(), "x", outer, func(ctx context.Context, _ *redilock.Lock) error {
			for range 10 {
				s.FailNext(redilocktest.Extend, io.EOF)
			}
			if l, err := s.Client.Mutex("x", time.Hour, redilock.WithReentrant()).Lock(ctx); err == nil {
				t.Errorf("it asked for an hour of a server that is away, and got %v", time.Until(l.Deadline()))
				return l.Unlock(ctx)
			}
			s.Heal()
			return nil
		})
	})
}

// collected makes many handles, and gives how many of them nobody can reach any more.
func collected(t *testing.T, n int, handle func() *redilock.Lock) int64 {
	t.Helper()
	var gone atomic.Int64
	for range n {
		runtime.AddCleanup(handle(), func(int) { gone.Add(1) }, 0)
	}
	for end := time.Now().Add(10 * time.Second); gone.Load() < int64(n) && time.Now().Before(end); {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	return gone.Load()
}

// Handles that are done with leave no trace in memory: of re-entrant calls while the outer one goes on, and of locks that
// were attached and are forgotten.
func TestHandlesAreCollected(t *testing.T) {
	t.Parallel()
	const n = 1000
	c, s := raced(t)
	for name, handle := range map[string]func(ctx context.Context) *redilock.Lock{
		"re-entrant": func(ctx context.Context) *redilock.Lock {
			l, err := c.Mutex("x", time.Hour, redilock.WithReentrant()).TryLock(ctx)
			want(t, "TryLock", err, nil)
			_ = l.Context()
			want(t, "Unlock", l.Unlock(ctx), nil)
			return l
		},
		"attached, and unlocked": func(ctx context.Context) *redilock.Lock {
			s.Redis.Set(ctx, "y", "token", time.Hour)
			l, err := c.Attach("y", "token")
			want(t, "Attach", err, nil)
			_ = l.Context()
			want(t, "Unlock", l.Unlock(ctx), nil)
			return l
		},
		"attached, and forgotten": func(context.Context) *redilock.Lock {
			l, err := c.Attach("z", "token")
			want(t, "Attach", err, nil)
			_ = l.Context()
			return l
		},
		"locked, and unlocked": func(ctx context.Context) *redilock.Lock {
			l, err := c.Mutex("u", time.Hour).TryLock(ctx)
			want(t, "TryLock", err, nil)
			_ = l.Context()
			want(t, "Unlock", l.Unlock(ctx), nil)
			return l
		},
	} {
		want(t, "Do", c.Do(t.Context(), "x", time.Hour, func(ctx context.Context, _ *redilock.Lock) error {
			if gone := collected(t, n, func() *redilock.Lock { return handle(ctx) }); gone < n*9/10 {
				t.Errorf("%s: %d of %d handles are still reachable", name, n-gone, n)
			}
			return nil
		}), nil)
	}
}
