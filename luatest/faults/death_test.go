package faults

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// killCycles is how many holders a full matrix kills, over all servers.
const killCycles = 1000

// deathRows are processes that die, or that stand still for longer than their lease.
func deathRows() []row {
	return []row{
		{
			name: "holder-killed", promise: "the lock is free after one lease at the most", run: holderKilled,
			must: func(v *verdict) error {
				if v.midway < v.kills/4 || v.kills == 0 {
					return fmt.Errorf("only %d of %d were killed while they held the lock", v.midway, v.kills)
				}
				return nil
			},
		},
		{
			name: "waiter-killed-head", promise: "costs one presence at the most", must: bitten,
			run: func(w *rig) { waiterKilled(w, 0) },
		},
		{
			name: "waiter-killed-middle", promise: "costs one presence at the most", must: bitten,
			run: func(w *rig) { waiterKilled(w, 1) },
		},
		{
			name: "waiters-killed-1000", promise: "costs one presence and one lease at the most", must: bitten,
			run: crowdKilled,
		},
		{
			name: "holder-stopped", promise: "the fenced store refuses what it writes when it wakes", run: holderStopped,
			must: func(v *verdict) error {
				if v.refused == 0 {
					return errors.New("no stale write was tried: nothing is proven")
				}
				return nil
			},
		},
	}
}

// holderKilled kills whoever has the lock, again and again.
func holderKilled(w *rig) {
	const ttl = 200 * time.Millisecond
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.Callers, j.TTL, j.Hold, j.Auto = 1, ttl, 40*time.Millisecond, true
	w.spawn(3, j)
	w.settle()
	for range w.times(40, 1+killCycles/(2*len(server.Executables()))) {
		var victim *process
		if !w.journal.await(lease+slack, func() bool {
			victim = nil
			if h := w.journal.holder; h > 0 && !w.workers[h-1].dead {
				victim = w.workers[h-1]
			}
			return victim != nil
		}) {
			w.Fatal("nobody holds the lock")
		}
		time.Sleep(upTo(w.rand, 8*time.Millisecond)) // at whatever it is doing
		at := w.strike("kill -9 of a holder", victim.kill)
		w.granted(at, ttl+poll)
		w.spawn(1, j)
	}
	w.recovered(now(), ttl+poll)
}

// queue is who waits for x at the server, by worker.
func queue(w *rig, rdb *redis.Client) []int {
	w.Helper()
	tokens, err := rdb.ZRange(w.Context(), "{x}:redilock:queue", 0, -1).Result()
	w.must(err)
	var who []int
	for _, token := range tokens {
		owner, _, _ := strings.Cut(token, "/")
		n, err := strconv.Atoi(strings.TrimPrefix(owner, "worker-"))
		w.must(err)
		who = append(who, n)
	}
	return who
}

// gate holds x until it is opened, so that the workers queue up.
func gate(w *rig, rdb *redis.Client) (open func() error) {
	w.Helper()
	locks, err := redilock.New(rdb, redilock.WithOwner("gate"))
	w.must(err)
	l, err := locks.Mutex("x", time.Minute, redilock.WithAutoExtend()).Lock(w.Context())
	w.must(err)
	return func() error { return errors.Join(l.Unlock(w.Context()), locks.Close()) }
}

// until polls until is.
func (w *rig) until(bound time.Duration, what string, is func() bool) {
	w.Helper()
	for end := time.Now().Add(bound + slack); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("not within %v: %s", bound+slack, what)
		}
	}
}

// waiterKilled kills the waiter at a place of the queue, and then lets the lock go.
func waiterKilled(w *rig, place int) {
	rdb := w.rights(w.server())
	j := w.job(rdb.Options().Addr)
	j.Callers = 1
	w.spawn(4, j)
	w.settle()
	for range w.times(4, 12) {
		open := gate(w, rdb)
		var who []int
		w.until(presence, "three wait", func() bool {
			who = queue(w, rdb)
			return len(who) >= 3
		})
		w.strike("kill -9 of a waiter", w.workers[who[place]-1].kill)
		w.must(open())
		w.granted(now(), presence)
		w.spawn(1, j)
	}
	w.recovered(now(), presence)
}

// crowdKilled kills a thousand waiters at once; one that came after them must not notice.
func crowdKilled(w *rig) {
	rdb := w.rights(w.server())
	j := w.job(rdb.Options().Addr)
	crowd := j
	j.Callers, crowd.Callers, crowd.Clients = 1, 1, 100
	for range w.times(1, 2) {
		open := gate(w, rdb)
		dying := w.spawn(10, crowd)
		waiting := func(n int64) {
			w.until(10*presence, fmt.Sprintf("%d wait", n), func() bool {
				return rdb.ZCard(w.Context(), "{x}:redilock:queue").Val() >= n
			})
		}
		waiting(1000)
		w.spawn(1, j)
		waiting(1001)
		w.strike("kill -9 of 1000 waiters", func() error {
			var err error
			for _, p := range dying {
				err = errors.Join(err, p.signal(syscall.SIGKILL))
			}
			for _, p := range dying {
				_ = p.kill()
			}
			return err
		})
		w.must(open())
		w.recovered(now(), presence+lease) // the last of the dead may be granted it just before its presence ends
	}
}

// holderStopped lets holders stop between the check of their context and their write, wakes them when others have the
// lock, and looks at what the store says.
func holderStopped(w *rig) {
	const ttl = 200 * time.Millisecond
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.Callers, j.TTL = 1, ttl
	w.spawn(2, j)
	j.Pause = w.times(8, 25)
	sleeper := w.spawn(1, j)[0]
	for n := range j.Pause {
		if !w.journal.await(presence+slack, func() bool { return w.journal.pauses > n }) {
			w.Fatal("the worker that is to stop does not")
		}
		at := w.strike("a holder stops", nil)
		w.granted(at, ttl+poll)
		w.journal.mu.Lock()
		more := w.journal.total + 2
		w.journal.mu.Unlock()
		w.journal.await(lease+slack, func() bool { return w.journal.total >= more })
		w.must(sleeper.signal(syscall.SIGCONT))
	}
	w.recovered(now(), ttl+poll)
}
