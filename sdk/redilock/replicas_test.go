package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// tooFew fails the test unless the error says how many replicas have the lock.
func tooFew(t *testing.T, what string, err error, wanted, have int) {
	t.Helper()
	var few *redilock.ReplicasError
	if !errors.Is(err, redilock.ErrReplicas) || !errors.As(err, &few) || few.Wanted != wanted || few.Acknowledged != have {
		t.Errorf("%s: %v, want %d of %d", what, err, have, wanted)
	}
}

// Too few acknowledgements are noticed (redisson#3994), and the lock is given back, so that it can be had again
// (redisson#4822).
func TestReplicas(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		const ttl = 10 * time.Second
		two := redilock.WithReplicas(2, time.Second)
		m := s.Client.Mutex("a", ttl, two)
		all := s.Client.Multi(s.Client.Mutex("b", ttl), s.Client.Mutex("a", ttl, two))
		e := s.Client.Election("a", ttl, two)
		for have := range 2 {
			s.SetReplicas(have)
			_, err := m.Lock(t.Context())
			tooFew(t, "Lock", err, 2, have)
			_, err = m.TryLock(t.Context())
			tooFew(t, "TryLock", err, 2, have)
			_, err = all.Lock(t.Context())
			tooFew(t, "Multi.Lock", err, 2, have)
			_, err = all.TryLock(t.Context())
			tooFew(t, "Multi.TryLock", err, 2, have)
			_, err = e.Campaign(t.Context(), "me")
			tooFew(t, "Campaign", err, 2, have)
			if left := s.Leftovers(); len(left) > 0 {
				t.Errorf("left on the server: %v", left)
			}
		}
		s.SetReplicas(2)
		for _, lock := range []func(context.Context) (*redilock.Lock, error){m.Lock, m.TryLock} {
			l, err := lock(t.Context())
			want(t, "Lock", err, nil)
			s.SetReplicas(1)
			before := l.Deadline()
			tooFew(t, "Extend", l.Extend(t.Context(), time.Hour), 2, 1)
			if !l.Deadline().Equal(before) {
				t.Error("an extend that the replicas do not have raised the deadline")
			}
			s.SetReplicas(2)
			want(t, "Extend", l.Extend(t.Context(), time.Hour), nil)
			if time.Until(l.Deadline()) < 59*time.Minute {
				t.Error("Extend raised nothing")
			}
			inner := s.Client.Mutex("a", ttl, redilock.WithReentrant(), redilock.WithReplicas(3, time.Second))
			_, err = inner.Lock(l.Context())
			tooFew(t, "Lock inside", err, 3, 2)
			want(t, "Unlock", l.Unlock(t.Context()), nil)
		}
		l, err := all.Lock(t.Context())
		want(t, "Multi.Lock", err, nil)
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		leader, err := e.Campaign(t.Context(), "me")
		want(t, "Campaign", err, nil)
		want(t, "Resign", leader.Resign(t.Context()), nil)
	})
}

// Renewals count when they are acknowledged, and are tried again until then.
func TestReplicasRenew(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		s.SetReplicas(1)
		m := s.Client.Mutex("a", 9*time.Second, redilock.WithAutoExtend(), redilock.WithReplicas(1, time.Second))
		l, err := m.Lock(t.Context())
		want(t, "Lock", err, nil)
		s.Advance(time.Minute)
		s.SetReplicas(0)
		s.Advance(4 * time.Second)
		want(t, "within the lease", l.Context().Err(), nil)
		s.SetReplicas(1)
		s.Advance(time.Minute)
		want(t, "acknowledged again", l.Context().Err(), nil)
		s.SetReplicas(0)
		s.Advance(10 * time.Second)
		want(t, "never acknowledged", context.Cause(l.Context()), redilock.ErrExpired)
		want(t, "Unlock", l.Unlock(t.Context()), redilock.ErrExpired)
		s.Advance(time.Second)
		if s.Held("a") {
			t.Error("what the server kept for longer is not given back")
		}
	})
}

