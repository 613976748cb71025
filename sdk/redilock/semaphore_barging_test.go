package redilock_test

import (
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestSemaphoreTryBehindLocal: TryAcquire does not pass calls of the same client that wait already, although
// these have not asked the server yet.
func TestSemaphoreTryBehindLocal(t *testing.T) {
	bubble(t, func(w *world) {
		const callers = 100
		c, _ := w.paced(10 * time.Millisecond)
		s := c.Semaphore("x", callers+1, time.Minute)
		var all sync.WaitGroup
		var mu sync.Mutex
		served := 0
		for range callers {
			all.Go(func() {
				l := w.acquire(s, 1)
				mu.Lock()
				served++
				mu.Unlock()
				time.Sleep(time.Second)
				w.must(l.Unlock(w.ctx))
			})
		}
		granted := false
		for range 200 {
			time.Sleep(time.Millisecond)
			l, err := s.TryAcquire(w.ctx, 1)
			mu.Lock()
			n := served
			mu.Unlock()
			if granted = err == nil; granted {
				if n < callers {
					w.Errorf("it passed %d calls that wait", callers-n)
				}
				w.must(l.Unlock(w.ctx))
				break
			}
			want(w.T, "TryAcquire", err, redilock.ErrHeld)
		}
		if !granted {
			w.Error("it is refused although nobody waits any more, and there is room")
		}
		all.Wait()
		w.left()
	})
}
