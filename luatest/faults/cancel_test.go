package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// cancelRows are calls that are given up, in an in-memory server's own time: at every step that they take, one by one.
func cancelRows() []row {
	return []row{{
		name: "context-cancelled", promise: "the call returns at once; nothing is left, no lock and no place",
		must: bitten, run: cancelled,
	}}
}

// steps counts what a pool does, and cancels a context at one of its steps.
type steps struct {
	mu     sync.Mutex
	seen   int
	at     int // the step to cancel at, from 1
	cancel context.CancelFunc
	when   time.Time // it was cancelled
}

func (s *steps) step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen++; s.seen == s.at {
		s.when = time.Now()
		s.cancel()
	}
}

// stop cancels now.
func (s *steps) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.when = time.Now()
	s.cancel()
}

func (s *steps) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		s.step()
		c, err := next(ctx, network, addr)
		s.step()
		return c, err
	}
}

func (s *steps) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.step()
		err := next(ctx, cmd)
		s.step()
		return err
	}
}

func (s *steps) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// cancelled lets a call of Lock be given up at its first step, at its second one, and so on, until it has no more; then
// at every fifth of a poll. The lock is free, or held by another for a while, or waited for in the same client as well.
func cancelled(w *rig) {
	t, ok := w.TB.(*testing.T)
	if !ok {
		w.Fatal("no test")
	}
	call := 0
	for _, scene := range []string{"free", "held", "behind"} {
		for n := 1; ; n++ {
			call++
			if !giveUp(t, w, call, scene, n, 0) {
				break
			}
		}
		for d := time.Duration(0); d < 2*time.Second; d += poll / 5 {
			call++
			giveUp(t, w, call, scene, 0, d+time.Millisecond)
		}
	}
}

// giveUp makes one call, and cancels it at a step or after a time. It reports whether it came to that.
func giveUp(t *testing.T, w *rig, call int, scene string, step int, after time.Duration) (was bool) {
	name := fmt.Sprintf("%s-%d", scene, call)
	var events []event // recorded later: the journal belongs to the world outside of the bubble
	note := func(e event) {
		e.At, e.Who, e.Call, e.Name = now(), 1, call, name
		events = append(events, e)
	}
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		m := s.Client.Mutex(name, time.Hour) // a lock that is left behind does not go away by itself
		if scene != "free" {
			time.AfterFunc(time.Second, s.Hold(name))
		}
		var others sync.WaitGroup
		if scene == "behind" {
			others.Go(func() {
				if l, err := m.Lock(t.Context()); err == nil {
					_ = l.Unlock(t.Context())
				}
			})
			s.Advance(0)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		steps := &steps{at: step, cancel: cancel}
		s.Redis.AddHook(steps)
		if after > 0 {
			time.AfterFunc(after, steps.stop)
		}
		l, err := m.Lock(ctx)
		steps.mu.Lock()
		when := steps.when
		steps.mu.Unlock()
		if was = !when.IsZero(); was {
			note(event{What: struck, Text: "the call is given up"})
		}
		if err == nil {
			note(event{What: granted, Fence: l.Fence(), Until: now() + int64(time.Second)})
			if err = l.Unlock(t.Context()); err != nil {
				note(event{What: failed, Err: kind(err), Text: err.Error()})
			}
		} else {
			e := event{What: failed, Err: kind(err), Text: err.Error()}
			if !errors.Is(err, context.Canceled) {
				e.Err = untypedError // of a kind that is wrong here
			}
			note(e)
			if late := time.Since(when); late > 0 {
				note(event{What: stranded, Text: fmt.Sprintf("%s returned %v after it was cancelled", name, late)})
			}
		}
		s.Advance(2 * time.Second)
		others.Wait()
		s.Advance(2 * time.Second)
		if left := s.Leftovers(); len(left) > 0 {
			note(event{What: orphan, Text: fmt.Sprintf("%s, step %d, after %v: %q", name, step, after, left)})
		}
	})
	for _, e := range events {
		w.journal.add(e)
	}
	return was
}
