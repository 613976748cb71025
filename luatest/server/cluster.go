package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Slots is how many slots a cluster has.
const Slots = 16384

// clusterNodes is how many masters share the slots, in equal parts.
const clusterNodes = 3

// StartClusterT starts a cluster of three masters for a test, and stops it with it. The servers are in the order of their
// slots. It fails the test when the cluster does not come about.
func StartClusterT(t testing.TB, executable string) []*Server {
	t.Helper()
	nodes := make([]*Server, clusterNodes)
	for i := range nodes {
		bus, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		nodes[i] = StartT(t, Options{Executable: executable, Args: []string{
			"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus), "--cluster-node-timeout", "2000",
			"--databases", "1",
		}})
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	clients := make([]*redis.Client, clusterNodes)
	for i, node := range nodes {
		clients[i] = redis.NewClient(node.RedisOptions())
		defer clients[i].Close()
		if err := join(ctx, clients[0], clients[i], i, node.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range clients {
		for {
			info, err := c.ClusterInfo(ctx).Result()
			if strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", clusterNodes)) {
				break
			}
			if err != nil || ctx.Err() != nil {
				t.Fatalf("the cluster does not come about: %v\n%s", errors.Join(err, ctx.Err()), info)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	return nodes
}

// join gives a server its slots and makes it known to the first one.
func join(ctx context.Context, first, c *redis.Client, i int, addr string) error {
	if err := c.ClusterAddSlotsRange(ctx, i*Slots/clusterNodes, (i+1)*Slots/clusterNodes-1).Err(); err != nil {
		return err
	}
	if err := c.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
		return err
	}
	bus, err := c.ConfigGet(ctx, "cluster-port").Result()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	return first.Do(ctx, "CLUSTER", "MEET", host, port, bus["cluster-port"]).Err()
}
