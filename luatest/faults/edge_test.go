package faults

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// edgeRows are what happens at the edges of a client: between it and its machine, its program, and its connections.
func edgeRows() []row {
	return []row{
		{
			name: "request-late", must: bitten, run: requestsLate,
			promise: "one that arrives after its call is over may take the lock: one lease at the most, no double hold",
		},
		{
			name: "refused-at-unlock", must: bitten, run: refusedAtUnlock,
			promise: "the lock is free one presence after the server stops refusing, whatever its TTL",
		},
		{
			name: "suspended", must: bitten, run: suspended,
			promise: "a machine that slept past its lease finds the lock at an end when it wakes",
		},
		{
			name: "token-released-elsewhere", declared: true, must: bitten, run: releasedElsewhere,
			promise: "who held may overlap with the next; nobody waits longer than a third of a presence for it",
		},
		{
			name: "connection-silent", promise: "holds up one call, and its name for one presence at the most", must: bitten,
			run: connectionSilent,
		},
		{
			name: "client-closed", promise: "what waits on it ends with a typed error; nothing is left past one lease",
			must: bitten, run: clientClosed,
		},
		{
			name: "panic-in-callback", promise: "the process lives, and its client is as good as before", must: bitten,
			run: panicInCallback,
		},
		{
			name: "slow-log", promise: "a log of 20 ms a line loses no lock that is extended", run: slowLog,
			must: both(bitten, func(v *verdict) error {
				if n := v.errors["lost"]; n > 0 {
					return fmt.Errorf("%d locks were lost on a healthy server", n)
				}
				return nil
			}),
		},
	}
}

// requestsLate holds one request in ten back for longer than its client waits, and longer than a lease.
func requestsLate(w *rig) {
	s := w.server()
	w.rights(s)
	d := &dice{rand: w.rand}
	var proxies []*proxy.Proxy
	for range 3 {
		p := w.behind(s.Addr())
		proxies = append(proxies, p)
		j := w.job(p.Addr())
		j.Extend, j.Try, j.TTL, j.ReadTimeout = true, true, lateTTL, lateTTL/3
		w.spawn(1, j)
	}
	w.settle()
	for _, p := range proxies {
		p.Decide(func(command []string) proxy.Fate {
			if !strings.EqualFold(command[0], "evalsha") || !d.one(10) {
				return proxy.Fate{}
			}
			w.strike("a request", nil)
			return proxy.Fate{Late: lateTTL/2 + d.upTo(2*lateTTL)}
		})
	}
	w.run(time.Duration(w.times(2500, 5000)) * time.Millisecond)
	for _, p := range proxies {
		p.Decide(nil)
	}
	w.recovered(now(), 3*lateTTL+presence) // the last of them arrive, and their places end
}

