package redilock_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// impatient is a middleware that comes back with ctx.Err() when ctx ends, while the call it has sent goes on.
type impatient struct {
	verb string
	took time.Duration // by the calls of that script
}

func (h *impatient) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *impatient) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if verbOf(cmd) != h.verb {
			return next(ctx, cmd)
		}
		copied := redis.NewCmd(ctx, cmd.Args()...)
		done := make(chan error, 1)
		go func() {
			time.Sleep(h.took)
			done <- next(context.WithoutCancel(ctx), copied)
		}()
		select {
		case err := <-done:
			if c, ok := cmd.(interface{ SetVal(any) }); ok {
				c.SetVal(copied.Val())
			}
			cmd.SetErr(err)
			return err
		case <-ctx.Done():
			cmd.SetErr(ctx.Err())
			return ctx.Err()
		}
	}
}

func (h *impatient) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A call whose hook came back with the end of the context may have run all the same: what it was granted is given back.
func TestCancelledCallMayHaveRun(t *testing.T) {
	t.Parallel()
	ends := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
		"out of time": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
	}
	for how, end := range ends {
		for name, lock := range map[string]func(*redilock.Mutex, context.Context) (*redilock.Lock, error){
			"Lock": (*redilock.Mutex).Lock, "TryLock": (*redilock.Mutex).TryLock,
			"Do": func(m *redilock.Mutex, ctx context.Context) (*redilock.Lock, error) {
				return nil, m.Do(ctx, func(context.Context, *redilock.Lock) error { return errors.New("it ran") })
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
					warm(t, s)
					s.Redis.AddHook(&impatient{"acquire", 2 * time.Second})
					ctx, cancel := end(t.Context())
					defer cancel()
					_, err := lock(s.Client.Mutex("x", time.Hour), ctx)
					want(t, name, err, ctx.Err())
					s.Advance(onePresence)
					free(t, s, "after the call was given up", "x")
				})
			})
		}
	}
}

// Whatever a transport or a middleware says of a call that the server has run, nothing is left on the server, and nobody
// is told of a loss.
func TestErrorOfACallThatRan(t *testing.T) {
	t.Parallel()
	for kind, err := range broken {
		// after makes the next call of a script fail after the server has run it.
		after := func(s *redilocktest.Server, verb string) {
			var once atomic.Bool
			s.Redis.AddHook(hook(func(v string, cmds []redis.Cmder, send func() error) error {
				e := send()
				if v != verb || !once.CompareAndSwap(false, true) {
					return e
				}
				return failed(cmds, err)
			}))
		}
		for name, run := range map[string]func(t *testing.T, s *redilocktest.Server){
			"Lock": func(t *testing.T, s *redilocktest.Server) {
				after(s, "acquire")
				if l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context()); err == nil {
					want(t, "Unlock", l.Unlock(t.Context()), nil)
				}
			},
			"TryLock": func(t *testing.T, s *redilocktest.Server) {
				after(s, "acquire")
				if l, err := s.Client.Mutex("x", time.Hour).TryLock(t.Context()); err == nil {
					want(t, "Unlock", l.Unlock(t.Context()), nil)
				} else if errors.Is(err, redilock.ErrHeld) {
					t.Errorf("TryLock of a lock that nobody else has: %v", err)
				}
			},
			"a place in the queue": func(t *testing.T, s *redilocktest.Server) {
				release := s.Hold("x")
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				after(s, "acquire")
				if _, err := s.Client.Mutex("x", time.Hour).Lock(ctx); err == nil {
					t.Error("two holders")
				}
				s.Advance(2 * time.Second)
				release()
			},
			"Extend": func(t *testing.T, s *redilocktest.Server) {
				l, err := s.Client.Mutex("x", time.Minute).Lock(t.Context())
				want(t, "Lock", err, nil)
				after(s, "extend")
				if err := l.Extend(t.Context(), time.Hour); errors.Is(err, redilock.ErrLost) {
					t.Errorf("Extend: %v", err)
				}
				want(t, "the context", l.Context().Err(), nil)
				want(t, "Unlock", l.Unlock(t.Context()), nil)
			},
			"Unlock": func(t *testing.T, s *redilocktest.Server) {
				l, err := s.Client.Mutex("x", time.Hour).Lock(t.Context())
				want(t, "Lock", err, nil)
				after(s, "release")
				want(t, "Unlock", l.Unlock(t.Context()), nil)
			},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
					warm(t, s)
					run(t, s)
					s.Advance(onePresence)
					if left := s.Leftovers(); len(left) > 0 {
						t.Errorf("left on the server: %q", left)
					}
				})
			})
		}
	}
}

