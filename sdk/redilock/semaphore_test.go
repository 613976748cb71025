package redilock_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// The demands of golang.org/x/sync's own tests of its semaphore (semaphore_test.go), on a semaphore of all machines.

// acquire takes n permits, which must be possible.
func (w *world) acquire(s *redilock.Semaphore, n int64) *redilock.Lock {
	w.Helper()
	l, err := s.Acquire(w.ctx, n)
	w.must(err)
	return l
}

// TestSemaphoreFull: the full count is reached under load, by two clients, and never passed.
func TestSemaphoreFull(t *testing.T) {
	bubble(t, func(w *world) {
		const limit = 10
		var held, most atomic.Int64
		var all sync.WaitGroup
		for c := range 2 {
			s := w.client().Semaphore("x", limit, time.Minute)
			for i := range 100 {
				n := int64(i%3 + 1)
				all.Go(func() {
					w.must(s.Do(w.ctx, n, func(context.Context, *redilock.Lock) error {
						now := held.Add(n)
						for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
						}
						time.Sleep(time.Duration(c+i%7+1) * time.Millisecond)
						held.Add(-n)
						return nil
					}))
				})
			}
		}
		all.Wait()
		if most.Load() != limit {
			w.Errorf("%d permits were held at once, of %d", most.Load(), limit)
		}
		w.left()
	})
}

// TestSemaphoreTry: TryAcquire finds room, or none, by weight; and it fails while others wait whose turn is first.
func TestSemaphoreTry(t *testing.T) {
	bubble(t, func(w *world) {
		a, b := w.client().Semaphore("x", 2, time.Minute), w.client().Semaphore("x", 2, time.Minute)
		first := w.acquire(a, 1)
		_, err := b.TryAcquire(w.ctx, 2)
		want(w.T, "2 of 1", err, redilock.ErrHeld)
		waits := make(chan *redilock.Lock)
		go func() { waits <- w.acquire(a, 2) }()
		synctest.Wait()
		for _, s := range []*redilock.Semaphore{a, b} {
			_, err = s.TryAcquire(w.ctx, 1)
			want(w.T, "1 of 1 past one who waits for 2", err, redilock.ErrHeld)
		}
		w.must(first.Unlock(w.ctx))
		w.must((<-waits).Unlock(w.ctx))
		l, err := b.TryAcquire(w.ctx, 2)
		w.must(err)
		w.must(l.Unlock(w.ctx))
		w.left()
	})
}

// TestSemaphoreTooMuch: a call for more than the limit is refused, and blocks nobody.
func TestSemaphoreTooMuch(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.client().Semaphore("x", 2, time.Minute)
		_, err := s.Acquire(w.ctx, 3)
		want(w.T, "3 of 2", err, redilock.ErrInvalid)
		w.must(w.acquire(s, 2).Unlock(w.ctx))
		w.left()
	})
}

// TestSemaphoreLargeIsServed: a call for all permits is served in its turn among calls for one, of two clients, that never
// leave all of them free.
func TestSemaphoreLargeIsServed(t *testing.T) {
	bubble(t, func(w *world) {
		const limit = 5
		a, b := w.client().Semaphore("x", limit, time.Minute), w.client().Semaphore("x", limit, time.Minute)
		ctx, stop := context.WithCancel(w.ctx)
		var all sync.WaitGroup
		for i := range 20 {
			s := []*redilock.Semaphore{a, b}[i%2]
			all.Go(func() {
				for ctx.Err() == nil {
					err := s.Do(ctx, 1, func(context.Context, *redilock.Lock) error {
						time.Sleep(time.Duration(i+1) * time.Millisecond)
						return nil
					})
					if err != nil && !errors.Is(err, context.Canceled) {
						w.Error(err)
					}
				}
			})
		}
		time.Sleep(time.Second)
		start := time.Now()
		l := w.acquire(a, limit)
		if took := time.Since(start); took > time.Second {
			w.Errorf("it waited %v", took)
		}
		w.must(l.Unlock(w.ctx))
		stop()
		all.Wait()
		time.Sleep(onePresence)
		w.left()
	})
}

// TestSemaphoreCancelledHead: once a head that asked for much has given up, those behind it go in.
func TestSemaphoreCancelledHead(t *testing.T) {
	bubble(t, func(w *world) {
		a, b := w.client().Semaphore("x", 2, time.Minute), w.client().Semaphore("x", 2, time.Minute)
		held := w.acquire(a, 1)
		for _, s := range []*redilock.Semaphore{a, b} {
			ctx, cancel := context.WithCancel(w.ctx)
			gaveUp := make(chan error)
			go func() {
				_, err := s.Acquire(ctx, 2)
				gaveUp <- err
			}()
			synctest.Wait()
			behind := make(chan *redilock.Lock)
			go func() { behind <- w.acquire(a, 1) }()
			synctest.Wait()
			cancel()
			want(w.T, "the head", <-gaveUp, context.Canceled)
			start := time.Now()
			w.must((<-behind).Unlock(w.ctx))
			if took := time.Since(start); took > time.Second {
				w.Errorf("the one behind it waited for %v", took)
			}
		}
		w.must(held.Unlock(w.ctx))
		w.left()
	})
}

// TestSemaphoreDone: a context that has ended fails, even if there is room.
func TestSemaphoreDone(t *testing.T) {
	bubble(t, func(w *world) {
		s := w.client().Semaphore("x", 2, time.Minute)
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		_, err := s.Acquire(ctx, 1)
		want(w.T, "Acquire", err, context.Canceled)
		for range 100 { // it ends at the moment that room appears
			held := w.acquire(s, 2)
			ctx, cancel := context.WithCancel(w.ctx)
			done := make(chan error)
			go func() {
				_, err := s.Acquire(ctx, 1)
				done <- err
			}()
			synctest.Wait()
			cancel()
			w.must(held.Unlock(w.ctx))
			want(w.T, "Acquire", <-done, context.Canceled)
		}
		time.Sleep(onePresence)
		w.left()
	})
}

// TestSemaphoreNoBarging: who comes later does not pass who waits, whatever each asks for, in one client or in two.
func TestSemaphoreNoBarging(t *testing.T) {
	bubble(t, func(w *world) {
		clients := []*redilock.Client{w.client(), w.client()}
		for _, who := range [][]int{{0, 0, 0, 0, 0, 0}, {0, 1, 0, 1, 0, 1}} {
			weights := []int64{1, 3, 2, 1, 1, 3}
			gate := w.acquire(clients[0].Semaphore("x", 3, time.Minute), 3)
			var mu sync.Mutex
			var fences []int64
			var all sync.WaitGroup
			at := make([]int64, len(weights))
			for i, n := range weights {
				s := clients[who[i]].Semaphore("x", 3, time.Minute)
				all.Go(func() {
					l := w.acquire(s, n)
					mu.Lock()
					at[i] = l.Fence()
					fences = append(fences, l.Fence())
					mu.Unlock()
					time.Sleep(10 * time.Millisecond)
					w.must(l.Unlock(w.ctx))
				})
				synctest.Wait()
			}
			w.must(gate.Unlock(w.ctx))
			all.Wait()
			last := []int64{0, 0} // a client registers one waiter: those of one are in order
			for i, f := range at {
				if f <= last[who[i]] {
					w.Errorf("the %dth of %v: fences %v", i+1, who, at)
				}
				last[who[i]] = f
			}
		}
		w.left()
	})
}
