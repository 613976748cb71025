package redilocktest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// TestStealPermits: work under a permit ends when the permits are taken away.
func TestStealPermits(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		exports := s.Client.Semaphore("exports", 3, 3*time.Second, redilock.WithAutoExtend())
		err := exports.Do(t.Context(), 2, func(ctx context.Context, _ *redilock.Lock) error {
			if !s.Held("exports") {
				t.Error("nobody holds it")
			}
			s.Steal("exports")
			s.Advance(3 * time.Second)
			return context.Cause(ctx)
		})
		if !errors.Is(err, redilock.ErrTaken) {
			t.Error(err)
		}
		s.Advance(10 * time.Second)
		if left := s.Leftovers(); len(left) > 0 || s.Held("exports") {
			t.Errorf("left on the server: %q", left)
		}
	})
}

// Failures on demand meet the calls of every kind of lock.
func TestFailuresOfSemaphores(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		refused := errors.New("refused on demand")
		permits := s.Client.Semaphore("x", 2, time.Minute)
		s.FailNext(redilocktest.Acquire, refused)
		if _, err := permits.TryAcquire(t.Context(), 1); !errors.Is(err, refused) {
			t.Errorf("TryAcquire: %v", err)
		}
		l, err := permits.Acquire(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		s.FailNext(redilocktest.Shrink, refused)
		if err := l.Shrink(t.Context(), 1); !errors.Is(err, refused) {
			t.Errorf("Shrink: %v", err)
		}
	})
}
