// Package enginetest_test is the engine's own suite: the same demands on every primitive, over an in-memory server inside
// a testing/synctest bubble.
package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/buffered"
	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
	"github.com/zferentz/go-redilock/sdk/internal/release"
	"github.com/zferentz/go-redilock/sdk/internal/waiting"
	"github.com/zferentz/go-redilock/sdk/internal/wakeup"
)

// subjects are the primitives that the suite runs on: how many may hold a name, and the name.
var subjects = []struct {
	name     string
	capacity int
	of       func(name string) primitive.Resource
}{
	{"mutex", 1, func(name string) primitive.Resource {
		m, err := mutex.New(name)
		if err != nil {
			panic(err)
		}
		return m
	}},
	{"toy", toyCapacity, func(name string) primitive.Resource { return toy(name) }},
	{"semaphore", 3, func(name string) primitive.Resource {
		s, err := semaphore.New(name)
		if err != nil {
			panic(err)
		}
		return s
	}},
}

// engine is one client's layers, and a server of its own.
type engine struct {
	*testing.T
	server   *miniredis.Miniredis
	down     atomic.Pointer[error] // what every call answers
	queues   *waiting.Queues
	releases *release.Releaser
	leases   *lease.Set
	resource primitive.Resource
	capacity int
	tokens   atomic.Int64
}

// suite runs a demand on every primitive.
func suite(t *testing.T, demand func(e *engine)) {
	t.Helper()
	t.Parallel()
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &engine{T: t, server: miniredis.NewMiniRedis(), resource: s.of("x"), capacity: s.capacity}
				e.server.ClockTTL(true)
				t.Cleanup(e.server.Close)
				e.start()
				demand(e)
			})
		})
	}
}

func (e *engine) start() {
	rdb := redis.NewClient(&redis.Options{
		Addr:   "127.0.0.1:6379",
		Dialer: func(context.Context, string, string) (net.Conn, error) { return buffered.New(e.server.Dial()) },
	})
	rdb.AddHook(e)
	quiet := func(context.Context, event.Event) {}
	events := event.NewBackground(quiet, func(event.Kind) bool { return false })
	sender, time := call.New(rdb), clock.New(nil)
	e.releases = release.New(sender, time, events)
	e.queues = waiting.New(waiting.Config{Poll: poll, Presence: presence, NewToken: e.token}, waiting.Parts{
		Sender: sender, Clock: time, Sink: quiet, Events: events, Releases: e.releases,
	})
	messages := wakeup.New(rdb, "redilock:wake:test", e.queues, events)
	e.leases = lease.NewSet(sender, time, events, e.queues)
	e.queues.Use(e.leases, messages)
	e.Cleanup(func() {
		e.queues.Close()
		e.leases.Close()
		messages.Close()
		sender.Close()
		_ = rdb.Close()
	})
}

const (
	poll     = 50 * time.Millisecond
	presence = 6 * time.Second
)

func (e *engine) DialHook(next redis.DialHook) redis.DialHook { return next }

func (e *engine) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := e.down.Load(); err != nil && cmd.Name() == "evalsha" {
			cmd.SetErr(*err)
			return *err
		}
		return next(ctx, cmd)
	}
}

func (e *engine) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := e.down.Load()
		if err == nil || cmds[0].Name() != "evalsha" {
			return next(ctx, cmds)
		}
		for _, cmd := range cmds {
			cmd.SetErr(*err)
		}
		return *err
	}
}

func (e *engine) want(ttl time.Duration, autoExtend bool) waiting.Want {
	return waiting.Want{
		Terms: lease.Terms{
			Resource: e.resource, Name: "x", TTL: ttl, AutoExtend: autoExtend, Weight: 1, Limit: int64(e.capacity),
		},
		Token: e.token(),
	}
}

func (e *engine) token() string { return fmt.Sprint("token ", e.tokens.Add(1)) }

// lock takes the lock, which must be possible.
func (e *engine) lock(ttl time.Duration, autoExtend bool) *lease.Handle {
	e.Helper()
	h, err := e.queues.Lock(e.Context(), e.want(ttl, autoExtend))
	if err != nil {
		e.Fatal(err)
	}
	return h
}

// unlock gives it back, and says how that went.
func (e *engine) unlock(h *lease.Handle) error {
	last, err := h.Drop()
	if err != nil || !last {
		return errors.Join(err, errors.New("not the last"))
	}
	out, over := e.queues.Release(e.Context(), h, 5*time.Second)
	if !over {
		return errors.New("not released in time")
	}
	return out.Err
}

// fill takes all there is.
func (e *engine) fill(ttl time.Duration) (held []*lease.Handle) {
	for range e.capacity {
		held = append(held, e.lock(ttl, false))
	}
	return held
}

