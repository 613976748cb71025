package redilock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestSemaphoreReal: the life of permits on a real server.
func TestSemaphoreReal(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		ctx := t.Context()
		a, b := s.client(t), s.client(t)
		sem := a.Semaphore("exports", 5, time.Minute)
		l, err := sem.Acquire(ctx, 3)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Semaphore("exports", 5, time.Minute).TryAcquire(ctx, 3); !errors.Is(err, redilock.ErrHeld) {
			t.Errorf("3 of 2: %v", err)
		}
		waits := call(func(ctx context.Context) (*redilock.Lock, error) {
			return b.Semaphore("exports", 5, time.Minute).Acquire(ctx, 4)
		}, ctx)
		eventually(t, 10*time.Second, "it waits", func() bool {
			status, err := a.InspectSemaphore(ctx, "exports")
			return err == nil && status.Queued == 1 && status.Used == 3 && status.Limit == 5 && status.Waiters[0].Weight == 4
		})
		if err := l.Shrink(ctx, 1); err != nil || l.Weight() != 1 {
			t.Errorf("Shrink: %v, %d are left", err, l.Weight())
		}
		got, ok := within(t, 10*time.Second, "the waiter", waits)
		if !ok || got.err != nil {
			t.Fatal(got.err)
		}
		for _, l := range []*redilock.Lock{l, got.lock} {
			if err := l.Extend(ctx, 2*time.Minute); err != nil {
				t.Error(err)
			}
			if left, err := l.Check(ctx); err != nil || left < time.Minute {
				t.Errorf("Check: %v, %v", left, err)
			}
		}
		if err := b.BreakSemaphore(ctx, "exports", l.Fence()); err != nil {
			t.Error(err)
		}
		if _, err := l.Check(ctx); !errors.Is(err, redilock.ErrTaken) {
			t.Errorf("Check of a broken one: %v", err)
		}
		if err := got.lock.Unlock(ctx); err != nil {
			t.Error(err)
		}
		s.left(t)
	})
}
