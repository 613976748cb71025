package redilock_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// elsewhere are the ways in which a lock ends that its handle has no part in. here: by the same client.
var elsewhere = map[string]struct {
	here bool
	end  func(t *testing.T, s *redilocktest.Server, l *redilock.Lock)
}{
	"Unlock by the token, in the same client": {true, func(t *testing.T, s *redilocktest.Server, l *redilock.Lock) {
		a, err := s.Client.Attach("x", l.Token())
		want(t, "Attach", err, nil)
		want(t, "Unlock", a.Unlock(t.Context()), nil)
	}},
	"Unlock by the token, after an Extend": {true, func(t *testing.T, s *redilocktest.Server, l *redilock.Lock) {
		a, err := s.Client.Attach("x", l.Token(), redilock.WithAutoExtend())
		want(t, "Attach", err, nil)
		want(t, "Extend", a.Extend(t.Context(), 2*time.Hour), nil)
		want(t, "Unlock", a.Unlock(t.Context()), nil)
	}},
	"Unlock by the token, in another process": {false, func(t *testing.T, s *redilocktest.Server, l *redilock.Lock) {
		a, err := s.NewClient().Attach("x", l.Token())
		want(t, "Attach", err, nil)
		want(t, "Unlock", a.Unlock(t.Context()), nil)
	}},
	"DEL": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		want(t, "DEL", s.Redis.Del(t.Context(), "x").Err(), nil)
	}},
	"DEL of all its keys": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		keys, err := s.Redis.Keys(t.Context(), "*x*").Result()
		want(t, "KEYS", err, nil)
		want(t, "DEL", s.Redis.Del(t.Context(), keys...).Err(), nil)
	}},
	"RENAME": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		want(t, "RENAME", s.Redis.Rename(t.Context(), "x", "y").Err(), nil)
	}},
	"an expiry that was cut": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		want(t, "PEXPIRE", s.Redis.PExpire(t.Context(), "x", time.Millisecond).Err(), nil)
	}},
	"FLUSHALL": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		want(t, "FLUSHALL", s.Redis.FlushAll(t.Context()).Err(), nil)
	}},
	"stolen, and let go": {false, func(t *testing.T, s *redilocktest.Server, _ *redilock.Lock) {
		s.Steal("x")
		want(t, "DEL", s.Redis.Del(t.Context(), "x").Err(), nil)
	}},
}

// A lock that ends anywhere but through its handle strands nobody of its own process: those that wait there have it as soon
// as they have asked the server, as others do.
func TestReleasedElsewhere(t *testing.T) {
	t.Parallel()
	takes := map[string]func(*redilock.Mutex, context.Context) (*redilock.Lock, error){
		"by Lock": (*redilock.Mutex).Lock, "by TryLock": (*redilock.Mutex).TryLock,
	}
	for way, test := range elsewhere {
		for how, take := range takes {
			for _, before := range []bool{true, false} {
				when := map[bool]string{true: "/waited for before", false: "/waited for after"}[before]
				t.Run(way+"/"+how+when, func(t *testing.T) {
					t.Parallel()
					redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
						l, err := take(s.Client.Mutex("x", time.Hour), t.Context())
						want(t, "the first Lock", err, nil)
						held := l.Context()
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						var waits []<-chan outcome
						wait := func() {
							for range 2 {
								waits = append(waits, call(s.Client.Mutex("x", time.Hour).Lock, ctx))
								s.Advance(time.Millisecond) // they come one after the other
							}
						}
						if before {
							wait()
							s.Advance(10 * time.Second)
						}
						test.end(t, s, l)
						if test.here && held.Err() == nil {
							t.Error("its own client has released it, and its context has not ended")
						}
						ended := time.Now()
						if !before {
							wait()
						}
						for i, w := range waits {
							got, ok := within(t, 2*time.Minute, "the next Lock", w)
							if took := time.Since(ended); took > oneLook {
								t.Errorf("Lock number %d behind it took %v, of a lock that was free", i+1, took)
							}
							want(t, "the next Lock", got.err, nil)
							if !ok || got.lock == nil {
								continue
							}
							if held.Err() == nil {
								t.Error("two holders in one client: the context of the first has not ended")
							}
							want(t, "Unlock", got.lock.Unlock(t.Context()), nil)
							ended = time.Now()
						}
						err = l.Unlock(t.Context())
						if !errors.Is(err, redilock.ErrLost) && !errors.Is(err, redilock.ErrUnlocked) {
							t.Errorf("Unlock of what was released elsewhere: %v", err)
						}
						s.Advance(time.Second)
						free(t, s, "after all", "x")
					})
				})
			}
		}
	}
}