// refusedAtUnlock makes a server refuse while somebody holds a lock whose lease is far longer than anybody waits here.
func refusedAtUnlock(w *rig) {
	s := w.server()
	rdb := root(w, s)
	j := w.job(s.Addr())
	j.TTL, j.Callers, j.Hold = 10*presence, 1, 40*time.Millisecond
	w.spawn(4, j)
	w.settle()
	refusals := []struct {
		begin, end func(w *rig, rdb *redis.Client) error
	}{
		{do("CONFIG", "SET", "min-replicas-to-write", "1"), do("CONFIG", "SET", "min-replicas-to-write", "0")},
		{func(w *rig, rdb *redis.Client) error {
			return errors.Join(do("CONFIG", "SET", "maxclients", "1")(w, rdb),
				do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")(w, rdb))
		}, do("CONFIG", "SET", "maxclients", "10000")},
		{do("REPLICAOF", "127.0.0.1", "1"), do("REPLICAOF", "NO", "ONE")},
	}
	for n := range w.times(3, 9) {
		if !w.held(0) {
			break
		}
		refusal := refusals[n%len(refusals)]
		w.strike("the server refuses", func() error { return refusal.begin(w, rdb) })
		w.run(200*time.Millisecond + upTo(w.rand, 800*time.Millisecond))
		w.must(refusal.end(w, rdb))
		w.granted(now(), presence)
	}
	w.recovered(now(), presence)
}

// held waits until that worker holds the lock; 0: any. If it does not get it, it is stranded.
func (w *rig) held(who int) bool {
	w.Helper()
	const bound = 2*presence + slack
	if w.journal.await(bound, func() bool { return w.journal.holder > 0 && (who == 0 || w.journal.holder == who) }) {
		return true
	}
	w.journal.add(event{What: stranded, Text: fmt.Sprintf("nobody holds the lock within %v", bound)})
	return false
}

// suspended puts a holder's machine to sleep until others have had the lock, and wakes it.
func suspended(w *rig) {
	const ttl = 300 * time.Millisecond
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.Callers, j.TTL, j.Hold = 1, ttl, 30*time.Millisecond
	w.spawn(2, j)
	j.Sleeps = true
	j.Hold = 100 * time.Millisecond
	sleeper := w.spawn(1, j)[0]
	w.settle()
	for range w.times(5, 15) {
		var at int64
		for held := false; !held; { // it may have let go just before it fell asleep
			if !w.held(sleeper.Who) {
				return
			}
			time.Sleep(upTo(w.rand, 20*time.Millisecond))
			w.must(sleeper.machine.Sleep())
			at = now()
			time.Sleep(20 * time.Millisecond) // what it has said is read
			w.journal.mu.Lock()
			held = w.journal.holder == sleeper.Who
			w.journal.mu.Unlock()
			if !held {
				_, _, err := sleeper.machine.Wake()
				w.must(err)
			}
		}
		w.strike("a machine sleeps", nil)
		w.granted(at, ttl+poll)
		w.run(ttl + upTo(w.rand, ttl))
		_, woke, err := sleeper.machine.Wake()
		w.must(err)
		// All of them come again, it as well.
		w.everybody(int64(woke), presence)
	}
	w.recovered(now(), ttl+poll)
}

// releasedElsewhere gives the lock back by the holder's own token, in another process, while the holder works on.
func releasedElsewhere(w *rig) {
	s := w.server()
	rdb := w.rights(s)
	locks, err := redilock.New(rdb, redilock.WithOwner("an operator"))
	w.must(err)
	defer locks.Close()
	j := w.job(s.Addr())
	j.TTL, j.Hold, j.Steady = 10*presence, 10*time.Second, true
	w.spawn(3, j)
	for range w.times(10, 30) {
		w.until(presence, "somebody holds the lock", func() bool { return rdb.Exists(w.Context(), "x").Val() > 0 })
		at := now() // the next one may have the lock before the release has its answer
		w.strike("a token is released", func() error { w.release(rdb, locks); return nil })
		w.granted(at, presence/3+poll)
		time.Sleep(upTo(w.rand, 100*time.Millisecond))
	}
	w.release(rdb, locks)
}

// release gives x back by its token.
func (w *rig) release(rdb *redis.Client, locks *redilock.Client) {
	w.Helper()
	token, err := rdb.Get(w.Context(), "x").Result()
	if errors.Is(err, redis.Nil) {
		return
	}
	w.must(err)
	l, err := locks.Attach("x", token)
	w.must(err)
	if err := l.Unlock(w.Context()); err != nil && !errors.Is(err, redilock.ErrLost) {
		w.must(err)
	}
}

// connectionSilent gags all open connections, again and again, of clients that wait for replies without end.
func connectionSilent(w *rig) {
	s := w.server()
	w.rights(s)
	var proxies []*proxy.Proxy
	for range 3 {
		p := w.behind(s.Addr())
		proxies = append(proxies, p)
		j := w.job(p.Addr())
		j.ReadTimeout, j.Wait = -1, 3*time.Second
		w.spawn(1, j)
	}
	w.settle()
	for range w.times(3, 8) {
		at := w.strike("connections go silent", func() error {
			for _, p := range proxies {
				p.Gag()
			}
			return nil
		})
		w.everybody(at, 2*presence+lease) // an Unlock in it takes 5 s
		w.run(upTo(w.rand, 500*time.Millisecond))
	}
	w.recovered(now(), presence+lease)
}

// clientClosed lets workers close their redis client, or their lock client, or both, under whatever waits on it.
func clientClosed(w *rig) {
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.Callers, j.Clients, j.Lives, j.Wait = 3, 2, 300*time.Millisecond, time.Hour
	w.spawn(3, j)
	w.settle()
	w.run(time.Duration(w.times(4, 10)) * time.Second)
	w.recovered(now(), lease+presence)
}

// panicInCallback lets the workers' callbacks panic now and then; their handlers recover.
func panicInCallback(w *rig) {
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.Panics, j.Extend, j.TTL = 30, true, lease/2
	w.spawn(3, j)
	j.Auto = true
	w.spawn(1, j)
	w.settle()
	w.run(time.Duration(w.times(4, 10)) * time.Second)
	w.recovered(now(), lease+presence)
}

// slowLog gives workers a log of 20 ms a line, and many locks that are extended.
func slowLog(w *rig) {
	s := w.server()
	w.rights(s)
	j := w.job(s.Addr())
	j.TTL, j.Hold, j.Auto, j.Callers, j.Own, j.Log = 2*time.Second, 4*time.Second, true, 100, true, 20*time.Millisecond
	w.strike("a slow log", nil)
	w.spawn(2, j)
	w.run(time.Duration(w.times(8, 15)) * time.Second)
}
