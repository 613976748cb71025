package redilock_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// oddValue is as odd as a value can be: no UTF-8, spaces, and what stands between the parts of a token and of a message.
const oddValue = "a /b\n\x00\xff 1 2 3/"

// leads fails the test unless this is the leader; "" is nobody.
func leads(t *testing.T, e *redilock.Election, value string) redilock.Leader {
	t.Helper()
	l, err := e.Leader(t.Context())
	if value == "" {
		want(t, "Leader", err, redilock.ErrNoLeader)
	} else if err != nil || l.Value != value {
		t.Errorf("leader %q, %v; want %q", l.Value, err, value)
	}
	return l
}

func TestElection(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		e, other := s.Client.Election("e", time.Second), s.NewClient().Election("e", time.Second)
		leads(t, e, "")
		first, err := e.Campaign(t.Context(), oddValue)
		if err != nil {
			t.Fatal(err)
		}
		l := leads(t, other, oddValue)
		if l.Fence != first.Fence() || l.Left <= 0 || l.None || first.Value() != oddValue {
			t.Errorf("%+v, fence %d", l, first.Fence())
		}
		s.Advance(time.Minute)
		if l := leads(t, other, oddValue); time.Since(l.Since).Round(time.Second) != time.Minute {
			t.Errorf("leads since %v", time.Since(l.Since))
		}
		done := make(chan *redilock.Leadership, 1)
		long := strings.Repeat("\xfe", 256)
		go func() {
			l, err := other.Campaign(t.Context(), long)
			want(t, "Campaign", err, nil)
			done <- l
		}()
		s.Advance(time.Minute)
		began := time.Now()
		want(t, "Resign", first.Resign(t.Context()), nil)
		second := <-done
		if took := time.Since(began); took > 0 {
			t.Errorf("the next one leads after %v", took)
		}
		want(t, "the context of one that has resigned", context.Cause(first.Context()), redilock.ErrUnlocked)
		want(t, "Resign again", first.Resign(t.Context()), redilock.ErrUnlocked)
		leads(t, e, long)
		if second.Fence() <= first.Fence() {
			t.Errorf("fence %d after %d", second.Fence(), first.Fence())
		}
		want(t, "Resign", second.Resign(t.Context()), nil)
		leads(t, e, "")
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

// A campaign never ends well with a leadership that is over (etcd#11051), nor leaves a candidate behind (etcd#21128).
func TestCampaignIsOver(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		resign := s.Lead("e", "first")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			l, err := s.Client.Election("e", time.Second).Campaign(ctx, "second")
			if l != nil {
				t.Errorf("a leadership, although the context has ended: %v", l.Context().Err())
			}
			done <- err
		}()
		s.Advance(time.Minute) // the candidate's own lease is long over
		cancel()
		resign() // the two meet
		want(t, "Campaign", <-done, context.Canceled)
		s.Advance(time.Second)
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
		resign = s.Lead("e", "first")
		waits := make(chan *redilock.Leadership, 1)
		go func() {
			l, err := s.Client.Election("e", time.Second).Campaign(t.Context(), "second")
			want(t, "Campaign", err, nil)
			waits <- l
		}()
		s.Advance(time.Minute)
		resign()
		l := <-waits
		want(t, "the context of the new leader", l.Context().Err(), nil)
		s.Advance(time.Minute)
		want(t, "and a minute later", l.Context().Err(), nil)
		want(t, "Resign", l.Resign(t.Context()), nil)
	})
}

// A Resign that failed forgets nothing (etcd#22123): it goes on, and can be called again.
func TestResignAgain(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		e := s.Client.Election("e", time.Minute)
		l, err := e.Campaign(t.Context(), "me")
		want(t, "Campaign", err, nil)
		for range 40 {
			s.FailNext(redilocktest.Release, errRefused)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel() // which must not keep Resign from trying
		want(t, "Resign", l.Resign(ended), redilock.ErrUnavailable)
		want(t, "the context", context.Cause(l.Context()), redilock.ErrUnlocked)
		leads(t, e, "me")
		s.Heal()
		want(t, "Resign again", l.Resign(t.Context()), nil)
		leads(t, e, "")
	})
}

