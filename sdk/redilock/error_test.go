package redilock_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// Bad input gets a typed error, and nothing is sent.
func TestBadInput(t *testing.T) {
	var none *redis.Client
	var nilContext context.Context
	fn := func(context.Context, *redilock.Lock) error { return nil }
	lock := func(name string, ttl time.Duration) func(*world, *redilock.Client) error {
		return func(w *world, c *redilock.Client) error {
			_, err := c.Mutex(name, ttl).Lock(w.ctx)
			return err
		}
	}
	tests := map[string]func(*world, *redilock.Client) error{
		"empty name":               lock("", time.Second),
		"name with } and no tag":   lock("a}b", time.Second),
		"name that is a tag alone": lock("{x}", time.Second), // its companions would be those of x
		"name that is a companion": lock("{x}:redilock:fence", time.Second),
		"name with an empty tag":   lock("x{}y", time.Second),
		"name of 2 KiB":            lock(strings.Repeat("n", 2048), time.Second),
		"TTL of zero":              lock("a", 0),
		"negative TTL":             lock("a", -time.Second),
		"TTL below a millisecond":  lock("a", 999*time.Microsecond),
		"TTL above the protocol's": lock("a", 1<<31*time.Millisecond),
		"nil client":               func(*world, *redilock.Client) error { _, err := redilock.New(nil); return err },
		"nil *redis.Client":        func(*world, *redilock.Client) error { _, err := redilock.New(none); return err },
		"empty owner":              option(redilock.WithOwner("")),
		"owner too long":           option(redilock.WithOwner(strings.Repeat("o", 257))),
		"poll interval of zero":    option(redilock.WithPollInterval(0)),
		"poll interval too long":   option(redilock.WithPollInterval(time.Hour)),
		"negative maximal hold": func(w *world, c *redilock.Client) error {
			return do(w, c, fn, redilock.WithMaxHold(-1))
		},
		"Do without a function": func(w *world, c *redilock.Client) error { return do(w, c, nil) },
		"Lock without a context": func(_ *world, c *redilock.Client) error {
			_, err := c.Mutex("a", 1e9).Lock(nilContext)
			return err
		},
		"TryLock without a context": func(_ *world, c *redilock.Client) error {
			_, err := c.Mutex("a", 1e9).TryLock(nilContext)
			return err
		},
		"Inspect without a context": func(_ *world, c *redilock.Client) error {
			_, err := c.Inspect(nilContext, "a")
			return err
		},
		"Inspect of an empty name": func(w *world, c *redilock.Client) error { _, err := c.Inspect(w.ctx, ""); return err },
		"Attach without a token":   func(_ *world, c *redilock.Client) error { _, err := c.Attach("a", ""); return err },
		"Attach with a token of 1 K": func(_ *world, c *redilock.Client) error {
			_, err := c.Attach("a", strings.Repeat("t", 1024))
			return err
		},
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				err := bad(w, w.client())
				var e *redilock.Error
				if !errors.Is(err, redilock.ErrInvalid) || !errors.As(err, &e) {
					t.Errorf("got %v, want an *Error that is ErrInvalid", err)
				}
				if w.server.Server() != nil { // the first connection starts it
					t.Error("the server was asked")
				}
				t.Log(err)
			})
		})
	}
}

func option(o redilock.Option) func(*world, *redilock.Client) error {
	return func(w *world, _ *redilock.Client) error {
		_, err := redilock.New(w.redis(), o)
		return err
	}
}

func do(w *world, c *redilock.Client, fn func(context.Context, *redilock.Lock) error, opts ...redilock.LockOption) error {
	return c.Do(w.ctx, "a", time.Second, fn, opts...)
}

