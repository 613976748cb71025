package redilock_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

func TestDo(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		mine := errors.New("mine")

		err := c.Do(w.ctx, "a", time.Second, func(ctx context.Context, l *redilock.Lock) error {
			if got, ok := c.FromContext(ctx, "a"); !ok || got != l {
				t.Error("the context does not carry the lock")
			}
			return mine
		})
		if !errors.Is(err, mine) || errors.Is(err, redilock.ErrLost) {
			t.Errorf("got %v, want only fn's error", err)
		}
		w.left()

		err = c.Do(w.ctx, "a", time.Second, func(ctx context.Context, l *redilock.Lock) error {
			<-ctx.Done()
			if cause := context.Cause(ctx); !errors.Is(cause, redilock.ErrLost) {
				t.Errorf("cause %v", cause)
			}
			return mine
		})
		if !errors.Is(err, mine) || !errors.Is(err, redilock.ErrLost) {
			t.Errorf("got %v, want both fn's error and ErrLost", err)
		}

		func() {
			defer func() {
				if r := recover(); r != "at the disco" {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = c.Do(w.ctx, "a", time.Second, func(context.Context, *redilock.Lock) error { panic("at the disco") })
		}()
		w.left()
	})
}

func TestNested(t *testing.T) {
	bubble(t, func(w *world) {
		c := w.client()
		outer := c.Mutex("a", time.Second)
		inner := c.Mutex("a", time.Second, redilock.WithReentrant())
		w.must(outer.Do(w.ctx, func(ctx context.Context, l *redilock.Lock) error {
			start := time.Now()
			if _, err := outer.Lock(ctx); !errors.Is(err, redilock.ErrNested) {
				t.Errorf("Lock: %v", err)
			}
			if _, err := outer.TryLock(ctx); !errors.Is(err, redilock.ErrNested) {
				t.Errorf("TryLock: %v", err)
			}
			if time.Since(start) > 0 {
				t.Error("it waited")
			}
			if _, err := c.Mutex("b", time.Second).Lock(ctx); err != nil {
				t.Errorf("another name: %v", err)
			}
			return inner.Do(ctx, func(ctx context.Context, shared *redilock.Lock) error {
				if shared.Fence() != l.Fence() || shared.Token() != l.Token() {
					t.Error("not the same lock")
				}
				return nil
			})
		}))
		// The last Unlock gives it back, in whatever order they come.
		var kept *redilock.Lock
		w.must(outer.Do(w.ctx, func(ctx context.Context, _ *redilock.Lock) (err error) {
			kept, err = inner.Lock(ctx)
			return err
		}))
		if !w.server.Exists("a") {
			t.Error("released while one more holds it")
		}
		if err := kept.Unlock(w.ctx); err != nil {
			t.Error(err)
		}
		if w.server.Exists("a") {
			t.Error("still held after the last Unlock")
		}
	})
}

func TestAttach(t *testing.T) {
	for _, token := range []string{"_LOCK:my:lock:0123abcd", "t", "with spaces and \x00"} {
		t.Run(token, func(t *testing.T) {
			bubble(t, func(w *world) {
				c := w.client()
				w.must(w.server.Set("my:lock", token))
				w.server.SetTTL("my:lock", 5*time.Second)
				l, err := c.Attach("my:lock", token)
				w.must(err)
				if !l.Deadline().IsZero() || l.Context().Err() != nil {
					t.Error("a deadline out of nothing")
				}
				w.must(l.Extend(w.ctx, 10*time.Second))
				if l.Fence() == 0 || time.Until(l.Deadline()) < 9*time.Second {
					t.Errorf("fence %d, deadline in %v", l.Fence(), time.Until(l.Deadline()))
				}
				ctx := l.Context()
				w.must(l.Unlock(w.ctx))
				if !errors.Is(context.Cause(ctx), redilock.ErrUnlocked) || w.server.Exists("my:lock") {
					t.Error("not unlocked")
				}
				l, err = c.Attach("my:lock", token)
				w.must(err)
				if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrLost) {
					t.Errorf("Unlock of what nobody holds: %v", err)
				}
			})
		})
	}
}

func TestTrace(t *testing.T) {
	bubble(t, func(w *world) {
		var mu sync.Mutex
		var seen []string
		note := func(what string) func(context.Context, redilock.Event) {
			return func(_ context.Context, e redilock.Event) {
				if e.Name != "a" || e.Owner != "me" {
					t.Errorf("%s: %+v", what, e)
				}
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, what)
			}
		}
		c := w.client(redilock.WithOwner("me"), redilock.WithPrefix("p:"), redilock.WithTrace(redilock.Trace{
			Enqueued: note("enqueued"), Acquired: note("acquired"), HandedOff: note("handed off"),
			Extended: note("extended"), ExtendFailed: note("extend failed"), Lost: note("lost"), Released: note("released"),
		}))
		a := w.lock(c, "a", 3*time.Second)
		passed := make(chan *redilock.Lock)
		go func() { passed <- w.lock(c, "a", 3*time.Second, redilock.WithAutoExtend()) }()
		time.Sleep(time.Millisecond)
		w.must(a.Unlock(w.ctx))
		b := <-passed
		time.Sleep(1500 * time.Millisecond)
		w.server.SetError("LOADING")
		time.Sleep(3 * time.Second)
		w.server.SetError("")
		if err := b.Unlock(w.ctx); !errors.Is(err, redilock.ErrLost) {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		// The client's own goroutine tells of the hand-off, beside those of the two calls.
		slices.Sort(seen[2:5])
		want := []string{"acquired", "enqueued", "acquired", "handed off", "released", "extended", "extend failed"}
		for i, what := range want {
			if i >= len(seen) || seen[i] != what {
				t.Fatalf("seen %v, want %v … lost", seen, want)
			}
		}
		if seen[len(seen)-1] != "lost" {
			t.Errorf("seen %v, want lost at the end", seen)
		}
	})
}