// A silent connection holds up one call of a name, and no others: those that come when the network is well again have the
// lock as soon as the server gives it.
func TestSilentConnection(t *testing.T) {
	t.Parallel()
	options := map[string]redis.Options{
		"no read time-out":     {ReadTimeout: -1, WriteTimeout: -1},
		"a long one":           {ReadTimeout: time.Hour, WriteTimeout: time.Hour},
		"the usual one":        {},
		"contexts bound reads": {ReadTimeout: -1, ContextTimeoutEnabled: true},
		// Not PoolSize 1, which waits for the connection: go-redis' pools share timers, and one of another bubble never
		// fires.
		"one connection at the most, a short time-out": {MaxActiveConns: 1, ReadTimeout: time.Second},
	}
	// Each begins with its connections silent, and ends a call that will have no answer.
	calls := map[string]func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()){
		"Lock": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			silence()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Mutex("x", time.Minute).Lock(ctx)
			want(t, "Lock on a silent connection", err, context.DeadlineExceeded)
		},
		"Lock without end": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			silence()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Second, cancel)
			go func() { // on a connection that never says anything
				if l, err := c.Mutex("x", time.Minute).Lock(ctx); err == nil {
					want(t, "Unlock", l.Unlock(ctx), nil)
				}
			}()
			s.Advance(time.Second)
		},
		"Lock while it waits": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			release := s.Hold("x")
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			done := call(c.Mutex("x", time.Minute).Lock, ctx)
			s.Advance(time.Second)
			silence()
			got, _ := within(t, time.Minute, "Lock", done)
			want(t, "Lock on a silent connection", got.err, context.DeadlineExceeded)
			release()
		},
		"Unlock": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			l, err := c.Mutex("x", time.Hour).Lock(t.Context())
			want(t, "Lock", err, nil)
			silence()
			start := time.Now()
			want(t, "Unlock on a silent connection", l.Unlock(t.Context()), redilock.ErrUnavailable)
			if took := time.Since(start); took > 9*time.Second {
				t.Errorf("Unlock took %v", took)
			}
		},
		"TryLock": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			silence()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Mutex("x", time.Minute).TryLock(ctx)
			want(t, "TryLock on a silent connection", err, context.DeadlineExceeded)
		},
		"Extend": func(t *testing.T, s *redilocktest.Server, c *redilock.Client, silence func()) {
			l, err := c.Mutex("x", 3*time.Second).Lock(t.Context())
			want(t, "Lock", err, nil)
			silence()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			want(t, "Extend on a silent connection", l.Extend(ctx, time.Minute), context.DeadlineExceeded)
			s.Advance(3 * time.Second)
		},
	}
	for how, o := range options {
		for name, run := range calls {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
					warm(t, s)
					c, g := silenced(t, s, o)
					l, err := c.Mutex("warm", time.Minute).Lock(t.Context())
					want(t, "Lock", err, nil)
					want(t, "Unlock", l.Unlock(t.Context()), nil)
					run(t, s, c, g.silence)
					g.heal()
					ctx, cancel := context.WithTimeout(t.Context(), onePresence+3*time.Second)
					defer cancel()
					l, err = c.Mutex("x", time.Minute).Lock(ctx)
					want(t, "Lock, one presence after the network is well again", err, nil)
					if err == nil {
						want(t, "Unlock", l.Unlock(t.Context()), nil)
					}
					s.Advance(onePresence)
					free(t, s, "after all", "x")
				})
			})
		}
	}
}

// A server that does not answer is not taken for a lock that somebody holds: the error of a call whose context ends tells
// of it. And a lock that somebody holds is not taken for a server that does not answer.
func TestHungServerIsNoHeldLock(t *testing.T) {
	t.Parallel()
	const patience = 500 * time.Millisecond // less than any time-out of go-redis
	calls := map[string]func(ctx context.Context, c *redilock.Client, held *redilock.Lock) error{
		"Lock": func(ctx context.Context, c *redilock.Client, _ *redilock.Lock) error {
			_, err := c.Mutex("x", time.Minute).Lock(ctx)
			return err
		},
		"TryLock": func(ctx context.Context, c *redilock.Client, _ *redilock.Lock) error {
			_, err := c.Mutex("x", time.Minute).TryLock(ctx)
			return err
		},
		"Do": func(ctx context.Context, c *redilock.Client, _ *redilock.Lock) error {
			return c.Do(ctx, "x", time.Minute, func(context.Context, *redilock.Lock) error { return nil })
		},
		"Inspect": func(ctx context.Context, c *redilock.Client, _ *redilock.Lock) error {
			_, err := c.Inspect(ctx, "x")
			return err
		},
		"Extend": func(ctx context.Context, _ *redilock.Client, held *redilock.Lock) error {
			return held.Extend(ctx, time.Hour)
		},
	}
	for name, run := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				c, g := silenced(t, s, redis.Options{})
				held, err := c.Mutex("held", time.Hour).Lock(t.Context())
				want(t, "Lock", err, nil)
				g.silence()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				err = run(ctx, c, held)
				want(t, "on a hung server", err, context.DeadlineExceeded)
				want(t, "on a hung server", err, redilock.ErrUnavailable)
				if errors.Is(err, redilock.ErrHeld) {
					t.Errorf("a hung server looks like a held lock: %v", err)
				}
				if took := time.Since(start); took > patience+time.Second {
					t.Errorf("it took %v", took)
				}
				g.heal()
			})
		})
	}
	for name, err := range map[string]error{"refused": errRefused, "EOF": io.EOF} {
		t.Run("while it waits/"+name, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				warm(t, s)
				defer s.Hold("x")()
				down := &outage{}
				s.Redis.AddHook(hook(down.hook))
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				done := call(s.Client.Mutex("x", time.Minute).Lock, ctx)
				s.Advance(time.Second)
				down.set(err)
				got, _ := within(t, time.Minute, "Lock", done)
				want(t, "a wait for a server that is away", got.err, context.DeadlineExceeded)
				want(t, "a wait for a server that is away", got.err, redilock.ErrUnavailable)
				want(t, "a wait for a server that is away", got.err, err)
				down.set(nil)
			})
		})
	}
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		defer s.Hold("x")()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := s.Client.Mutex("x", time.Minute).Lock(ctx)
		want(t, "Lock", err, context.DeadlineExceeded)
		if errors.Is(err, redilock.ErrUnavailable) {
			t.Errorf("a held lock looks like a hung server: %v", err)
		}
	})
}
