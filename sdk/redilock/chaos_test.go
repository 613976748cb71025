package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// TestChaos throws everything at two clients at once: hooks and traces that panic, calls that are refused, lost or never
// answered, broken connections, a server that restarts, contexts that end, locks that are released elsewhere. Afterwards
// nothing is held, nobody waits, and the goroutines and the heap are back. REDILOCK_CHAOS sets how many simulated minutes.
// Not parallel: it counts goroutines.
func TestChaos(t *testing.T) {
	if raceDetector {
		testreport.Skip(t, "in a bubble of minutes the race detector itself crashes: go tool mage test runs it without")
	}
	minutes := testreport.Size(t, "REDILOCK_CHAOS", 5)
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		warm(t, s)
		s.Advance(time.Second)
		before, heap := runtime.NumGoroutine(), heapInUse()
		var quiet sync.WaitGroup
		end := time.Now().Add(time.Duration(minutes) * time.Minute)
		calm := func() bool { return !time.Now().Before(end) }
		var box machine
		clients := []*redilock.Client{}
		for range 2 {
			rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Dialer: box.dial(s.Redis.Options().Dialer)})
			defer rdb.Close()
			rdb.AddHook(mishaps(calm))
			c, err := redilock.New(rdb, redilock.WithTrace(traces(calm)))
			want(t, "New", err, nil)
			clients = append(clients, c)
		}
		holders := holding{by: map[string]int64{}}
		for i := range 16 {
			quiet.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(i)))
				for !calm() {
					holders.work(t, clients[i%2], r)
				}
			})
		}
		quiet.Go(func() {
			for !calm() {
				time.Sleep(time.Duration(1+rand.N(5)) * time.Second)
				s.Drop()
			}
		})
		quiet.Go(func() {
			for !calm() {
				time.Sleep(time.Duration(5+rand.N(10)) * time.Second)
				box.restart(t, s, time.Duration(100+rand.N(3000))*time.Millisecond)
			}
		})
		quiet.Wait()
		s.Advance(20 * time.Second)
		if left := s.Leftovers(); len(left) > 0 {
			t.Errorf("left on the server: %q", left)
		}
		for _, c := range clients {
			want(t, "Close", c.Close(), nil)
		}
		s.Advance(time.Minute)
		if n := runtime.NumGoroutine() - before; n > 20 { // connections of the pools
			t.Errorf("%d goroutines more than before", n)
		}
		clear(clients)
		const most = 4 << 20 // go-redis' pools are still open
		if now := heapInUse(); now > heap+most {
			t.Errorf("%d KB of heap more than before", (now-heap)>>10)
		}
		if holders.served < 100 {
			t.Errorf("%d locks in %d minutes", holders.served, minutes)
		}
		t.Logf("%d locks in %d simulated minutes", holders.served, minutes)
	})
}

// machine is what a server runs on: while it is down, nobody can connect.
type machine struct{ down atomic.Bool }

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (m *machine) dial(dial dialer) dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if m.down.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
}

// restart ends the server, which keeps its data but not the scripts, and starts it again after a while.
func (m *machine) restart(t *testing.T, s *redilocktest.Server, after time.Duration) {
	m.down.Store(true)
	s.Drop()
	err := s.Redis.ScriptFlush(t.Context()).Err()
	for n := 0; err != nil && n < 10; n++ { // its own connections are gone too
		err = s.Redis.ScriptFlush(t.Context()).Err()
	}
	want(t, "SCRIPT FLUSH", err, nil)
	time.Sleep(after)
	m.down.Store(false)
}

// mishaps fails one call in eight, in one of several ways, before or after the server has run it.
func mishaps(calm func() bool) hook {
	return func(verb string, calls []redis.Cmder, send func() error) error {
		if verb == "" || calm() || rand.N(8) > 0 {
			return send()
		}
		switch rand.N(6) {
		case 0:
			return failed(calls, redisError("NOREPLICAS Not enough good replicas to write."))
		case 1:
			return failed(calls, errRefused)
		case 2:
			_ = send()
			return failed(calls, io.EOF)
		case 3:
			_ = send()
			panic("a hook")
		case 4:
			time.Sleep(time.Duration(rand.N(3000)) * time.Millisecond) // silence
			return send()
		default:
			_ = send()
			return failed(calls, errors.New("nobody knows this one"))
		}
	}
}

// traces panic, or take their time.
func traces(calm func() bool) redilock.Trace {
	do := func(context.Context, redilock.Event) {
		if calm() {
			return
		}
		switch rand.N(4) {
		case 0:
			panic("a trace")
		case 1:
			time.Sleep(10 * time.Millisecond)
		}
	}
	return redilock.Trace{Enqueued: do, Acquired: do, GaveUp: do, HandedOff: do, Extended: do, Lost: do, Released: do}
}

// holding counts who holds what.
type holding struct {
	mu     sync.Mutex
	by     map[string]int64 // the fence of the last holder
	served int
}

// work takes one lock in one of several ways, and gives it back, or lets somebody else do so.
func (h *holding) work(t *testing.T, c *redilock.Client, r *rand.Rand) {
	name := fmt.Sprint("n", r.IntN(3))
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+r.IntN(20000))*time.Millisecond)
	defer cancel()
	opts := []redilock.LockOption{redilock.WithReentrant()}
	if r.IntN(2) == 0 {
		opts = append(opts, redilock.WithAutoExtend(), redilock.WithMaxHold(time.Minute))
	}
	m := c.Mutex(name, time.Duration(1+r.IntN(10))*time.Second, opts...)
	lock := m.Lock
	if r.IntN(4) == 0 {
		lock = m.TryLock
	}
	l, err := lock(ctx)
	if err != nil {
		time.Sleep(10 * time.Millisecond)
		return
	}
	h.mu.Lock()
	if last := h.by[name]; l.Fence() <= last {
		t.Errorf("%s: fence %d after %d", name, l.Fence(), last)
	}
	h.by[name] = l.Fence()
	h.served++
	h.mu.Unlock()
	time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
	switch r.IntN(6) {
	case 0: // elsewhere: by its token
		if other, err := c.Attach(name, l.Token()); err == nil {
			_ = other.Unlock(ctx)
		}
	case 1: // by an operator
		_ = c.Break(ctx, name)
	case 2:
		if inner, err := m.Lock(l.Context()); err == nil {
			_ = inner.Unlock(ctx)
		}
	}
	_ = l.Unlock(context.Background())
}
