package redilock_test

import (
	"bufio"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	killLimit = 4
	killLease = 300 * time.Millisecond
)

// hoarder is a process that takes permits, says so, and never gives them back.
func hoarder(addr string, _ []string) error {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	locks, err := redilock.New(rdb)
	if err != nil {
		return err
	}
	l, err := locks.Semaphore("x", killLimit, killLease, redilock.WithAutoExtend()).Acquire(context.Background(), 2)
	if err != nil {
		return err
	}
	fmt.Println(l.Fence())
	for {
		time.Sleep(time.Hour)
		runtime.KeepAlive(l)
	}
}

// TestSemaphoreKill: holders die by kill -9. Each permit is back after its lease, none leaks, and none is held by two: at
// any moment no more are in use than there are. REDILOCK_KILLS sets the number of deaths.
func TestSemaphoreKill(t *testing.T) {
	kills := testreport.Size(t, "REDILOCK_KILLS", 9)
	onServers(t, func(t *testing.T, s *real) {
		const processes = 3 // each takes 2 of 4: one waits
		watcher := s.client(t)
		done := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				status, err := watcher.InspectSemaphore(context.Background(), "x")
				if err != nil {
					t.Error(err)
					return
				}
				if status.Used > killLimit || len(status.Holders) > killLimit/2 {
					t.Errorf("%d permits of %d are in use, by %d", status.Used, killLimit, len(status.Holders))
				}
			}
		})
		var mu sync.Mutex
		var back []time.Duration // from a death to the next grant
		var all sync.WaitGroup
		for range processes {
			all.Go(func() {
				for range (kills + processes - 1) / processes {
					cmd := child(s, "hoarder")
					out, err := cmd.StdoutPipe()
					if err == nil {
						err = cmd.Start()
					}
					if err != nil {
						t.Error(err)
						return
					}
					start := time.Now()
					line := bufio.NewScanner(out)
					if !line.Scan() {
						t.Error("a holder says nothing")
					}
					mu.Lock()
					back = append(back, time.Since(start))
					mu.Unlock()
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
				}
			})
		}
		all.Wait()
		close(done)
		watching.Wait()
		whole := watcher.Semaphore("x", killLimit, time.Minute, redilock.WithWait(time.Minute))
		l, err := whole.Acquire(t.Context(), killLimit)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		slices.Sort(back)
		t.Logf("%d kills; from the start of a process to its permits: p50 %v, p99 %v", len(back), back[len(back)/2],
			back[len(back)*99/100])
		if longest := back[len(back)-1]; longest > 20*time.Second { // one lease, on a machine that may be slow
			t.Errorf("one waited %v", longest)
		}
		s.left(t)
	})
}
