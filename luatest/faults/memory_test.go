package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// memoryRows are servers that forget: scripts, keys, everything.
func memoryRows() []row {
	return []row{
		{
			name: "script-flush", promise: "the scripts are loaded again", must: bitten, run: func(w *rig) {
				again(w, w.times(100, 300), "SCRIPT FLUSH", func(rdb *redis.Client) error {
					return rdb.ScriptFlush(w.Context()).Err()
				})
			},
		},
		{
			name: "flushall", promise: "who held may overlap with the next; fences grow", declared: true, must: bitten,
			run: func(w *rig) {
				again(w, w.times(100, 300), "FLUSHALL", func(rdb *redis.Client) error {
					return rdb.FlushAll(w.Context()).Err()
				})
			},
		},
		{
			name: "lock-deleted", promise: "who held may overlap with the next; costs one poll", declared: true,
			must: bitten, run: func(w *rig) {
				again(w, w.times(100, 300), "DEL x", func(rdb *redis.Client) error {
					return rdb.Del(w.Context(), "x").Err()
				})
			},
		},
		{
			name: "companion-deleted", promise: "no double hold; fences grow", must: bitten, run: func(w *rig) {
				again(w, w.times(100, 300), "DEL of a companion", func(rdb *redis.Client) error {
					return rdb.Del(w.Context(), companion(w.rand)).Err()
				})
			},
		},
		{
			name: "companion-of-another-type", promise: "a typed error, no grant; all is well once the key is deleted",
			must: both(bitten, sees("wrong type")), run: wrongType,
		},
		{
			name: "restart-empty", promise: "who held may overlap with the next; fences grow", declared: true,
			must: bitten, run: func(w *rig) { restarted(w, "--appendonly", "no") },
		},
		{
			name: "restart-snapshot", declared: true, must: bitten, run: restoredSnapshot,
			promise: "what came after the snapshot is lost: who held may overlap with the next; fences grow",
		},
		{
			name: "restart-aof-everysec", declared: true, must: bitten,
			promise: "what was not on disk is lost: who held may overlap with the next; fences grow",
			run:     func(w *rig) { restarted(w, "--appendonly", "yes", "--appendfsync", "everysec") },
		},
		{
			name: "restart-aof-always", promise: "nothing is lost: no double hold", must: bitten,
			run: func(w *rig) { restarted(w, "--appendonly", "yes", "--appendfsync", "always") },
		},
		{
			name: "memory-full", promise: "a typed error, no grant; releasing works",
			must: both(bitten, sees("unavailable")), run: memoryFull,
		},
		{
			name: "lock-evicted", promise: "allkeys-lru may delete a lock: who held may overlap; fences grow",
			declared: true, must: bitten, run: evicted,
		},
		{
			name: "many-names", promise: "a hundred thousand locks at once", run: manyNames,
		},
	}
}

// both joins two demands on a journal.
func both(a, b func(v *verdict) error) func(v *verdict) error {
	return func(v *verdict) error { return errors.Join(a(v), b(v)) }
}

// sees demands that calls failed with this kind of error: or the fault did not bite.
func sees(kinds ...string) func(v *verdict) error {
	return func(v *verdict) error {
		for _, k := range kinds {
			if v.errors[k] > 0 {
				return nil
			}
		}
		return fmt.Errorf("nobody saw an error of the kind %q: %v", kinds, v.errors)
	}
}

func companion(r *rand.Rand) string {
	return "{x}:redilock:" + []string{"fence", "queue", "waiters"}[r.IntN(3)]
}

// again does something to a server many times, at random moments, while four workers work.
func again(w *rig, times int, what string, do func(rdb *redis.Client) error) {
	s := w.server()
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Extend, j.Try = true, true
	w.spawn(4, j)
	w.settle()
	for range times {
		w.granted(w.strike(what, func() error { return do(rdb) }), lease+poll)
		time.Sleep(upTo(w.rand, 10*time.Millisecond))
	}
	w.recovered(now(), lease+poll)
}

// wrongType puts a list where a companion key was, and deletes it again.
func wrongType(w *rig) {
	s := w.server()
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Extend = true
	w.spawn(4, j)
	w.settle()
	for range w.times(10, 30) {
		key := companion(w.rand)
		w.strike("a list at "+key, func() error {
			_, err := rdb.TxPipelined(w.Context(), func(p redis.Pipeliner) error {
				p.Del(w.Context(), key)
				p.RPush(w.Context(), key, "another's")
				return nil
			})
			return err
		})
		w.run(upTo(w.rand, 200*time.Millisecond))
		w.must(rdb.Del(w.Context(), key).Err())
		w.granted(now(), lease+poll)
	}
	w.recovered(now(), lease+poll)
}

