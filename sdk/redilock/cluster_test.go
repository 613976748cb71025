package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// clusterClient gives a lock client of a cluster, as another process would have.
func clusterClient(t *testing.T, c *server.Cluster) *redilock.Client {
	t.Helper()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	t.Cleanup(func() { _ = rdb.Close() })
	locks, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = locks.Close() })
	return locks
}

func TestCluster(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		c := server.StartClusterT(t, s.Executable(), 3, 0)
		a, b := clusterClient(t, c), clusterClient(t, c)

		var names sync.WaitGroup
		for i := range 6 { // on all nodes
			names.Go(func() { contend(t, fmt.Sprintf("name-%d", i), a, b) })
		}
		names.Wait()

		multiOnCluster(t, a, b)

		// Slots move while the lock is fought for: MOVED, ASK and TRYAGAIN are nobody's business.
		var working sync.WaitGroup
		stop := make(chan struct{})
		var mu sync.Mutex
		var last int64
		turns := 0
		for _, locks := range []*redilock.Client{a, b} {
			working.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					m := locks.Mutex("moving", 10*time.Second)
					err := m.Do(t.Context(), func(ctx context.Context, l *redilock.Lock) error {
						mu.Lock()
						defer mu.Unlock()
						if l.Fence() <= last {
							t.Errorf("fence %d after %d", l.Fence(), last)
						}
						last = l.Fence()
						turns++
						// While the keys of the slot are on both sides the server answers TRYAGAIN: the lock is held all
						// the same.
						if err := l.Extend(ctx, 20*time.Second); !errors.Is(err, redilock.ErrUnavailable) {
							return err
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		const moves = 6
		for range moves {
			mu.Lock()
			before := turns
			mu.Unlock()
			c.Migrate("moving")
			eventually(t, 10*time.Second, "the lock goes on being taken", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return turns > before+10
			})
		}
		close(stop)
		working.Wait()
		t.Logf("the slot moved %d times during %d turns", moves, turns)
		contend(t, "moving", a, b)
	})
}
