package redilock_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// Callbacks may panic, be slow and call the client: the client is as good as before, nothing is stranded, nothing hangs,
// and what panics in a goroutine of the engine's own does not end the process. Each in a process of its own.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	wheres := []string{
		"trace Enqueued", "trace Acquired", "trace HandedOff", "trace Extended", "trace Lost", "trace Released",
		"trace all", "logger DEBUG", "logger WARN", "hook acquire", "hook release", "hook extend",
	}
	whats := []string{"panic", "slow", "Unlock", "Extend", "TryLock", "same", "Inspect", "Token", "new Lock"}
	gate := make(chan struct{}, 4) // so many processes at once
	for i, where := range wheres {
		for k, what := range whats {
			if testing.Short() && what != "panic" && (i+k)%4 > 0 {
				continue
			}
			t.Run(where+"/"+what, func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				server := miniredis.NewMiniRedis()
				server.ClockTTL(true)
				if err := server.Start(); err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				cmd := exec.CommandContext(ctx, os.Args[0], "callback", where, what)
				cmd.Env = append(os.Environ(), childEnv+"="+server.Addr())
				out, err := cmd.CombinedOutput()
				switch {
				case ctx.Err() != nil:
					t.Error("it hangs")
				case err != nil:
					lines := bytes.SplitN(out, []byte("\n"), 4)
					t.Errorf("%v: %s", err, bytes.Join(lines[:min(3, len(lines))], []byte(" | ")))
				}
			})
		}
	}
}

// tardy is a log or a trace that takes its time, one line after the other.
type tardy struct {
	slog.Handler
	takes time.Duration
	one   chan struct{}
}

func newTardy(takes time.Duration) tardy {
	return tardy{slog.DiscardHandler, takes, make(chan struct{}, 1)}
}

func (h tardy) wait() {
	h.one <- struct{}{}
	time.Sleep(h.takes)
	<-h.one
}

func (tardy) Enabled(context.Context, slog.Level) bool    { return true }
func (h tardy) Handle(context.Context, slog.Record) error { h.wait(); return nil }
func (h tardy) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h tardy) WithGroup(string) slog.Handler             { return h }

// A slow log or trace loses no lock on a healthy server. In real time: what waits for a mutex stops a bubble's.
func TestSlowCallbacksLoseNothing(t *testing.T) {
	t.Parallel()
	const ttl, locks = 2 * time.Second, 200 // a line takes 20 ms: all of them take longer than a lease
	slow := func(event string, takes time.Duration) redilock.Option {
		h := newTardy(takes)
		return redilock.WithTrace(traced(event, func(redilock.Event) { h.wait() }))
	}
	for name, opt := range map[string]redilock.Option{
		"a log of 20 ms a line":   redilock.WithLogger(slog.New(newTardy(20 * time.Millisecond))),
		"Extended takes 20 ms":    slow("Extended", 20*time.Millisecond),
		"Extended takes a second": slow("Extended", time.Second),
		"everything takes 20 ms":  slow("all", 20*time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) { // one after the other: the server in memory takes a millisecond for each call
			c, exists := quickServer(t, opt)
			held := make(chan *redilock.Lock, locks)
			var all sync.WaitGroup
			for i := range locks {
				all.Go(func() {
					l, err := c.Mutex(fmt.Sprint("x", i), ttl, redilock.WithAutoExtend()).Lock(t.Context())
					want(t, "Lock", err, nil)
					held <- l
				})
			}
			all.Wait()
			close(held)
			time.Sleep(3 * ttl) // several renewals of each
			lost := 0
			for l := range held {
				if l == nil || l.Context().Err() != nil || !exists(l.Key()) {
					lost++
				}
			}
			if lost > 0 {
				t.Errorf("%d of %d locks were lost on a healthy server", lost, locks)
			}
		})
	}
}

// quickServer is a server of this machine where there is one: a busy one answers hundreds of renewals a second, the one in
// memory does not under the race detector.
func quickServer(t *testing.T, opt redilock.Option) (c *redilock.Client, exists func(key string) bool) {
	t.Helper()
	found := server.Executables()
	if len(found) == 0 || found[0].Err != nil {
		s := redilocktest.New(t)
		return s.NewClient(opt), s.Held
	}
	s := server.StartT(t, server.Options{Executable: found[0].Path})
	rdb := redis.NewClient(s.RedisOptions())
	t.Cleanup(func() { _ = rdb.Close() })
	return newClient(t, s.RedisOptions(), opt), func(key string) bool { return rdb.Exists(t.Context(), key).Val() == 1 }
}