// The lock is given up when the work has ended, and not when it was asked to end (client-go#728).
func TestRunResignsLast(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		e := s.Client.Election("e", time.Second)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), testKey{}, "of the caller"))
		done := make(chan error, 1)
		go func() {
			done <- e.Run(ctx, "me", func(ctx context.Context, l *redilock.Leadership) error {
				if ctx.Value(testKey{}) != "of the caller" {
					t.Error("the context has not the caller's values")
				}
				<-ctx.Done()
				time.Sleep(time.Minute) // it takes its time
				leads(t, e, "me")
				return nil
			})
		}()
		s.Advance(time.Minute)
		cancel()
		s.Advance(30 * time.Second)
		leads(t, s.NewClient().Election("e", time.Second), "me")
		want(t, "Run", <-done, context.Canceled)
		leads(t, e, "")
	})
}

type testKey struct{}

// The work's context is that of the leadership and not of the caller (kyverno#14984), and Run campaigns again after a
// loss.
func TestRunLoss(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		ctx, cancel := context.WithCancel(t.Context())
		var led atomic.Int64
		var fence int64
		done := make(chan error, 1)
		go func() {
			done <- s.Client.Election("e", time.Second).Run(ctx, "me",
				func(ctx context.Context, l *redilock.Leadership) error {
					led.Add(1)
					if l.Fence() <= fence {
						t.Errorf("fence %d after %d", l.Fence(), fence)
					}
					fence = l.Fence()
					<-ctx.Done()
					return context.Cause(ctx)
				})
		}()
		s.Advance(time.Minute)
		for want := int64(2); want < 5; want++ {
			s.Steal("e")
			s.Advance(5 * time.Second)
			if n := led.Load(); n != want {
				t.Errorf("led %d times, want %d", n, want)
			}
		}
		cancel()
		want(t, "Run", <-done, context.Canceled)
	})
}

// A blip is no reason to step down (prom-analytics-proxy#588); an outage longer than the TTL is, and then it goes on.
func TestRunOutages(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c, gags := silenced(t, s, redis.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var led, ended atomic.Int64
		done := make(chan error, 1)
		go func() {
			done <- c.Election("e", 9*time.Second).Run(ctx, "me", func(ctx context.Context, _ *redilock.Leadership) error {
				led.Add(1)
				<-ctx.Done()
				ended.Add(1)
				return context.Cause(ctx)
			})
		}()
		s.Advance(time.Minute)
		for range 5 {
			gags.silence()
			s.Advance(2 * time.Second)
			gags.heal()
			s.Drop()
			s.Advance(20 * time.Second)
		}
		if n := ended.Load(); n != 0 {
			t.Errorf("stepped down %d times", n)
		}
		gags.silence()
		s.Advance(time.Minute)
		if led.Load() != 1 || ended.Load() != 1 {
			t.Errorf("led %d times, ended %d times", led.Load(), ended.Load())
		}
		gags.heal()
		s.Drop()
		s.Advance(time.Minute)
		if led.Load() != 2 {
			t.Errorf("led %d times", led.Load())
		}
		cancel()
		want(t, "Run", <-done, context.Canceled)
	})
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		e := s.Client.Election("e", time.Second)
		fails := func(context.Context, *redilock.Leadership) error { return errOdd }
		want(t, "an error of the function", e.Run(t.Context(), "me", fails), errOdd)
		leads(t, e, "")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = e.Run(t.Context(), "me", func(context.Context, *redilock.Leadership) error { panic(errOdd) })
		}()
		leads(t, e, "")
		rounds := 0
		err := e.Run(t.Context(), "me", func(context.Context, *redilock.Leadership) error { // nil: it campaigns again
			if rounds++; rounds < 3 {
				return nil
			}
			return errOdd
		})
		if !errors.Is(err, errOdd) || rounds != 3 {
			t.Errorf("%v after %d rounds", err, rounds)
		}
		// What heals is tried again, what does not ends Run.
		for range 20 {
			s.FailNext(redilocktest.Acquire, errRefused)
		}
		want(t, "Run", e.Run(t.Context(), "me", fails), errOdd)
		s.Heal()
		resign := s.Lead("e", "other")
		patient := s.Client.Election("e", time.Second, redilock.WithWait(time.Minute))
		want(t, "Run", patient.Run(t.Context(), "me", fails), redilock.ErrWaitTimeout)
		resign()
		s.Redis.HSet(t.Context(), "hash", "a", "b")
		want(t, "Run", s.Client.Election("hash", time.Second).Run(t.Context(), "me", fails), redilock.ErrWrongType)
		for range s.Client.Election("hash", time.Second).Observe(t.Context()) {
			t.Error("a hash has a leader")
		}
	})
}