// restarted kills the server and starts it again on what is left on its disk.
func restarted(w *rig, args ...string) {
	s := w.server(args...)
	w.rights(s)
	j := w.job(s.Addr())
	j.Extend = true
	j.Hold = 40 * time.Millisecond
	w.spawn(4, j)
	w.settle()
	for range w.times(4, 10) {
		w.run(upTo(w.rand, 300*time.Millisecond))
		w.strike("kill -9 of the server", func() error { return s.Restart(w.Context()) })
		w.granted(now(), lease+poll)
	}
	w.recovered(now(), lease+presence)
}

// restoredSnapshot kills the server and starts it again on a snapshot that is some grants old, as Redis' own defaults
// have it.
func restoredSnapshot(w *rig) {
	s := w.server()
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Extend = true
	w.spawn(4, j)
	w.settle()
	for range w.times(4, 10) {
		w.must(rdb.Save(w.Context()).Err())
		w.run(50*time.Millisecond + upTo(w.rand, 300*time.Millisecond))
		w.strike("kill -9 of the server", func() error { return s.Restart(w.Context()) })
		w.granted(now(), lease+presence)
	}
	w.recovered(now(), lease+presence)
}

// memoryFull fills the server, under noeviction, and makes room again.
func memoryFull(w *rig) {
	s := w.server("--maxmemory-policy", "noeviction")
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Extend, j.Try = true, true
	w.spawn(4, j)
	w.settle()
	for range w.times(5, 15) {
		w.strike("maxmemory 1", func() error { return rdb.ConfigSet(w.Context(), "maxmemory", "1").Err() })
		w.run(100*time.Millisecond + upTo(w.rand, 100*time.Millisecond))
		w.must(rdb.ConfigSet(w.Context(), "maxmemory", "0").Err())
		w.granted(now(), lease+poll)
	}
	w.recovered(now(), lease+poll)
}

// evicted lets the server evict keys, the lock's among them.
func evicted(w *rig) {
	s := w.server("--maxmemory-policy", "allkeys-lru")
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Hold = poll + 100*time.Millisecond // so that the next one asks meanwhile
	w.spawn(4, j)
	w.settle()
	for range w.times(20, 60) {
		gone := false
		w.strike("eviction", func() error {
			err := rdb.ConfigSet(w.Context(), "maxmemory", "1").Err()
			for end := time.Now().Add(50 * time.Millisecond); err == nil && !gone && time.Now().Before(end); {
				n, e := rdb.Exists(w.Context(), "x").Result()
				gone, err = n == 0, e
			}
			return errors.Join(err, rdb.ConfigSet(w.Context(), "maxmemory", "0").Err())
		})
		w.granted(now(), lease+poll)
	}
	w.recovered(now(), lease+poll)
	info, err := rdb.Info(w.Context(), "stats").Result()
	w.must(err)
	if strings.Contains(info, "evicted_keys:0\r") {
		w.extra = errors.New("nothing was evicted: nothing is proven")
	}
}

// manyNames holds very many locks at once, extends them all, and gives them back.
func manyNames(w *rig) {
	n := w.times(20000, 100000)
	s := w.server()
	rdb := w.rights(s)
	c, err := redilock.New(rdb)
	w.must(err)
	defer c.Close()
	locks := make([]*redilock.Lock, n)
	began := w.strike(strconv.Itoa(n)+" names", nil)
	each(n, func(i int) {
		name := "name-" + strconv.Itoa(i)
		l, err := c.Mutex(name, 20*lease, redilock.WithAutoExtend()).Lock(w.Context())
		if err != nil {
			w.journal.add(event{What: failed, Who: 1, Call: i + 1, Name: name, Err: kind(err), Text: err.Error()})
			return
		}
		locks[i] = l
		until := now() + int64(time.Until(l.Deadline()))
		w.journal.add(event{What: granted, Who: 1, Call: i + 1, Name: name, Fence: l.Fence(), Until: until})
	})
	w.journal.add(event{What: back, Took: time.Duration(now() - began)})
	w.run(10 * lease) // every one of them is extended
	lost := 0
	each(n, func(i int) {
		if locks[i] == nil || locks[i].Unlock(w.Context()) != nil {
			locks[i] = nil
		}
	})
	for _, l := range locks {
		if l == nil {
			lost++
		}
	}
	if lost > 0 {
		w.extra = fmt.Errorf("%d of %d locks were not got, or lost", lost, n)
	}
}

// each calls do with every number below n, several at a time.
func each(n int, do func(i int)) {
	const hands = 32
	var wg sync.WaitGroup
	for hand := range hands {
		wg.Go(func() {
			for i := hand; i < n; i += hands {
				do(i)
			}
		})
	}
	wg.Wait()
}