// callerKey is under which a caller's context carries a value.
type callerKey struct{}

// seen notes which calls come with the caller's value.
type seen struct {
	mu      sync.Mutex
	with    map[string]int
	without map[string]int
}

func (h *seen) note(ctx context.Context, cmds ...redis.Cmder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cmd := range cmds {
		if verb := verbOf(cmd); verb != "" && ctx.Value(callerKey{}) == "a caller" {
			h.with[verb]++
		} else if verb != "" {
			h.without[verb]++
		}
	}
}

func (h *seen) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *seen) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { h.note(ctx, cmd); return next(ctx, cmd) }
}

func (h *seen) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { h.note(ctx, cmds...); return next(ctx, cmds) }
}

// The values of the caller's context reach go-redis' hooks in every call that is made for it.
func TestContextValuesReachHooks(t *testing.T) {
	t.Parallel()
	type server = redilocktest.Server
	withValue := func(ctx context.Context) context.Context { return context.WithValue(ctx, callerKey{}, "a caller") }
	for name, test := range map[string]struct {
		verbs string
		run   func(t *testing.T, s *server, ctx context.Context) error
	}{
		"Lock and Unlock": {"acquire release", func(t *testing.T, s *server, ctx context.Context) error {
			l, err := s.Client.Mutex("x", time.Minute).Lock(withValue(ctx))
			want(t, "Lock", err, nil)
			return l.Unlock(withValue(ctx))
		}},
		"Lock with a context that may end": {"acquire release", func(t *testing.T, s *server, ctx context.Context) error {
			ctx, cancel := context.WithTimeout(withValue(ctx), time.Hour)
			defer cancel()
			l, err := s.Client.Mutex("x", time.Minute).Lock(ctx)
			want(t, "Lock", err, nil)
			return l.Unlock(ctx)
		}},
		"TryLock, Extend": {"acquire extend release", func(t *testing.T, s *server, ctx context.Context) error {
			ctx = withValue(ctx)
			l, err := s.Client.Mutex("x", time.Minute).TryLock(ctx)
			want(t, "TryLock", err, nil)
			want(t, "Extend", l.Extend(ctx, time.Hour), nil)
			return l.Unlock(ctx)
		}},
		"Do": {"acquire release", func(t *testing.T, s *server, ctx context.Context) error {
			return s.Client.Do(withValue(ctx), "x", time.Minute, func(ctx context.Context, _ *redilock.Lock) error {
				if ctx.Value(callerKey{}) == nil {
					t.Error("fn's context has lost the value")
				}
				return nil
			})
		}},
		"Inspect": {"inspect", func(_ *testing.T, s *server, ctx context.Context) error {
			_, err := s.Client.Inspect(withValue(ctx), "x")
			return err
		}},
		"a wait": {"acquire release", func(t *testing.T, s *server, ctx context.Context) error {
			time.AfterFunc(10*time.Second, s.Hold("x"))
			l, err := s.Client.Mutex("x", time.Minute).Lock(withValue(ctx))
			want(t, "Lock", err, nil)
			return l.Unlock(withValue(ctx))
		}},
		"a wait that is given up": {"acquire release", func(t *testing.T, s *server, ctx context.Context) error {
			defer s.Hold("x")()
			ctx, cancel := context.WithTimeout(withValue(ctx), time.Second)
			defer cancel()
			_, err := s.Client.Mutex("x", time.Minute).Lock(ctx)
			want(t, "Lock", err, context.DeadlineExceeded)
			s.Advance(time.Second)
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				h := &seen{with: map[string]int{}, without: map[string]int{}}
				s.Redis.AddHook(h)
				want(t, name, test.run(t, s, t.Context()), nil)
				h.mu.Lock()
				defer h.mu.Unlock()
				for verb, n := range h.without {
					t.Errorf("%d calls of %s came without the caller's value", n, verb)
				}
				for verb := range strings.FieldsSeq(test.verbs) {
					if h.with[verb] == 0 {
						t.Errorf("no call of %s with the caller's value", verb)
					}
				}
			})
		})
	}
}
