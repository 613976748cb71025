package redilock_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestRWMutexBothProgress: whatever the mix of readers and writers of two clients on a real server, both progress, and a
// writer is alone.
func TestRWMutexBothProgress(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		for _, mix := range []struct{ readers, writers int }{{15, 1}, {8, 8}, {1, 15}} {
			name := fmt.Sprintf("%d readers and %d writers", mix.readers, mix.writers)
			began := time.Now()
			var reading, writing atomic.Int64
			var mu sync.Mutex
			waits := map[bool][]time.Duration{} // of writers, of readers
			var all sync.WaitGroup
			locks := []*redilock.RWMutex{
				s.client(t).RWMutex(name, time.Minute), s.client(t).RWMutex(name, time.Minute),
			}
			work := func(m *redilock.RWMutex, write bool) error {
				do := m.RDo
				if write {
					do = m.Do
				}
				asked := time.Now()
				return do(t.Context(), func(context.Context, *redilock.Lock) error {
					mu.Lock()
					waits[write] = append(waits[write], time.Since(asked))
					mu.Unlock()
					mine, others := &reading, &writing
					if write {
						mine = &writing
					}
					n := mine.Add(1)
					defer mine.Add(-1)
					if others.Load() > 0 && !write || write && (n > 1 || reading.Load() > 0) {
						t.Errorf("%s: a writer is not alone", name)
					}
					time.Sleep(100 * time.Microsecond)
					return nil
				})
			}
			// On a slow machine it takes longer until both have had some turns.
			goesOn := func() bool {
				mu.Lock()
				defer mu.Unlock()
				took := time.Since(began)
				return took < 300*time.Millisecond || took < 30*time.Second && min(len(waits[true]), len(waits[false])) < 3
			}
			for i := range mix.readers + mix.writers {
				all.Go(func() {
					for goesOn() {
						if err := work(locks[i%2], i < mix.writers); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			for _, write := range []bool{true, false} {
				w := waits[write]
				slices.Sort(w)
				if len(w) < 3 {
					t.Errorf("%s: %d turns, writers: %v", name, len(w), write)
					continue
				}
				t.Logf("%s: writers %v: %d turns, waits p50 %v, p99 %v", name, write, len(w), w[len(w)/2], w[len(w)*99/100])
			}
		}
		s.left(t)
	})
}
