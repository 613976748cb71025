package redilock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// Readers, writers and permits stand in the same order as mutexes do: all come through, and nobody holds too much.
func TestMultiOfPrimitives(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), tenMinutes)
		defer cancel()
		var mu sync.Mutex
		writing, reading, used, whole := 0, 0, int64(0), 0
		enter := func(w, r int, n int64, m int) {
			mu.Lock()
			defer mu.Unlock()
			writing, reading, used, whole = writing+w, reading+r, used+n, whole+m
			if writing > 1 || writing == 1 && reading > 0 || used > 3 || whole > 1 {
				t.Errorf("%d write, %d read, %d of 3 permits in use, %d hold the mutex", writing, reading, used, whole)
			}
		}
		var all sync.WaitGroup
		for range 3 {
			c := s.NewClient()
			config, slots := c.RWMutex("b", time.Minute), c.Semaphore("c", 3, time.Minute)
			take := func(w, r int, n int64, requests ...redilock.Request) {
				all.Go(func() {
					for range 5 {
						m := 0
						err := c.Multi(requests...).Do(ctx, func(ctx context.Context, l *redilock.MultiLock) error {
							m = len(l.Locks()) - 2
							enter(w, r, n, m)
							defer enter(-w, -r, -n, -m)
							time.Sleep(time.Millisecond) // of the bubble: the section
							return ctx.Err()
						})
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			take(1, 0, 2, slots.Permits(2), config.Writer(), c.Mutex("a", time.Minute))
			take(0, 1, 1, c.Mutex("a", time.Minute), slots.Permits(1), config.Reader())
			take(0, 1, 3, config.Reader(), slots.Permits(3))
			take(0, 1, 1, slots.Permits(1), config.Reader())
		}
		all.Wait()
		c := s.NewClient()
		none := c.Multi(c.Semaphore("c", 3, time.Minute).Permits(4), c.Mutex("a", time.Minute))
		if _, err := none.TryLock(ctx); !errors.Is(err, redilock.ErrInvalid) {
			t.Errorf("4 permits of 3: %v", err)
		}
	})
}
