package redilock_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// cluster is three masters that share the slots in equal parts.
type cluster struct {
	nodes []*redis.Client
	addrs []string
	ids   []string
}

// startCluster makes a cluster of one kind of server.
func startCluster(t *testing.T, executable string) *cluster {
	t.Helper()
	c := &cluster{}
	for _, s := range server.StartClusterT(t, executable) {
		rdb := redis.NewClient(s.RedisOptions())
		t.Cleanup(func() { _ = rdb.Close() })
		id, err := rdb.Do(t.Context(), "CLUSTER", "MYID").Text()
		if err != nil {
			t.Fatal(err)
		}
		c.nodes, c.addrs, c.ids = append(c.nodes, rdb), append(c.addrs, s.Addr()), append(c.ids, id)
	}
	return c
}

func (c *cluster) client(t *testing.T) *redilock.Client {
	t.Helper()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.addrs})
	t.Cleanup(func() { _ = rdb.Close() })
	locks, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = locks.Close() })
	return locks
}

// migrate moves the slot of a name from its node to the next one, key by key, as redis-cli --cluster reshard does.
func (c *cluster) migrate(t *testing.T, name string) {
	t.Helper()
	ctx := t.Context()
	slot := int(c.nodes[0].ClusterKeySlot(ctx, name).Val())
	from := c.owner(t, c.nodes[0], slot)
	to := (from + 1) % len(c.nodes)
	for _, step := range []struct {
		node  int
		state string
		peer  int
	}{{to, "IMPORTING", from}, {from, "MIGRATING", to}} {
		if err := c.nodes[step.node].Do(ctx, "CLUSTER", "SETSLOT", slot, step.state, c.ids[step.peer]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for {
		keys := c.nodes[from].ClusterGetKeysInSlot(ctx, slot, 100).Val()
		if len(keys) == 0 {
			break
		}
		for _, key := range keys { // one by one: in between, a script finds its keys on both nodes
			err := c.nodes[from].Migrate(ctx, "127.0.0.1", port(c.addrs[to]), key, 0, 5*time.Second).Err()
			if err != nil && !strings.Contains(err.Error(), "NOKEY") {
				t.Fatal(err)
			}
		}
	}
	for _, node := range []int{to, from, 3 - from - to} {
		if err := c.nodes[node].Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", c.ids[to]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 10*time.Second, "all nodes agree on the slot", func() bool {
		for _, node := range c.nodes {
			if c.owner(t, node, slot) != to {
				return false
			}
		}
		return true
	})
}

// owner is who has a slot, as one node sees it.
func (c *cluster) owner(t *testing.T, node *redis.Client, slot int) int {
	t.Helper()
	for _, shard := range node.ClusterShards(t.Context()).Val() {
		for _, r := range shard.Slots {
			if int64(slot) >= r.Start && int64(slot) <= r.End {
				return slices.Index(c.ids, shard.Nodes[0].ID)
			}
		}
	}
	t.Fatalf("nobody has slot %d", slot)
	return 0
}

func TestCluster(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		c := startCluster(t, s.Executable())
		a, b := c.client(t), c.client(t)

		var names sync.WaitGroup
		for i := range 6 { // on all nodes
			names.Go(func() { contend(t, fmt.Sprintf("name-%d", i), a, b) })
		}
		names.Wait()

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
						return l.Extend(ctx, 20*time.Second)
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
			c.migrate(t, "moving")
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
