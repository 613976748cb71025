package redilock_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// sights are what an observer was told.
type sights struct {
	mu      sync.Mutex
	changes []redilock.Leader
}

func observe(t *testing.T, e *redilock.Election) *sights {
	t.Helper()
	s := &sights{}
	go func() {
		for l := range e.Observe(t.Context()) {
			s.mu.Lock()
			s.changes = append(s.changes, l)
			s.mu.Unlock()
		}
	}()
	return s
}

// values are the leaders, "-" for none.
func (s *sights) values() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, l := range s.changes {
		value := l.Value
		if l.None {
			value = "-"
		}
		all = append(all, value)
	}
	return all
}

func (s *sights) want(t *testing.T, values ...string) {
	t.Helper()
	if got := s.values(); !slices.Equal(got, values) {
		t.Errorf("seen %q, want %q", got, values)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var last int64
	for _, l := range s.changes {
		if l.Fence > 0 && l.Fence <= last {
			t.Errorf("fence %d after %d", l.Fence, last)
		}
		last = max(last, l.Fence)
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		e := s.Client.Election("e", time.Second)
		early := observe(t, e)
		s.Advance(time.Minute)
		early.want(t, "-")
		resign := s.Lead("e", oddValue)
		s.Advance(time.Minute)
		late := observe(t, s.NewClient().Election("e", time.Hour))
		s.Advance(time.Minute)
		early.want(t, "-", oddValue)
		late.want(t, oddValue)
		next := make(chan *redilock.Leadership, 1)
		go func() {
			l, err := e.Campaign(t.Context(), "b")
			want(t, "Campaign", err, nil)
			next <- l
		}()
		s.Advance(time.Second)
		resign()
		s.Advance(time.Second)
		late.want(t, oddValue, "b")
		_ = (<-next).Resign(t.Context())
		s.Advance(time.Second)
		resign = s.Lead("e", "b") // the same value is another leader
		s.Advance(time.Second)
		resign()
		s.Advance(time.Second)
		release := s.Hold("e") // by another library
		s.Advance(time.Minute)
		release()
		s.Advance(time.Second)
		late.want(t, oddValue, "b", "-", "b", "-", "", "-")
	})
}

// The loop may be left, and begun again.
func TestObserveLeft(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		defer s.Lead("e", "me")()
		changes := s.Client.Election("e", time.Second).Observe(t.Context())
		for range 2 {
			for l := range changes {
				if l.Value != "me" {
					t.Errorf("%+v", l)
				}
				break
			}
		}
	})
}

// An outage of the server, or of the observer alone, is no change; what changed meanwhile is one.
func TestObserveOutages(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		c, gags := silenced(t, s, redis.Options{})
		resign := s.Lead("e", "a")
		o := observe(t, c.Election("e", time.Second))
		s.Advance(time.Second)
		for range 3 {
			gags.silence()
			s.Advance(10 * time.Second)
			gags.heal()
			s.Drop()
			s.Advance(10 * time.Second)
		}
		o.want(t, "a")
		gags.silence()
		resign()
		for _, value := range []string{"b", "c"} {
			s.Advance(time.Second)
			resign = s.Lead("e", value)
			s.Advance(time.Second)
			if value != "c" {
				resign()
			}
		}
		s.Advance(time.Minute)
		gags.heal()
		s.Drop()
		s.Advance(10 * time.Second)
		o.want(t, "a", "c")
		for i, err := range []error{errRefused, errOdd, redisError("NOPERM no"), redisError("LOADING wait")} {
			for range 20 {
				s.FailNext(redilocktest.Inspect, err)
			}
			s.Advance(20 * time.Second)
			s.Heal()
			resign()
			s.Advance(time.Second)
			resign = s.Lead("e", fmt.Sprint(i))
			s.Advance(time.Second)
		}
		o.want(t, "a", "c", "-", "0", "-", "1", "-", "2", "-", "3")
	})
}

// A primary that has lost the newest leader shows the one before: it was told already, and is none any more.
func TestObserveFailover(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		resign := s.Lead("e", "a")
		o := observe(t, s.Client.Election("e", time.Second))
		s.Advance(time.Second)
		token, fence := s.Redis.Get(t.Context(), "e").Val(), s.Redis.Get(t.Context(), "{e}:redilock:fence").Val()
		resign()
		resign = s.Lead("e", "b")
		s.Advance(time.Second)
		s.Redis.Set(t.Context(), "e", token, time.Minute)
		s.Redis.Set(t.Context(), "{e}:redilock:fence", fence, time.Hour)
		s.Advance(30 * time.Second)
		o.want(t, "a", "b")
		s.Advance(time.Minute)
		resign()
		resign = s.Lead("e", "c")
		s.Advance(time.Second)
		s.Redis.Del(t.Context(), "{e}:redilock:fence") // a counter that is lost makes no new leader
		s.Advance(time.Minute)
		o.want(t, "a", "b", "-", "c")
		resign()
	})
}
