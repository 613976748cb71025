package server

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	slots = 16384
	// settleTimeout bounds how long nodes may take to agree.
	settleTimeout = 30 * time.Second
)

// Cluster is a cluster of a test's own: masters that share the slots in equal parts, each with its replicas.
type Cluster struct {
	Nodes []*Server // the masters first

	t       testing.TB
	masters int
	clients []*redis.Client
	ids     []string
}

// StartClusterT makes a cluster of one kind of server, for a test and for as long as it runs.
func StartClusterT(t testing.TB, executable string, masters, replicasEach int) *Cluster {
	t.Helper()
	c := &Cluster{t: t, masters: masters}
	nodes := masters * (1 + replicasEach)
	for range nodes {
		port, err := freePort()
		c.must(err)
		s := StartT(t, Options{Executable: executable, Args: []string{
			"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(port), "--cluster-node-timeout", "2000",
			"--databases", "1", "--repl-diskless-sync-delay", "0",
		}})
		rdb := redis.NewClient(s.RedisOptions())
		t.Cleanup(func() { _ = rdb.Close() })
		id, err := rdb.Do(t.Context(), "CLUSTER", "MYID").Text()
		c.must(err)
		c.Nodes, c.clients, c.ids = append(c.Nodes, s), append(c.clients, rdb), append(c.ids, id)
	}
	ctx := t.Context()
	for i, node := range c.clients {
		if i < masters {
			c.must(node.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err())
		}
		c.must(node.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		bus := node.ConfigGet(ctx, "cluster-port").Val()["cluster-port"]
		c.must(c.clients[0].Do(ctx, "CLUSTER", "MEET", "127.0.0.1", portOf(c.Nodes[i].Addr()), bus).Err())
	}
	known := fmt.Sprintf("cluster_known_nodes:%d\r", nodes)
	c.Until("the cluster is whole", func() bool {
		for _, node := range c.clients {
			info, err := node.ClusterInfo(ctx).Result()
			if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, known) {
				return false
			}
		}
		return true
	})
	for i := masters; i < nodes; i++ {
		c.must(c.clients[i].ClusterReplicate(ctx, c.ids[i%masters]).Err())
	}
	c.Until("the replicas follow", func() bool {
		for _, node := range c.clients[masters:] {
			if !strings.Contains(node.Info(ctx, "replication").Val(), "master_link_status:up") {
				return false
			}
		}
		return true
	})
	return c
}

func (c *Cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// Until asks until something is so. It fails the test if that takes too long.
func (c *Cluster) Until(what string, is func() bool) {
	c.t.Helper()
	for end := time.Now().Add(settleTimeout); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not within %v: %s", settleTimeout, what)
		}
	}
}

// Addrs are where the nodes listen.
func (c *Cluster) Addrs() []string {
	var addrs []string
	for _, s := range c.Nodes {
		addrs = append(addrs, s.Addr())
	}
	return addrs
}

// Client is a node's own connection, by the node's number.
func (c *Cluster) Client(node int) *redis.Client { return c.clients[node] }

// Owner is the node that has the slot of a key, as another node sees it; -1 if nobody has.
func (c *Cluster) Owner(asked int, key string) int {
	slot := c.clients[asked].ClusterKeySlot(c.t.Context(), key).Val()
	for _, shard := range c.clients[asked].ClusterShards(c.t.Context()).Val() {
		for _, r := range shard.Slots {
			if slot < r.Start || slot > r.End {
				continue
			}
			for _, node := range shard.Nodes {
				if node.Role == "master" && node.Health == "online" {
					return slices.Index(c.ids, node.ID)
				}
			}
		}
	}
	return -1
}

// Migrate moves the slot of a key to the next master, key by key, as redis-cli --cluster reshard does. The masters must
// all be there, and be those that the cluster was started with.
func (c *Cluster) Migrate(key string) {
	c.t.Helper()
	ctx := c.t.Context()
	slot := int(c.clients[0].ClusterKeySlot(ctx, key).Val())
	from := c.Owner(0, key)
	to := (from + 1) % c.masters
	c.must(c.clients[to].Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", c.ids[from]).Err())
	c.must(c.clients[from].Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", c.ids[to]).Err())
	for {
		keys, err := c.clients[from].ClusterGetKeysInSlot(ctx, slot, 100).Result()
		c.must(err)
		if len(keys) == 0 {
			break
		}
		for _, k := range keys { // one by one: in between, a script finds its keys on both nodes
			err := c.clients[from].Migrate(ctx, "127.0.0.1", portOf(c.Nodes[to].Addr()), k, 0, 5*time.Second).Err()
			if err != nil && !strings.Contains(err.Error(), "NOKEY") {
				c.t.Fatal(err)
			}
		}
	}
	nodes := []int{to, from}
	for i := range c.masters {
		if i != to && i != from {
			nodes = append(nodes, i)
		}
	}
	var err error
	for _, node := range nodes {
		err = errors.Join(err, c.clients[node].Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", c.ids[to]).Err())
	}
	c.must(err)
	c.Until("all nodes agree on the slot", func() bool {
		for node := range c.clients {
			if c.Owner(node, key) != to {
				return false
			}
		}
		return true
	})
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
