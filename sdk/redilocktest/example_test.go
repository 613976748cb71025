package redilocktest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// work stands for the program under test: it works until its lock is lost.
func work(ctx context.Context, locks *redilock.Client) error {
	return locks.Do(ctx, "job", time.Minute, func(ctx context.Context, _ *redilock.Lock) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}, redilock.WithAutoExtend())
}

func TestWorkStopsWhenTheLockIsLost(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		done := make(chan error, 1)
		go func() { done <- work(t.Context(), s.Client) }()
		s.Advance(time.Hour)
		s.Steal("job")
		s.Advance(time.Minute)
		if err := <-done; !errors.Is(err, redilock.ErrLost) {
			t.Errorf("work ended with %v", err)
		}
	})
}

func TestHoldAndWait(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		release := s.Hold("job")
		m := s.Client.Mutex("job", time.Second)
		if _, err := m.TryLock(t.Context()); !errors.Is(err, redilock.ErrHeld) {
			t.Errorf("TryLock: %v", err)
		}
		got := make(chan error, 1)
		go func() {
			_, err := m.Lock(t.Context())
			got <- err
		}()
		s.Advance(time.Second)
		release()
		s.Advance(time.Second)
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}

func TestFaults(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		m := s.Client.Mutex("job", time.Minute)
		// One lost reply is nobody's business.
		s.LoseNext(redilocktest.Acquire)
		s.LoseNext(redilocktest.Release)
		l, err := m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(t.Context()); err != nil || s.Held("job") {
			t.Errorf("Unlock: %v", err)
		}
		// A server that is away is one's business, and leaves nothing behind.
		for range 4 {
			s.LoseNext(redilocktest.Acquire)
		}
		if _, err := m.Lock(t.Context()); !errors.Is(err, redilock.ErrUnavailable) || !errors.Is(err, io.EOF) {
			t.Errorf("Lock: %v", err)
		}
		s.Advance(time.Second)
		if s.Held("job") {
			t.Error("an orphan is left")
		}
		odd := errors.New("odd")
		s.FailNext(redilocktest.Inspect, odd)
		if _, err := s.Client.Inspect(t.Context(), "job"); !errors.Is(err, odd) || !errors.Is(err, redilock.ErrUnavailable) {
			t.Errorf("Inspect: %v", err)
		}
	})
}

// follow stands for a program that tells who leads.
func follow(ctx context.Context, locks *redilock.Client, tell chan<- string) {
	for leader := range locks.Election("scheduler", time.Second).Observe(ctx) {
		tell <- leader.Value
	}
}

func TestFollowsTheLeader(t *testing.T) {
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		told := make(chan string, 10)
		go follow(t.Context(), s.Client, told)
		s.Advance(time.Second)
		resign := s.Lead("scheduler", "10.0.0.1:8080")
		s.Advance(time.Second)
		resign()
		s.Advance(time.Second)
		for _, want := range []string{"", "10.0.0.1:8080", ""} {
			if value := <-told; value != want {
				t.Errorf("told of %q, want %q", value, want)
			}
		}
	})
}