func TestMisuse(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		l := w.lock(c, "a", time.Second)
		var nilContext context.Context
		if err := l.Unlock(nilContext); !errors.Is(err, redilock.ErrInvalid) {
			t.Errorf("Unlock without a context: %v", err)
		}
		if err := l.Extend(nilContext, time.Second); !errors.Is(err, redilock.ErrInvalid) {
			t.Errorf("Extend without a context: %v", err)
		}
		if err := l.Extend(w.ctx, 0); !errors.Is(err, redilock.ErrInvalid) {
			t.Errorf("Extend by nothing: %v", err)
		}
		w.must(l.Unlock(w.ctx))
		if err := l.Extend(w.ctx, time.Second); !errors.Is(err, redilock.ErrUnlocked) {
			t.Errorf("Extend after Unlock: %v", err)
		}
		if cause := context.Cause(l.Context()); !errors.Is(cause, redilock.ErrUnlocked) {
			t.Errorf("context after Unlock: %v", cause)
		}

		l = w.lock(c, "a", time.Second)
		w.must(w.server.Set("a", "a thief's"))
		if err := l.Extend(w.ctx, time.Second); !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Extend of a lost lock: %v", err)
		}
		if cause := context.Cause(l.Context()); !errors.Is(cause, redilock.ErrLost) {
			t.Errorf("context of a lost lock: %v", cause)
		}
		if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Unlock of a lost lock: %v", err)
		}
		if got, _ := w.server.Get("a"); got != "a thief's" {
			t.Error("Unlock took what was not ours")
		}
	})
}

func TestClosed(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		l := w.lock(c, "a", time.Minute)
		held := l.Context()
		waits := make(chan error)
		for range 3 {
			go func() {
				_, err := c.Mutex("a", time.Minute).Lock(w.ctx)
				waits <- err
			}()
		}
		time.Sleep(time.Millisecond)
		w.must(c.Close())
		w.must(c.Close())
		for range 3 {
			if err := <-waits; !errors.Is(err, redilock.ErrClosed) {
				t.Errorf("a waiting Lock: %v", err)
			}
		}
		if cause := context.Cause(held); !errors.Is(cause, redilock.ErrClosed) {
			t.Errorf("the context of a held lock: %v", cause)
		}
		m := c.Mutex("b", time.Second)
		_, lock := m.Lock(w.ctx)
		_, try := m.TryLock(w.ctx)
		_, inspect := c.Inspect(w.ctx, "b")
		_, attach := c.Attach("b", "token")
		for i, err := range []error{lock, try, inspect, attach, l.Extend(w.ctx, time.Second)} {
			if !errors.Is(err, redilock.ErrClosed) {
				t.Errorf("use %d of a closed client: %v", i, err)
			}
		}
		w.must(l.Unlock(w.ctx))
		w.left()
	})
}

// No error names a token.
func TestErrorsKeepTokens(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		l := w.lock(c, "a", time.Second)
		random := l.Token()[strings.LastIndexByte(l.Token(), '/')+1:]
		_, held := c.Mutex("a", time.Second).TryLock(w.ctx)
		w.server.Del("a")
		for _, err := range []error{held, l.Extend(w.ctx, time.Second), l.Unlock(w.ctx), l.Unlock(w.ctx)} {
			if err == nil || strings.Contains(err.Error(), random) || !strings.Contains(err.Error(), `"a"`) {
				t.Errorf("%v: want the lock's name and not its token", err)
			}
		}
	})
}

func TestWrongType(t *testing.T) {
	for _, key := range []string{"a", "{a}:redilock:fence", "{a}:redilock:queue", "{a}:redilock:waiters"} {
		t.Run(key, func(t *testing.T) {
			bubble(t, func(w *world) {
				if strings.HasSuffix(key, ":waiters") || strings.HasSuffix(key, ":queue") {
					w.must(w.server.Set("a", "another's"))
				}
				_, err := w.server.Push(key, "a list")
				w.must(err)
				before := w.server.Dump()
				if _, err := w.client().Mutex("a", time.Second).Lock(w.ctx); !errors.Is(err, redilock.ErrWrongType) {
					t.Errorf("Lock: %v", err)
				}
				if after := w.server.Dump(); after != before {
					t.Errorf("the server changed: %s\nwas: %s", after, before)
				}
			})
		})
	}
}

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

// A waiter whose question is denied leaves the queue: its place would get the lock, and keep it from the others.
func TestDeniedWaiterLeavesTheQueue(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		release := s.Hold("a")
		failed := make(chan error, 1)
		go func() {
			_, err := s.Client.Mutex("a", time.Minute).Lock(t.Context())
			failed <- err
		}()
		s.Advance(10 * time.Millisecond)
		s.FailNext(redilocktest.Acquire, redisError("NOPERM this user has no permissions"))
		s.Advance(time.Second)
		if err := <-failed; !errors.Is(err, redilock.ErrDenied) {
			t.Errorf("Lock: %v, want ErrDenied", err)
		}
		release()
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %q", left)
		}
	})
}
