package redilock_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// behind gives a client whose connections go through a proxy.
func behind(t *testing.T, addr string, opts ...redilock.Option) (*redilock.Client, *proxy.Proxy) {
	t.Helper()
	p, err := proxy.New(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return newClient(t, &redis.Options{Addr: p.Addr()}, opts...), p
}

// Every reply of every script is lost once, or every request delivered twice: no orphan, no false "held", no double
// hold. The proxy counts what it does, so that this cannot pass by doing nothing.
func TestEveryReplyIsLostOnce(t *testing.T) {
	scripts := map[string]string{
		mutexv1.AcquireSHA1: "acquire", mutexv1.ExtendSHA1: "extend", mutexv1.ReleaseSHA1: "release",
	}
	tests := map[string]proxy.Fate{"lost": {Drop: true}, "doubled": {Twice: true}}
	onServers(t, func(t *testing.T, s *real) {
		for name, fate := range tests {
			t.Run(name, func(t *testing.T) {
				var clients []*redilock.Client
				var bitten [3]atomic.Int64
				for i := range 3 {
					c, p := behind(t, s.Addr(), redilock.WithTurn(0))
					clients = append(clients, c)
					var seen sync.Map
					p.Decide(func(command []string) proxy.Fate {
						if len(command) < 2 || !strings.EqualFold(command[0], "evalsha") || scripts[command[1]] == "" {
							return proxy.Fate{}
						}
						call := strings.Join(command, "\x00")
						if _, again := seen.LoadOrStore(call, true); again {
							return proxy.Fate{} // a repeat gets through
						}
						bitten[i].Add(1)
						return fate
					})
				}
				const each = 15
				var holders atomic.Int64
				var wg sync.WaitGroup
				for _, c := range clients {
					for range 2 {
						wg.Go(func() {
							for range each {
								m := c.Mutex("x", 10*time.Second)
								if err := m.Do(t.Context(), func(ctx context.Context, l *redilock.Lock) error {
									if holders.Add(1) != 1 {
										t.Error("two holders")
									}
									defer holders.Add(-1)
									return l.Extend(ctx, 20*time.Second)
								}); err != nil {
									t.Error(err)
								}
							}
						})
					}
				}
				wg.Wait()
				for i := range bitten {
					if n := bitten[i].Load(); n < each {
						t.Errorf("only %d replies were %s", n, name)
					}
				}
				s.left(t)
				// TryLock of a free lock whose reply is lost is not told "held" by its own grant.
				l, err := clients[0].Mutex("y", time.Minute).TryLock(t.Context())
				if err != nil {
					t.Fatalf("a false %v", err)
				}
				if err := l.Unlock(t.Context()); err != nil {
					t.Error(err)
				}
				s.left(t)
			})
		}
	})
}

// During automatic extension the server is killed, stopped, or cut off: the context ends with ErrLost before the server's
// lease can have ended, which is one lease after the proxy forwarded the last request that was answered. Not parallel:
// a machine that is busy with other things would be measured as well. REDILOCK_RUNS sets the number of runs.
func TestLossIsNoticedInTime(t *testing.T) {
	runs := testreport.Size(t, "REDILOCK_RUNS", 40)
	const ttl = 600 * time.Millisecond
	if len(server.Executables()) == 0 {
		server.Missing(t, "no redis-server")
	}
	pulse := startPulse(t)
	gate := make(chan struct{}, 4) // so many at once
	var wg sync.WaitGroup
	var mu sync.Mutex
	least, void := ttl, 0
	for seed := range runs {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			for try := 0; ; try++ {
				left, err := loseServer(t, rand.New(rand.NewPCG(uint64(seed), 7)), ttl)
				mu.Lock()
				// A process that the machine did not run for a while ends nothing in time. Such a run says nothing of
				// the lock, which has a fence for it, and is made again.
				if (err == nil && left < 0 || errors.Is(err, errLostEarly)) && try < 10 && pulse.missed(ttl/100) {
					void++
					mu.Unlock()
					continue
				}
				switch {
				case err != nil:
					t.Errorf("seed %d: %v", seed, err)
				case left < 0:
					t.Errorf("seed %d: the context ended %v after the server's lease could have", seed, -left)
				}
				least = min(least, left)
				mu.Unlock()
				return
			}
		})
	}
	wg.Wait()
	t.Logf("%d runs; the context ended at least %v before the lease; %d runs made again because the machine stalled",
		runs, least, void)
}

// pulse notices when the process was not run for a while.
type pulse struct {
	mu   sync.Mutex
	late []stall
}

type stall struct {
	at time.Time
	by time.Duration
}

func startPulse(t *testing.T) *pulse {
	t.Helper()
	p := &pulse{}
	ticker := time.NewTicker(time.Millisecond)
	done := make(chan struct{})
	t.Cleanup(func() { ticker.Stop(); close(done) })
	go func() {
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			now := time.Now()
			p.mu.Lock()
			p.late = append(p.late, stall{now, now.Sub(last) - time.Millisecond})
			p.mu.Unlock()
			last = now
		}
	}()
	return p
}

// missed reports whether the process stood still for longer than that, within the last second.
func (p *pulse) missed(longer time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.late) - 1; i >= 0 && time.Since(p.late[i].at) < time.Second; i-- {
		if p.late[i].by > longer {
			return true
		}
	}
	return false
}

var errLostEarly = errors.New("lost without a reason")

// loseServer breaks a server under a held lock, and gives how long before the end of the server's lease the context ended.
func loseServer(t *testing.T, r *rand.Rand, ttl time.Duration) (time.Duration, error) {
	s, err := server.Start(t.Context(), server.Options{})
	if err != nil {
		return 0, err
	}
	defer s.Stop()
	p, err := proxy.New(s.Addr())
	if err != nil {
		return 0, err
	}
	defer p.Close()
	rdb := redis.NewClient(&redis.Options{Addr: p.Addr()})
	defer rdb.Close()
	var mu sync.Mutex
	var sent, answered time.Time // when the last request was forwarded, and the last of those that were answered
	p.Decide(func([]string) proxy.Fate {
		mu.Lock()
		defer mu.Unlock()
		sent = time.Now()
		return proxy.Fate{}
	})
	note := func(context.Context, redilock.Event) {
		mu.Lock()
		defer mu.Unlock()
		answered = sent
	}
	c, err := redilock.New(rdb, redilock.WithTrace(redilock.Trace{Acquired: note, Extended: note}))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	l, err := c.Mutex("x", ttl, redilock.WithAutoExtend()).Lock(t.Context())
	if err != nil {
		return 0, err
	}
	held := l.Context()
	select {
	case <-time.After(time.Duration(r.Int64N(int64(2 * ttl)))):
	case <-held.Done():
		return 0, errLostEarly
	}
	switch r.IntN(3) {
	case 0:
		err = syscall.Kill(s.PID(), syscall.SIGKILL)
	case 1:
		err = syscall.Kill(s.PID(), syscall.SIGSTOP)
		defer syscall.Kill(s.PID(), syscall.SIGCONT)
	case 2:
		p.Silence(true)
	}
	if err != nil {
		return 0, err
	}
	select {
	case <-held.Done():
	case <-time.After(10 * ttl):
		return 0, errors.New("the context does not end")
	}
	ended := time.Now()
	if cause := context.Cause(held); !errors.Is(cause, redilock.ErrLost) {
		return 0, cause
	}
	mu.Lock()
	defer mu.Unlock()
	return answered.Add(ttl).Sub(ended), nil
}
