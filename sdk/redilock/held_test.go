package redilock_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// One client holds many locks, each extended three times at the least: none is lost, no goroutine is kept for a lock, and
// it prints what one costs. REDILOCK_LOCKS sets how many. Not parallel: it measures the process.
func TestManyHeldLocks(t *testing.T) {
	count := testreport.Size(t, "REDILOCK_LOCKS", 5_000)
	if len(server.Executables()) == 0 {
		server.Missing(t, "no redis-server")
	}
	// So long that the renewals of all of them are a fraction of what a server does, also on a busy machine: a third of it
	// is 1 s for 5,000 and for 10,000.
	ttl := 3 * time.Second * time.Duration(max(count/10_000, 1))
	s := server.StartT(t, server.Options{})
	var lost, extended atomic.Int64
	c := newClient(t, s.RedisOptions(), redilock.WithTrace(redilock.Trace{
		Lost:     func(context.Context, redilock.Event) { lost.Add(1) },
		Extended: func(context.Context, redilock.Event) { extended.Add(1) },
	}))
	if l, err := c.Mutex("warm", ttl).Lock(t.Context()); err != nil || l.Unlock(t.Context()) != nil {
		t.Fatal(err)
	}
	heap, goroutines := heapInUse(), runtime.NumGoroutine()

	locks := make([]*redilock.Lock, count)
	each := func(do func(i int) error) {
		var wg sync.WaitGroup
		const workers = 64
		for w := range workers {
			wg.Go(func() {
				for i := w; i < count; i += workers {
					if err := do(i); err != nil {
						t.Errorf("lock %d: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	each(func(i int) (err error) {
		locks[i], err = c.Mutex(fmt.Sprintf("held:%d", i), ttl, redilock.WithAutoExtend()).Lock(t.Context())
		return err
	})
	bytes := (heapInUse() - heap) / int64(count)

	busy, began := cpuTime(t), time.Now()
	extended.Store(0)
	most := 0
	for extended.Load() < 3*int64(count) && lost.Load() == 0 && time.Since(began) < 3*ttl {
		most = max(most, runtime.NumGoroutine())
		time.Sleep(ttl / 200) // to sample, not to wait
	}
	cpu := float64(cpuTime(t)-busy) / float64(time.Since(began))
	if n := lost.Load(); n > 0 {
		t.Errorf("%d locks were lost", n)
	}
	if n := extended.Load(); n < 3*int64(count) {
		t.Errorf("%d renewals of %d locks in %v", n, count, time.Since(began))
	}
	if extra := most - goroutines; extra > 50 {
		t.Errorf("%d goroutines more than before", extra)
	}
	figures := fmt.Sprintf("%d renewals of %d locks, each lock %d bytes, %d goroutines more, %.0f %% of a core, lease %v",
		extended.Load(), count, bytes, most-goroutines, 100*cpu, ttl)
	each(func(i int) error { return locks[i].Unlock(t.Context()) })
	row := testreport.Row{
		Section: "held locks", Subject: s.Name(), Version: s.Version(), Passed: count - int(lost.Load()),
		Failed: int(lost.Load()), Notes: []string{figures},
	}
	testreport.Report(t, row)
}

// heapInUse is how many bytes are reachable.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// cpuTime is how long the process has kept a core busy.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
