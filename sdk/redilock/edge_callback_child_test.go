package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// callback, of where and what, is a process whose callback of the engine panics, or calls the client, a few times. What it
// does is recovered, as net/http recovers its handlers. Afterwards the client must be as good as before.
func callback(addr string, args []string) error {
	where, what := args[0], args[1]
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	var armed atomic.Bool
	var bitten atomic.Int64
	var act func()
	bite := func() {
		if armed.CompareAndSwap(true, false) {
			bitten.Add(1)
			act()
		}
	}
	opts := []redilock.Option{redilock.WithLogger(slog.New(slog.DiscardHandler))}
	switch kind, name, _ := strings.Cut(where, " "); kind {
	case "trace":
		opts = append(opts, redilock.WithTrace(traced(name, func(redilock.Event) { bite() })))
	case "logger":
		opts = append(opts, redilock.WithLogger(slog.New(bitingLog{slog.DiscardHandler, name, bite})))
	case "hook":
		rdb.AddHook(hook(func(verb string, _ []redis.Cmder, send func() error) error {
			if verb == name {
				bite()
			}
			return send()
		}))
	}
	c, err := redilock.New(rdb, opts...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	spare, err := c.Mutex("spare", time.Hour).Lock(ctx) // for an Unlock inside a callback
	if err != nil {
		return err
	}
	act = map[string]func(){
		"panic":   func() { panic("boom") },
		"slow":    func() { time.Sleep(time.Second) },
		"Unlock":  func() { _ = spare.Unlock(ctx) },
		"Extend":  func() { _ = spare.Extend(ctx, time.Hour) },
		"TryLock": func() { _, _ = c.Mutex("spare", time.Hour).TryLock(ctx) },
		"same":    func() { _, _ = c.Mutex("same", time.Hour).TryLock(ctx) },
		"Inspect": func() { _, _ = c.Inspect(ctx, "spare") },
		"Token":   func() { _ = spare.Token(); _ = spare.Context().Err(); _ = spare.Deadline() },
		"new Lock": func() {
			_ = c.Do(ctx, "another", time.Minute, func(context.Context, *redilock.Lock) error { return nil })
		},
	}[what]
	before, err := pace(ctx, c)
	if err != nil {
		return err
	}
	for range 4 {
		armed.Store(true)
		story(ctx, c)
		armed.Store(false)
	}
	if bitten.Load() == 0 {
		return errors.New("the callback was never called: nothing is proven")
	}
	// What a callback has taken, or a panic has cost the handle of, need not be free; but what the story unlocked, and what
	// it never got, is.
	for _, name := range []string{"x", "y", "z"} {
		within, cancel := context.WithTimeout(ctx, onePresence+3*time.Second)
		err := c.Do(within, name, time.Minute, func(context.Context, *redilock.Lock) error { return nil })
		cancel()
		if err != nil {
			return fmt.Errorf("afterwards %s cannot be locked: %w", name, err)
		}
	}
	after, err := pace(ctx, c)
	if err != nil {
		return err
	}
	if after > 10*before+10*time.Millisecond {
		return fmt.Errorf("afterwards a pair of calls takes %v, before it took %v", after, before)
	}
	start := time.Now()
	if err := c.Close(); err != nil || time.Since(start) > 4*time.Second {
		return fmt.Errorf("Close took %v: %w", time.Since(start), err)
	}
	return nil
}

// pace is how long a Lock and its Unlock take, in the middle.
func pace(ctx context.Context, c *redilock.Client) (time.Duration, error) {
	var took []time.Duration
	for range 21 {
		start := time.Now()
		l, err := c.Mutex("pace", time.Minute).Lock(ctx)
		if err == nil {
			err = l.Unlock(ctx)
		}
		if err != nil {
			return 0, fmt.Errorf("a lock that nobody else wants: %w", err)
		}
		took = append(took, time.Since(start))
	}
	// The fastest: what slows every call slows it too, and a busy machine does not.
	return slices.Min(took), nil
}

// story is a turn of everything that a trace tells of, each call in a handler that recovers.
func story(ctx context.Context, c *redilock.Client) {
	var all sync.WaitGroup
	defer all.Wait()
	handle := func(do func()) {
		defer func() { _ = recover() }()
		do()
	}
	var l *redilock.Lock
	handle(func() { l, _ = c.Mutex("x", time.Hour).Lock(ctx) })
	limited, cancel := context.WithTimeout(ctx, time.Second)
	all.Go(func() {
		defer cancel()
		handle(func() {
			if next, err := c.Mutex("x", time.Hour).Lock(limited); err == nil {
				defer next.Unlock(ctx)
			}
		})
	})
	all.Go(func() { // is extended by itself
		handle(func() {
			if l, err := c.Mutex("y", 300*time.Millisecond, redilock.WithAutoExtend()).Lock(limited); err == nil {
				defer l.Unlock(ctx)
				time.Sleep(200 * time.Millisecond)
			}
		})
	})
	all.Go(func() { // ends by its lease
		handle(func() {
			if l, err := c.Mutex("z", 50*time.Millisecond).TryLock(limited); err == nil {
				<-l.Context().Done()
			}
		})
	})
	time.Sleep(100 * time.Millisecond)
	if l != nil {
		handle(func() { _ = l.Unlock(ctx) })
		handle(func() { _ = l.Unlock(ctx) }) // a handler's deferred one, after a panic in the first
	}
}

// bitingLog is a handler that bites at lines of a level.
type bitingLog struct {
	slog.Handler
	level string
	bite  func()
}

func (bitingLog) Enabled(context.Context, slog.Level) bool { return true }

func (l bitingLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level.String() == l.level {
		l.bite()
	}
	return nil
}