// TestCapacity: as many hold a name as its primitive allows, all of them get it in the end, and no more at a time.
func TestCapacity(t *testing.T) {
	suite(t, func(e *engine) {
		var now, most, served atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				h := e.lock(time.Minute, false)
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(10 * time.Millisecond)
				now.Add(-1)
				if err := e.unlock(h); err != nil {
					e.Error(err)
				}
				served.Add(1)
			})
		}
		all.Wait()
		if most.Load() != int64(e.capacity) || served.Load() != 20 {
			e.Errorf("%d held at once, %d were served; want %d and 20", most.Load(), served.Load(), e.capacity)
		}
		e.free()
	})
}

// free fails the test if anybody holds anything.
func (e *engine) free() {
	e.Helper()
	if e.server.Exists("x") {
		e.Error("it is held by nobody")
	}
	if held := e.leases.All(); len(held) > 0 {
		e.Errorf("%d grants are watched over", len(held))
	}
}

// TestRefusedWhileFull: asking once is refused while there is no room, and granted when there is.
func TestRefusedWhileFull(t *testing.T) {
	suite(t, func(e *engine) {
		held := e.fill(time.Minute)
		if _, refused, err := e.queues.Try(e.Context(), e.want(time.Minute, false)); refused == nil || err != nil {
			e.Errorf("refused %v, error %v", refused, err)
		}
		if err := e.unlock(held[0]); err != nil {
			e.Error(err)
		}
		h, refused, err := e.queues.Try(e.Context(), e.want(time.Minute, false))
		if h == nil {
			e.Fatal(refused, err)
		}
		for _, h := range append(held[1:], h) {
			if err := e.unlock(h); err != nil {
				e.Error(err)
			}
		}
		e.free()
	})
}

// TestCancelledWaits: those at the server and those behind them leave nothing.
func TestCancelledWaits(t *testing.T) {
	suite(t, func(e *engine) {
		held := e.fill(time.Minute)
		ctx, cancel := context.WithCancel(e.Context())
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := e.queues.Lock(ctx, e.want(time.Minute, false)); !errors.Is(err, context.Canceled) {
					e.Errorf("Lock: %v", err)
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		all.Wait()
		for _, h := range held {
			if err := e.unlock(h); err != nil {
				e.Error(err)
			}
		}
		time.Sleep(presence)
		e.free()
	})
}

// TestExpiry: a holder that does nothing ends at its deadline, and the next gets the lock; one that is renewed does not.
func TestExpiry(t *testing.T) {
	suite(t, func(e *engine) {
		held := e.fill(time.Second)
		start := time.Now()
		kept := e.lock(time.Second, true)
		if took := time.Since(start); took > time.Second+2*poll {
			e.Errorf("the next one waited %v", took)
		}
		if err := held[0].Err(); !errors.Is(err, failure.Expired) {
			e.Errorf("the first one: %v", err)
		}
		time.Sleep(time.Minute)
		if err := kept.Err(); err != nil {
			e.Errorf("the one that is renewed: %v", err)
		}
		if err := e.unlock(kept); err != nil {
			e.Error(err)
		}
		e.free()
	})
}

// TestOutage: a release that is refused is repeated until it is answered, and a wait outlives it.
func TestOutage(t *testing.T) {
	for _, failed := range []error{io.EOF, errors.New("nobody knows this one"), redis.ErrPoolExhausted} {
		t.Run(failed.Error(), func(t *testing.T) {
			suite(t, func(e *engine) {
				held := e.fill(time.Hour)
				got := make(chan *lease.Handle)
				go func() { got <- e.lock(time.Hour, false) }()
				time.Sleep(time.Second)
				e.down.Store(&failed)
				for _, h := range held {
					if err := e.unlock(h); err == nil {
						e.Error("released without a server")
					}
				}
				e.down.Store(nil)
				if err := e.unlock(<-got); err != nil {
					e.Error(err)
				}
				time.Sleep(presence)
				e.free()
			})
		})
	}
}

// TestLostGrantIsGivenBack: the server grants, the reply is lost, and the caller does not wait for another.
func TestLostGrantIsGivenBack(t *testing.T) {
	suite(t, func(e *engine) {
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		if _, _, err := e.queues.Try(ctx, e.want(time.Hour, false)); !errors.Is(err, context.Canceled) {
			e.Error(err)
		}
		time.Sleep(presence)
		e.free()
	})
}

// TestAContextThatEndedFirstWins: nobody gets a lock whose context ended before it was granted.
func TestAContextThatEndedFirstWins(t *testing.T) {
	suite(t, func(e *engine) {
		for range 200 {
			held := e.fill(time.Minute)
			ctx, cancel := context.WithCancel(e.Context())
			done := make(chan error)
			go func() {
				h, err := e.queues.Lock(ctx, e.want(time.Minute, false))
				if h != nil {
					e.Error("a lock for a context that has ended")
				}
				done <- err
			}()
			synctest.Wait()
			cancel()
			for _, h := range held {
				if err := e.unlock(h); err != nil {
					e.Error(err)
				}
			}
			if err := <-done; !errors.Is(err, context.Canceled) {
				e.Error(err)
			}
			synctest.Wait()
		}
		time.Sleep(presence)
		e.free()
	})
}
