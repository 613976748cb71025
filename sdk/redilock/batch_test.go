package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// traffic is a hook that counts what is sent, and can hold up calls that are sent alone.
type traffic struct {
	mu     sync.Mutex
	alone  int
	shared []int         // of each pipeline, how many calls
	hold   int           // how many calls sent alone are held up from now on
	gate   chan struct{} // until this is closed
	lose   bool          // the replies of the next pipeline get lost
	before func()        // called before the next pipeline is sent
}

func (h *traffic) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *traffic) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			h.mu.Lock()
			h.alone++
			held := h.hold > 0
			h.hold--
			h.mu.Unlock()
			if held {
				<-h.gate
			}
		}
		return next(ctx, cmd)
	}
}

func (h *traffic) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() != "evalsha" { // go-redis greets the server by one
			return next(ctx, cmds)
		}
		h.mu.Lock()
		h.shared = append(h.shared, len(cmds))
		lose := h.lose
		before := h.before
		h.lose, h.before = false, nil
		h.mu.Unlock()
		if before != nil {
			before()
		}
		err := next(ctx, cmds)
		if lose {
			err = io.EOF
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// watched gives a client whose traffic is counted, with every script loaded.
func watched(w *world) (*redilock.Client, *traffic) {
	rdb := w.redis()
	h := &traffic{gate: make(chan struct{})}
	rdb.AddHook(h)
	c, err := redilock.New(rdb)
	w.must(err)
	w.Cleanup(func() { _ = c.Close() })
	w.must(w.lock(c, "warm", time.Minute).Unlock(w.ctx))
	return c, h
}

// lockAll locks so many names at once, and gives a function that waits for all of them and checks each.
func lockAll(w *world, c *redilock.Client, from, to int) (wait func()) {
	var all sync.WaitGroup
	for i := from; i < to; i++ {
		all.Go(func() {
			l, err := c.Mutex(fmt.Sprint("lock ", i), time.Minute).Lock(w.ctx)
			if err != nil {
				w.Error(err)
				return
			}
			if err := l.Unlock(w.ctx); err != nil {
				w.Error(err)
			}
		})
		synctest.Wait()
	}
	return all.Wait
}

func TestConcurrentCallsShareAPipeline(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		before := h.alone
		h.hold = 2
		first := lockAll(w, c, 0, 2) // two under way
		rest := lockAll(w, c, 2, 52)
		if h.alone != before+2 || len(h.shared) != 0 {
			t.Fatalf("while two calls were under way, %d more were sent", h.alone-before-2+len(h.shared))
		}
		close(h.gate)
		first()
		rest()
		if len(h.shared) == 0 || h.shared[0] != 50 {
			t.Errorf("50 calls were waiting, and went in pipelines of %v", h.shared)
		}
		w.left()
	})
}

func TestALoneCallIsSentAtOnce(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		start := time.Now()
		lockAll(w, c, 0, 1)()
		if took := time.Since(start); took != 0 || len(h.shared) != 0 {
			t.Errorf("it took %v and %d pipelines", took, len(h.shared))
		}
	})
}

// Two calls that do not come back must not hold up the others for long.
func TestACallThatHangsDelaysTheOthersLittle(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		h.hold = 2
		stuck := lockAll(w, c, 0, 2)
		start := time.Now()
		lockAll(w, c, 2, 52)()
		if took := time.Since(start); took > 50*time.Millisecond {
			t.Errorf("the others waited %v", took)
		}
		close(h.gate)
		stuck()
		w.left()
	})
}

func TestTheRepliesOfAPipelineAreLost(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		h.hold, h.lose = 2, true
		first := lockAll(w, c, 0, 2)
		rest := lockAll(w, c, 2, 12)
		close(h.gate)
		first()
		rest()
		if h.lose {
			t.Error("no pipeline was sent")
		}
		w.left()
	})
}

func TestAPipelineLoadsTheScripts(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		h.hold = 2
		first := lockAll(w, c, 0, 2)
		rest := lockAll(w, c, 2, 12)
		w.must(w.redis().ScriptFlush(w.ctx).Err())
		close(h.gate)
		first()
		rest()
		w.left()
	})
}

// The end of one caller's context is not the end of those that share its pipeline.
func TestACallerOfAPipelineGivesUp(t *testing.T) {
	bubble(t, func(w *world) {
		c, h := watched(w)
		h.hold = 2
		first := lockAll(w, c, 0, 2)
		ctx, cancel := context.WithCancel(w.ctx)
		gone := make(chan error)
		go func() {
			_, err := c.Mutex("given up", time.Minute).Lock(ctx)
			gone <- err
		}()
		synctest.Wait()
		rest := lockAll(w, c, 2, 12)
		h.before = func() { // it is the first of those that wait, so the pipeline is its own
			cancel()
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Errorf("the lock was taken although its context had ended: %v", err)
			}
		}
		close(h.gate)
		first()
		rest()
		w.must(c.Close()) // what was given up is given back by then
		w.left()
	})
}

// A dialer that hangs holds up an Unlock no longer than it may take.
func TestUnlockWhileTheDialerHangs(t *testing.T) {
	bubble(t, func(w *world) {
		var hang chan struct{}
		rdb := redis.NewClient(&redis.Options{
			Addr: "127.0.0.1:6379",
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				if hang != nil {
					<-hang
				}
				return w.server.Dial()
			},
		})
		w.Cleanup(func() { _ = rdb.Close() })
		c, err := redilock.New(rdb)
		w.must(err)
		w.Cleanup(func() { _ = c.Close() })
		l := w.lock(c, "name", time.Minute)
		hang = make(chan struct{})
		w.server.Close()
		start := time.Now()
		if err := l.Unlock(w.ctx); !errors.Is(err, redilock.ErrUnavailable) {
			t.Errorf("unlocked without a server: %v", err)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("it took %v", took)
		}
		close(hang)
	})
}
