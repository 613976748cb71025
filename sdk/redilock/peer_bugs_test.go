package redilock_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// What went wrong in other lock libraries, as tests against this one. Each is named by where it was told of.

const (
	peerTTL  = 3 * time.Second
	peerPoll = 250 * time.Millisecond
)

// peerTest is a test in a world whose time stands still until all wait.
type peerTest struct {
	origin, bug string
	run         func(t *testing.T, s *redilocktest.Server)
}

func runPeerTests(t *testing.T, tests []peerTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.origin, func(t *testing.T) {
			t.Parallel()
			redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
				test.run(t, s)
				s.Advance(time.Minute) // nothing that was begun is still at work
				if left := s.Leftovers(); len(left) > 0 {
					t.Errorf("left on the server: %q", left)
				}
			})
			if t.Failed() {
				t.Logf("as in %s: %s", test.origin, test.bug)
			}
		})
	}
}

func mustLock(t *testing.T, c *redilock.Client, opts ...redilock.LockOption) *redilock.Lock {
	t.Helper()
	l, err := c.Mutex("x", peerTTL, opts...).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// lockLater calls Lock in the background.
func lockLater(t *testing.T, c *redilock.Client, ctx context.Context) (result chan error) {
	t.Helper()
	result = make(chan error, 1)
	go func() {
		l, err := c.Mutex("x", peerTTL).Lock(ctx)
		if err == nil {
			err = l.Unlock(ctx)
		}
		result <- err
	}()
	synctest.Wait()
	return result
}

func want(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) || kind == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

// calls counts the commands that a pool sends, and can hold back what they answer.
type calls struct {
	n     atomic.Int64
	delay atomic.Int64 // nanoseconds
}

// slowed makes one that holds back every answer so long.
func slowed(delay time.Duration) *calls {
	c := &calls{}
	c.delay.Store(int64(delay))
	return c
}

func (c *calls) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *calls) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		err := next(ctx, cmd)
		time.Sleep(time.Duration(c.delay.Load()))
		return err
	}
}

func (c *calls) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(int64(len(cmds)))
		return next(ctx, cmds)
	}
}

