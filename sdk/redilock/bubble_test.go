package redilock_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/buffered"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// world is an in-memory server inside a synctest bubble: hours pass in milliseconds, and every timer fires on the dot.
type world struct {
	*testing.T
	server *miniredis.Miniredis
	ctx    context.Context
}

// bubble runs a test in a world of its own.
func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		t.Cleanup(m.Close)
		test(&world{T: t, server: m, ctx: t.Context()})
	})
}

// redis gives a connection pool to the server.
func (w *world) redis() *redis.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr:   "127.0.0.1:6379", // a name would be looked up outside the bubble
		Dialer: func(context.Context, string, string) (net.Conn, error) { return buffered.New(w.server.Dial()) },
		// Nobody waits for a connection: go-redis' pools share timers, and one of another bubble never fires.
		PoolSize: 1000,
	})
	w.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// client gives a lock client of its own, as another process would have.
func (w *world) client(opts ...redilock.Option) *redilock.Client {
	w.Helper()
	c, err := redilock.New(w.redis(), opts...)
	w.must(err)
	w.Cleanup(func() { _ = c.Close() })
	return c
}

// counted gives a client whose calls are counted, and take 200 µs each: in a bubble they would take no time at all.
func (w *world) counted(opts ...redilock.Option) (*redilock.Client, *atomic.Int64) {
	return w.paced(200*time.Microsecond, opts...)
}

// paced is counted with another time that a call takes.
func (w *world) paced(trip time.Duration, opts ...redilock.Option) (*redilock.Client, *atomic.Int64) {
	w.Helper()
	h := &counter{trip: trip}
	rdb := w.redis()
	rdb.AddHook(h)
	c, err := redilock.New(rdb, opts...)
	w.must(err)
	w.Cleanup(func() { _ = c.Close() })
	return c, &h.calls
}

// counter counts the calls of scripts.
type counter struct {
	trip  time.Duration
	calls atomic.Int64
}

func (h *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			h.calls.Add(1)
			time.Sleep(h.trip)
		}
		return next(ctx, cmd)
	}
}

func (h *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "evalsha" {
				h.calls.Add(1)
			}
		}
		time.Sleep(h.trip)
		return next(ctx, cmds)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// lock takes a lock that must be free.
func (w *world) lock(c *redilock.Client, name string, ttl time.Duration, opts ...redilock.LockOption) *redilock.Lock {
	w.Helper()
	l, err := c.Mutex(name, ttl, opts...).Lock(w.ctx)
	w.must(err)
	return l
}

// left fails the test if the server holds anything but fences, which expire by themselves.
func (w *world) left() {
	w.Helper()
	for _, key := range w.server.Keys() {
		if w.server.TTL(key) == 0 {
			w.Errorf("key %s has no expiry", key)
		}
		if len(key) < 6 || key[len(key)-6:] != ":fence" {
			w.Errorf("key %s is left on the server", key)
		}
	}
}
