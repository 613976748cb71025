package redilock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSemaphoreCrowd: 1,000 calls in each of two clients want one of 100 permits. When all become free, 95 are in use within
// 5 round trips; each client registers one waiter; what the two get differs by less than a tenth.
func TestSemaphoreCrowd(t *testing.T) {
	bubble(t, func(w *world) {
		const limit, waiters, trip, work = 100, 1000, time.Millisecond, 20 * time.Millisecond
		gate := w.acquire(w.client().Semaphore("x", limit, time.Minute), limit)
		ctx, stop := context.WithCancel(w.ctx)
		var held, most atomic.Int64
		var served [2]atomic.Int64
		var all sync.WaitGroup
		for c := range served {
			client, _ := w.paced(trip)
			s := client.Semaphore("x", limit, time.Minute)
			for i := range waiters {
				all.Go(func() {
					for ctx.Err() == nil {
						l, err := s.Acquire(ctx, 1)
						if err != nil {
							continue
						}
						n := held.Add(1)
						for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
						}
						served[c].Add(1)
						time.Sleep(work + time.Duration(i%20)*time.Millisecond)
						held.Add(-1)
						w.must(l.Unlock(w.ctx))
					}
				})
			}
		}
		time.Sleep(time.Second)
		registered := func() {
			if waiting, _ := w.server.ZMembers("{x}:redilock:pending"); len(waiting) > len(served) {
				w.Errorf("%d are registered, of %d clients", len(waiting), len(served))
			}
		}
		registered()
		w.must(gate.Unlock(w.ctx))
		time.Sleep(5 * trip)
		if n := held.Load(); n < limit*95/100 {
			w.Errorf("%d of %d are in use after 5 round trips", n, limit)
		}
		var sum, samples int64
		for range 300 {
			time.Sleep(2 * trip)
			registered()
			sum += held.Load()
			samples++
		}
		stop()
		a, b := float64(served[0].Load()), float64(served[1].Load())
		w.Logf("%.0f and %.0f were served; %d of %d in use on average", a, b, sum/samples, limit)
		if a > 1.1*b || b > 1.1*a {
			w.Errorf("%.0f and %.0f were served", a, b)
		}
		if most.Load() > limit {
			w.Errorf("%d were in use", most.Load())
		}
		all.Wait()
		time.Sleep(onePresence)
		w.left()
	})
}