// The same while others wait at the server: a client whose own handle is stale neither keeps them out nor waits longer
// than they do.
func TestReleasedElsewhereWithOthers(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
		want(t, "Lock", err, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m := s.NewClient().Mutex("x", time.Hour)
		theirs := call(m.Lock, ctx)
		s.Advance(time.Second)
		ours := call(s.Client.Mutex("x", time.Hour).Lock, ctx)
		s.Advance(10 * time.Second)
		a, err := s.NewClient().Attach("x", l.Token())
		want(t, "Attach", err, nil)
		want(t, "Unlock", a.Unlock(t.Context()), nil)
		start := time.Now()
		if got, ok := within(t, time.Minute, "the other client", theirs); ok && got.err == nil {
			want(t, "Unlock", got.lock.Unlock(t.Context()), nil)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the other client waited %v", took)
		}
		got, _ := within(t, 2*time.Minute, "its own client", ours)
		want(t, "its own client's Lock", got.err, nil)
		if took := time.Since(start); took > oneLook {
			t.Errorf("its own client waited %v", took)
		}
		if got.lock != nil {
			want(t, "Unlock", got.lock.Unlock(t.Context()), nil)
		}
	})
}

// An attached lock whose release has lost its reply was released, and says so, as any other does.
func TestAttachedUnlockLosesItsReply(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		here, extend bool
		lost         int
	}{
		"of the same client": {here: true, lost: 1}, "of another": {lost: 1}, "extended": {extend: true, lost: 1},
		"three times": {lost: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				var lost atomic.Int64
				c := s.NewClient(redilock.WithTrace(traced("Lost", func(redilock.Event) { lost.Add(1) })))
				first := s.NewClient()
				if test.here {
					first = c
				}
				l, err := first.Mutex("x", time.Hour).Lock(t.Context())
				want(t, "Lock", err, nil)
				a, err := c.Attach("x", l.Token())
				want(t, "Attach", err, nil)
				if test.extend {
					want(t, "Extend", a.Extend(t.Context(), time.Hour), nil)
				}
				for range test.lost {
					s.LoseNext(redilocktest.Release)
				}
				want(t, "Unlock", a.Unlock(t.Context()), nil)
				if n := lost.Load(); n > 0 {
					t.Errorf("told of %d losses", n)
				}
				free(t, s, "after Unlock", "x")
				want(t, "Unlock again", a.Unlock(t.Context()), redilock.ErrUnlocked)
			})
		})
	}
	// And one that was really gone says so.
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		a, err := s.Client.Attach("x", "gone")
		want(t, "Attach", err, nil)
		want(t, "Unlock", a.Unlock(t.Context()), redilock.ErrLost)
	})
}

// Ring clients are refused: a name moves to another shard when its own is voted down, and both then have a holder.
func TestRingIsRefused(t *testing.T) {
	t.Parallel()
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1", "b": "127.0.0.1:2"}})
	defer ring.Close()
	one := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	defer one.Close()
	for name, rdb := range map[string]redis.UniversalClient{
		"two shards": ring, "one shard": one, "embedded": struct{ *redis.Ring }{ring},
	} {
		c, err := redilock.New(rdb)
		want(t, name, err, redilock.ErrInvalid)
		if err == nil {
			c.Close()
		}
	}
}
