package faults

import (
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// failoverTime is how long the tests' Sentinels and clusters may take to agree on a new primary.
const failoverTime = 15 * time.Second

// deployRows are servers that are replaced by others.
func deployRows() []row {
	const overlap = "what was not replicated is lost: who held may overlap with the next; fences grow"
	return []row{
		{name: "replica-promoted", promise: overlap, declared: true, must: bitten, run: replicaPromoted},
		{name: "sentinel-failover", promise: overlap, declared: true, must: bitten, run: sentinelFailover},
		{name: "cluster-master-killed", promise: overlap, declared: true, must: bitten, run: masterKilled},
		{
			name: "slots-migrated", promise: "no double hold; one poll and what the move takes", must: bitten,
			run: slotsMigrated,
		},
	}
}

// replicaPromoted cuts the link to a replica, lets the primary grant more, and sends everybody to the replica.
func replicaPromoted(w *rig) {
	primary := w.server()
	w.rights(primary)
	front := w.behind(primary.Addr())
	j := w.job(front.Addr())
	j.Hold = 100 * time.Millisecond
	j.Callers = 1
	w.spawn(6, j)
	w.settle()
	for range w.times(2, 5) {
		replica := server.StartReplicaT(w, primary)
		rdb := w.rights(replica)
		w.until(failoverTime, "the replica follows", func() bool {
			return rdb.Exists(w.Context(), "{x}:redilock:fence").Val() == 1
		})
		w.must(do("REPLICAOF", "127.0.0.1", "1")(w, rdb)) // nobody is there
		w.journal.mu.Lock()
		more := w.journal.total + 5 + w.rand.IntN(10)
		w.journal.mu.Unlock()
		if !w.journal.await(lease*15+slack, func() bool { return w.journal.total >= more }) {
			w.Fatal("the primary grants nothing")
		}
		at := w.strike("promotion", func() error {
			err := do("REPLICAOF", "NO", "ONE")(w, rdb)
			front.Point(replica.Addr())
			front.Cut()
			return errors.Join(err, primary.Stop())
		})
		w.granted(at, lease+presence)
		primary = replica
	}
	w.recovered(now(), lease+presence)
}

// sentinelFailover kills the primary of a Sentinel group.
func sentinelFailover(w *rig) {
	primary := w.server()
	server.StartReplicaT(w, primary)
	sentinel := server.StartSentinelT(w, primary, 1)
	rdb := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: server.SentinelGroup, SentinelAddrs: []string{sentinel},
	})
	w.Cleanup(func() { _ = rdb.Close() })
	w.admin = rdb
	j := w.job(sentinel)
	j.Sentinel = server.SentinelGroup
	j.Extend = true
	w.spawn(4, j)
	w.settle()
	w.run(upTo(w.rand, 300*time.Millisecond))
	w.granted(w.strike("kill -9 of the primary", primary.Stop), failoverTime)
	w.recovered(now(), failoverTime)
}

// masterKilled kills the master of the lock's slot, of three masters with a replica each.
func masterKilled(w *rig) {
	c := server.StartClusterT(w, w.exe, 3, 1)
	clusterWorkers(w, c)
	w.run(upTo(w.rand, 300*time.Millisecond))
	master := c.Owner(0, "x")
	w.granted(w.strike(fmt.Sprintf("kill -9 of node %d", master), c.Nodes[master].Stop), failoverTime)
	w.recovered(now(), failoverTime)
}

func clusterWorkers(w *rig, c *server.Cluster) {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	w.Cleanup(func() { _ = rdb.Close() })
	w.admin = rdb
	j := w.job(c.Addrs()...)
	j.Cluster, j.Extend = true, true
	w.spawn(4, j)
	w.settle()
}

func slotsMigrated(w *rig) {
	c := server.StartClusterT(w, w.exe, 3, 0)
	clusterWorkers(w, c)
	for range w.times(5, 15) {
		w.granted(w.strike("the slot moves", func() error { c.Migrate("x"); return nil }), lease+poll)
	}
	w.recovered(now(), lease+presence)
}