func TestPeerBugsOfRenewal(t *testing.T) {
	runPeerTests(t, []peerTest{
		{"redisson#7272", "a renewal outlives the unlock", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client, redilock.WithAutoExtend())
			s.Advance(peerTTL/3 - time.Millisecond) // the renewal is about to be sent
			s.LoseNext(redilocktest.Extend)
			go s.Advance(0)
			want(t, "Unlock", l.Unlock(t.Context()), nil)
			next := mustLock(t, s.NewClient())
			s.Advance(peerTTL)
			if s.Held("x") {
				t.Error("somebody renews the lock of another")
			}
			want(t, "Unlock of a lock that has ended", next.Unlock(t.Context()), redilock.ErrLost)
		}},
		{"redisson#2714", "an interrupted tryLock renews for ever", func(t *testing.T, s *redilocktest.Server) {
			slow := slowed(time.Second)
			s.Redis.AddHook(slow)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_, err := s.Client.Mutex("x", peerTTL, redilock.WithAutoExtend()).TryLock(ctx)
			want(t, "TryLock", err, context.DeadlineExceeded)
			s.Advance(4 * time.Second) // the reply comes, and the grant is given back
			if s.Held("x") {
				t.Error("the lock is held by nobody")
			}
		}},
		{"redisson#1604", "another call cuts the lease short", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			_, err := s.NewClient().Mutex("x", 3*time.Millisecond).TryLock(t.Context())
			want(t, "TryLock", err, redilock.ErrHeld)
			want(t, "Extend", l.Extend(t.Context(), time.Millisecond), nil)
			s.Advance(peerTTL - 100*time.Millisecond)
			if !s.Held("x") {
				t.Error("the lease was cut short")
			}
			want(t, "Unlock", l.Unlock(t.Context()), nil)
		}},
		{"redisson#2144", "a shared lock has the shortest of its leases", func(t *testing.T, s *redilocktest.Server) {
			m := s.Client.Mutex("x", peerTTL)
			want(t, "Do", m.Do(t.Context(), func(ctx context.Context, l *redilock.Lock) error {
				inner, err := s.Client.Mutex("x", 3*time.Millisecond, redilock.WithReentrant()).Lock(ctx)
				if err != nil {
					return err
				}
				s.Advance(time.Second)
				return errors.Join(inner.Unlock(ctx), ctx.Err(), l.Extend(ctx, peerTTL))
			}), nil)
		}},
		{"RedLock.net#68", "a section that hangs is extended for ever", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client, redilock.WithAutoExtend(), redilock.WithMaxHold(time.Minute))
			held := l.Context()
			s.Advance(time.Minute)
			want(t, "context", context.Cause(held), redilock.ErrLost)
		}},
		{"redlock-rb#36", "extending revives a lock that has ended", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			s.Redis.Del(t.Context(), "x") // before its time, so that only the server knows
			want(t, "Extend", l.Extend(t.Context(), peerTTL), redilock.ErrLost)
			if s.Held("x") {
				t.Error("it holds again")
			}
			l = mustLock(t, s.Client)
			s.Advance(peerTTL)
			want(t, "Extend after the lease", l.Extend(t.Context(), peerTTL), redilock.ErrLost)
		}},
		{"redsync#72", "a lock is called valid after it has expired", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			held := l.Context()
			s.Advance(time.Until(l.Deadline()))
			if !s.Held("x") {
				t.Error("the server let go before the deadline")
			}
			want(t, "context at the deadline", context.Cause(held), redilock.ErrLost)
		}},
		{"node-redlock#296", "what was waited for is returned expired", func(t *testing.T, s *redilocktest.Server) {
			release := s.Hold("x")
			got := make(chan time.Duration, 1)
			go func() {
				if l, err := s.Client.Mutex("x", peerTTL).Lock(t.Context()); err == nil {
					got <- time.Until(l.Deadline())
					_ = l.Unlock(t.Context())
				}
			}()
			s.Advance(10 * peerTTL) // it waits for much longer than the lease that it wants
			release()
			s.Advance(time.Second)
			if left := <-got; left < peerTTL/2 {
				t.Errorf("of a lease of %v only %v were left", peerTTL, left)
			}
			slow := slowed(peerTTL)
			s.Redis.AddHook(slow)
			_, err := s.Client.Mutex("x", peerTTL).Lock(t.Context())
			want(t, "a grant whose reply took longer than the lease", err, redilock.ErrLost)
		}},
	})
}

func TestPeerBugsOfUnlock(t *testing.T) {
	runPeerTests(t, []peerTest{
		{"open-match#1578", "unlocking with a context that has ended leaves it", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			want(t, "Unlock", l.Unlock(ctx), nil)
			if s.Held("x") {
				t.Error("the lock is still held")
			}
		}},
		{"redis-py#4258", "a release that failed has forgotten the token", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			for range 6 { // more than the call itself repeats
				s.FailNext(redilocktest.Release, io.EOF)
			}
			want(t, "Unlock", l.Unlock(t.Context()), nil)
			want(t, "Unlock again", l.Unlock(t.Context()), redilock.ErrUnlocked)
			if s.Held("x") {
				t.Error("the lock is still held")
			}
		}},
		{"redis-py#415", "releasing a lock that has ended frees another's", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			s.Advance(peerTTL)
			next := mustLock(t, s.NewClient())
			want(t, "Unlock", l.Unlock(t.Context()), redilock.ErrLost)
			if !s.Held("x") {
				t.Error("the next one lost its lock")
			}
			want(t, "Unlock of the next one", next.Unlock(t.Context()), nil)
		}},
		{"node-redlock#168", "releasing an expired lock speaks of a quorum", func(t *testing.T, s *redilocktest.Server) {
			l := mustLock(t, s.Client)
			s.Advance(time.Hour)
			err := l.Unlock(t.Context())
			want(t, "Unlock", err, redilock.ErrLost)
			want(t, "Unlock twice", l.Unlock(t.Context()), redilock.ErrUnlocked)
		}},
		{"redisson#2714 (unlock)", "a cancelled call keeps its grant", func(t *testing.T, s *redilocktest.Server) {
			s.Redis.AddHook(slowed(10 * time.Millisecond))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			_, err := s.Client.Mutex("x", time.Hour).Lock(ctx)
			want(t, "Lock", err, context.DeadlineExceeded)
			s.Advance(time.Second)
			if s.Held("x") {
				t.Error("an hour's lock is held by nobody")
			}
		}},
	})
}