func TestElectionInvalid(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c := s.Client
		const ttl = time.Second
		for what, e := range map[string]*redilock.Election{
			"no name":         c.Election("", ttl),
			"no TTL":          c.Election("e", 0),
			"a maximal hold":  c.Election("e", ttl, redilock.WithAutoExtend(), redilock.WithMaxHold(time.Hour)),
			"release on done": c.Election("e", ttl, redilock.WithReleaseOnDone()),
			"a token":         c.Election("e", ttl, redilock.WithToken("t")),
			"re-entrant":      c.Election("e", ttl, redilock.WithReentrant()),
			"turns":           c.Election("e", ttl, redilock.WithTurn(time.Millisecond)),
		} {
			_, err := e.Campaign(t.Context(), "me")
			want(t, what, err, redilock.ErrInvalid)
			_, err = e.Leader(t.Context())
			want(t, what, err, redilock.ErrInvalid)
			for range e.Observe(t.Context()) {
				t.Errorf("%s: it has a leader", what)
			}
		}
		e := c.Election("e", ttl)
		for what, value := range map[string]string{"no value": "", "300 bytes": strings.Repeat("x", 300)} {
			_, err := e.Campaign(t.Context(), value)
			want(t, what, err, redilock.ErrInvalid)
			err = e.Run(t.Context(), value, func(context.Context, *redilock.Leadership) error { return nil })
			want(t, what, err, redilock.ErrInvalid)
		}
		want(t, "no function", e.Run(t.Context(), "me", nil), redilock.ErrInvalid)
		for range e.Observe(nil) { //nolint:staticcheck // that is the point
			t.Error("no context: it has a leader")
		}
		_ = c.Close()
		_, err := e.Campaign(t.Context(), "me")
		want(t, "closed", err, redilock.ErrClosed)
		_, err = e.Leader(t.Context())
		want(t, "closed", err, redilock.ErrClosed)
		for range e.Observe(t.Context()) {
			t.Error("closed: it has a leader")
		}
		synctest.Wait()
	})
}

// The trace hears of a win, and once of its end: by resigning, or by a loss, and not by the end of the campaign's context.
func TestElectionTells(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		var told []bool
		c := s.NewClient(redilock.WithTrace(redilock.Trace{LeaderChanged: func(_ context.Context, e redilock.Event) {
			if e.Name != "e" || e.Leader != (e.Fence > 0) {
				t.Errorf("%+v", e)
			}
			told = append(told, e.Leader)
		}}))
		e := c.Election("e", time.Minute)
		tells := func(after string, want ...bool) {
			synctest.Wait()
			if !slices.Equal(told, want) {
				t.Errorf("after %s it was told %v, want %v", after, told, want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		l, err := e.Campaign(ctx, "a")
		want(t, "Campaign", err, nil)
		cancel()
		tells("the end of the context", true)
		want(t, "Resign", l.Resign(t.Context()), nil)
		want(t, "Resign again", l.Resign(t.Context()), redilock.ErrUnlocked)
		tells("Resign", true, false)
		l, err = e.Campaign(t.Context(), "a")
		want(t, "Campaign", err, nil)
		s.Steal("e")
		s.Advance(time.Minute)
		tells("a loss", true, false, true, false)
		want(t, "Resign", l.Resign(t.Context()), redilock.ErrLost)
		tells("Resign after a loss", true, false, true, false)
	})
}
