package redilock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// The end of the redis client ends what waits on it: nothing will ever come of it.
func TestRedisClientIsClosed(t *testing.T) {
	t.Parallel()
	const soon = 10 * time.Second
	ended := func(t *testing.T, what string, err error) {
		t.Helper()
		want(t, what, err, redis.ErrClosed)
		if !errors.Is(err, redilock.ErrUnavailable) && !errors.Is(err, redilock.ErrClosed) {
			t.Errorf("%s: %v is of no kind", what, err)
		}
	}
	for name, run := range map[string]func(t *testing.T, s *redilocktest.Server){
		"a wait at the server": func(t *testing.T, s *redilocktest.Server) {
			defer s.Hold("x")()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			done := call(s.Client.Mutex("x", time.Minute).Lock, ctx)
			behind := call(s.Client.Mutex("x", time.Minute).Lock, ctx)
			s.Advance(time.Second)
			s.Redis.Close()
			for _, d := range []<-chan outcome{done, behind} {
				got, _ := within(t, soon, "Lock after the end of the redis client", d)
				ended(t, "Lock", got.err)
			}
		},
		"a wait behind a holder of the same client": func(t *testing.T, s *redilocktest.Server) {
			_, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
			want(t, "Lock", err, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			done := call(s.Client.Mutex("x", time.Hour).Lock, ctx)
			s.Advance(time.Second)
			s.Redis.Close()
			got, _ := within(t, soon, "Lock after the end of the redis client", done)
			ended(t, "Lock", got.err)
		},
		"calls to come": func(t *testing.T, s *redilocktest.Server) {
			held, err := s.Client.Mutex("held", time.Hour).Lock(t.Context())
			want(t, "Lock", err, nil)
			s.Redis.Close()
			start := time.Now()
			_, err = s.Client.Mutex("x", time.Minute).Lock(t.Context())
			ended(t, "Lock", err)
			_, err = s.Client.Mutex("x", time.Minute).TryLock(t.Context())
			ended(t, "TryLock", err)
			ended(t, "Extend", held.Extend(t.Context(), time.Hour))
			_, err = s.Client.Inspect(t.Context(), "x")
			ended(t, "Inspect", err)
			ended(t, "Unlock", held.Unlock(t.Context()))
			if took := time.Since(start); took > soon {
				t.Errorf("five calls took %v", took)
			}
		},
		"Close": func(t *testing.T, s *redilocktest.Server) {
			_, err := s.Client.Mutex("x", time.Hour, redilock.WithAutoExtend()).Lock(t.Context())
			want(t, "Lock", err, nil)
			s.Redis.Close()
			start := time.Now()
			want(t, "Close", s.Client.Close(), nil)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("Close took %v", took)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				run(t, s)
			})
		})
	}
}

// A pool that has no connection to give has one in a while: who gives a lock back or waits for it tries again. Not in a
// bubble: go-redis' pools share timers.
func TestPoolWithoutConnections(t *testing.T) {
	t.Parallel()
	const busyFor = 2 * time.Second
	pools := map[string]redis.Options{
		"exhausted": {PoolSize: 10, MaxActiveConns: 1},
		"time-out":  {PoolSize: 1, PoolTimeout: time.Millisecond},
	}
	for kind, o := range pools {
		for name, run := range map[string]func(ctx context.Context, c *redilock.Client, l *redilock.Lock) error{
			"Unlock": func(ctx context.Context, _ *redilock.Client, l *redilock.Lock) error { return l.Unlock(ctx) },
			"Close, then Unlock": func(ctx context.Context, c *redilock.Client, l *redilock.Lock) error {
				return errors.Join(c.Close(), l.Unlock(ctx))
			},
			"Unlock, then Lock": func(ctx context.Context, c *redilock.Client, l *redilock.Lock) error {
				if err := l.Unlock(ctx); err != nil {
					return err
				}
				l, err := c.Mutex("x", time.Hour).Lock(ctx)
				if err != nil {
					return err
				}
				return l.Unlock(ctx)
			},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				o := o
				o.Addr = miniredis.RunT(t).Addr()
				rdb := redis.NewClient(&o)
				defer rdb.Close()
				c, err := redilock.New(rdb)
				want(t, "New", err, nil)
				defer c.Close()
				l, err := c.Mutex("x", time.Hour).Lock(t.Context())
				want(t, "Lock", err, nil)
				busy := rdb.Conn() // somebody else has the only connection
				want(t, "PING", busy.Ping(t.Context()).Err(), nil)
				timer := time.AfterFunc(busyFor, func() { busy.Close() })
				defer timer.Stop()
				want(t, name, run(t.Context(), c, l), nil)
				other := redis.NewClient(&redis.Options{Addr: o.Addr})
				defer other.Close()
				for end := time.Now().Add(busyFor + onePresence); other.Exists(t.Context(), "x").Val() > 0; {
					if time.Now().After(end) {
						t.Fatal("the lock is held by nobody one presence after there was a connection")
					}
					time.Sleep(20 * time.Millisecond)
				}
			})
		}
	}
	// An automatically extended lock outlives it as well.
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		down := &outage{}
		s.Redis.AddHook(hook(down.hook))
		l, err := s.Client.Mutex("x", 6*time.Second, redilock.WithAutoExtend()).Lock(t.Context())
		want(t, "Lock", err, nil)
		for range 5 {
			down.set(redis.ErrPoolExhausted)
			s.Advance(3 * time.Second)
			down.set(nil)
			s.Advance(4 * time.Second)
		}
		want(t, "the context", l.Context().Err(), nil)
		want(t, "Unlock", l.Unlock(t.Context()), nil)
	})
}