func TestReplicasInvalid(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		for what, option := range map[string]redilock.LockOption{
			"0 replicas":       redilock.WithReplicas(0, time.Second),
			"-1 replicas":      redilock.WithReplicas(-1, time.Second),
			"no time":          redilock.WithReplicas(1, 0),
			"negative":         redilock.WithReplicas(1, -time.Second),
			"a microsecond":    redilock.WithReplicas(1, time.Microsecond),
			"more than a half": redilock.WithReplicas(1, 6*time.Second),
		} {
			_, err := s.Client.Mutex("a", 10*time.Second, option).Lock(t.Context())
			want(t, what, err, redilock.ErrInvalid)
		}
		c, err := redilock.New(struct{ redis.UniversalClient }{s.Redis})
		want(t, "New", err, nil)
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.Mutex("a", 10*time.Second, redilock.WithReplicas(1, time.Second)).Lock(t.Context())
		want(t, "a client without connections of its own", err, redilock.ErrInvalid)
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %v", left)
		}
	})
}

// A stopped replica acknowledges nothing, whatever way a grant comes and however often it is asked; and waiting for it
// holds up nobody else.
func TestReplicasOnServers(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		replica := server.StartReplicaT(t, s.Server)
		server.UntilReplicasT(t, s.Server, 1)
		c := s.client(t)
		const ttl, timeout = 10 * time.Second, 50 * time.Millisecond
		m := c.Mutex("a", ttl, redilock.WithReplicas(1, 5*time.Second))
		l, err := m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		l, err = c.Mutex("a", ttl, redilock.WithReplicas(1, time.Second)).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stopProcess(t, replica.PID())
		for range 2 {
			tooFew(t, "Extend", l.Extend(t.Context(), 10*time.Second), 1, 0)
		}
		var others sync.WaitGroup
		others.Go(func() { // by a hand-off
			_, err := s.client(t).Mutex("a", 10*time.Second, redilock.WithReplicas(1, timeout)).Lock(t.Context())
			tooFew(t, "Lock", err, 1, 0)
		})
		eventually(t, 10*time.Second, "it waits", func() bool {
			status, err := c.Inspect(t.Context(), "a")
			return err == nil && status.Queued == 1
		})
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		others.Wait()
		slow := make(chan error, 1)
		go func() {
			_, err := c.Mutex("slow", 10*time.Second, redilock.WithReplicas(1, 5*time.Second)).Lock(t.Context())
			slow <- err
		}()
		for range 100 { // the pipelines that are shared go on
			l, err := c.Mutex("b", 10*time.Second).Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want(t, "Unlock", l.Unlock(t.Context()), nil)
		}
		select {
		case err := <-slow:
			t.Errorf("the others waited for the replica: %v", err)
		default:
		}
		if err := syscall.Kill(replica.PID(), syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		want(t, "Lock", <-slow, nil)
		l, err = m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "Unlock", l.Unlock(t.Context()), nil)
		_, err = c.Mutex("a", 10*time.Second, redilock.WithReplicas(2, timeout)).Lock(t.Context())
		tooFew(t, "more than there are", err, 2, 1)
	})
}

// On a cluster WAIT goes to the primary of the key.
func TestReplicasOnCluster(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		cluster := server.StartClusterT(t, s.Executable(), 3, 1)
		c := clusterClient(t, cluster)
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			l, err := c.Mutex(name, 10*time.Second, redilock.WithReplicas(1, 5*time.Second)).Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want(t, "Extend", l.Extend(t.Context(), 20*time.Second), nil)
			want(t, "Unlock", l.Unlock(t.Context()), nil)
			_, err = c.Mutex(name, 10*time.Second, redilock.WithReplicas(2, 20*time.Millisecond)).TryLock(t.Context())
			tooFew(t, "TryLock", err, 2, 1)
		}
	})
}

// stopProcess stops a process, and waits until it has stopped: on a busy machine it goes on for a while. Where there is no
// /proc it gets that while.
func stopProcess(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			return
		}
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "T") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("it does not stop")
		}
	}
}
