package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/faults/inject/clock"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// refusalRows are servers that answer, and say no; and one whose clock jumps.
func refusalRows() []row {
	refusal := func(name, promise, kind string, run func(w *rig)) row {
		return row{name: name, promise: promise, must: both(bitten, sees(kind)), run: run}
	}
	const waited = "a typed error, or the wait goes on; no grant"
	return []row{
		refusal("busy-script", waited, "unavailable", busyScript),
		refusal("loading", waited, "unavailable", loading),
		refusal("readonly", waited, "unavailable", func(w *rig) {
			refusing(w, nil, do("REPLICAOF", "127.0.0.1", "1"), do("REPLICAOF", "NO", "ONE"))
		}),
		refusal("misconf", waited, "unavailable", misconf),
		refusal("noreplicas", waited, "unavailable", func(w *rig) {
			refusing(w, nil, do("CONFIG", "SET", "min-replicas-to-write", "1"),
				do("CONFIG", "SET", "min-replicas-to-write", "0"))
		}),
		refusal("connection-limit", waited, "unavailable", func(w *rig) {
			refusing(w, nil, func(w *rig, rdb *redis.Client) error {
				return errors.Join(do("CONFIG", "SET", "maxclients", "1")(w, rdb),
					do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")(w, rdb))
			}, do("CONFIG", "SET", "maxclients", "10000"))
		}),
		refusal("noauth", "ErrDenied; no grant", "denied", func(w *rig) {
			refusing(w, nil, func(w *rig, rdb *redis.Client) error {
				return errors.Join(do("ACL", "SETUSER", "default", "resetpass", ">secret")(w, rdb),
					do("CLIENT", "KILL", "USER", "default")(w, rdb))
			}, do("ACL", "SETUSER", "default", "nopass"))
		}),
		{
			name: "noperm-each-command", promise: "ErrDenied; no grant", halves: true, run: noperm,
			must: both(bitten, sees("denied")),
		},
		{
			name: "clock-forward", declared: true, must: bitten,
			promise: "leases end early: who held may overlap with the next; fences grow",
			run:     func(w *rig) { clockJumps(w, time.Minute) },
		},
		{
			name: "clock-back", promise: "leases last longer; no double hold; fences grow", must: bitten,
			run: func(w *rig) { clockJumps(w, -time.Minute) },
		},
	}
}

// do gives a step that sends one command.
func do(args ...string) func(w *rig, rdb *redis.Client) error {
	return func(w *rig, rdb *redis.Client) error {
		list := make([]any, len(args))
		for i, a := range args {
			list[i] = a
		}
		if err := rdb.Do(w.Context(), list...).Err(); err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
		return nil
	}
}

// root is a connection that stays whatever becomes of the others: a user of its own, and never more than one socket.
func root(w *rig, s *server.Server) *redis.Client {
	w.Helper()
	w.must(do("ACL", "SETUSER", "root", "on", ">root", "~*", "&*", "+@all")(w, w.rights(s)))
	o := s.RedisOptions()
	o.Username, o.Password = "root", "root"
	last := redis.NewClient(o)
	w.admin = last
	one := *o
	one.PoolSize = 1
	rdb := redis.NewClient(&one)
	w.Cleanup(func() { _ = errors.Join(rdb.Close(), last.Close()) })
	return rdb
}

// refusing makes a server refuse for a while, several times.
func refusing(w *rig, args []string, begin, end func(w *rig, rdb *redis.Client) error) {
	s := w.server(args...)
	rdb := root(w, s)
	j := w.job(s.Addr())
	j.Extend, j.Try = true, true
	w.spawn(4, j)
	w.settle()
	// A wait goes on without an error: so until somebody has seen one.
	for n, most := 0, w.times(5, 15); n < most || n < 20*most && !w.journal.refusals(); n++ {
		w.strike("the server refuses", func() error { return begin(w, rdb) })
		w.run(150*time.Millisecond + upTo(w.rand, 150*time.Millisecond))
		w.must(end(w, rdb))
		w.granted(now(), lease+presence) // a call that failed may have left a place in the queue
	}
	w.recovered(now(), lease+presence)
}

func busyScript(w *rig) {
	refusing(w, []string{"--busy-reply-threshold", "10"}, func(w *rig, rdb *redis.Client) error {
		runaway := redis.NewClient(rdb.Options())
		w.Cleanup(func() { _ = runaway.Close() })
		go runaway.Eval(context.Background(), "while true do end", nil)
		w.until(lease, "the server is busy", func() bool {
			return redis.HasErrorPrefix(rdb.Ping(w.Context()).Err(), "BUSY")
		})
		return nil
	}, do("SCRIPT", "KILL"))
}

func misconf(w *rig) {
	failing := false
	refusing(w, []string{"--enable-protected-configs", "yes"}, func(w *rig, rdb *redis.Client) error {
		if failing {
			return do("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")(w, rdb)
		}
		failing = true
		err := errors.Join(do("CONFIG", "SET", "dir", "/proc")(w, rdb), do("CONFIG", "SET", "save", "3600 1")(w, rdb),
			do("BGSAVE")(w, rdb))
		w.until(lease, "a snapshot has failed", func() bool {
			return strings.Contains(rdb.Info(w.Context(), "persistence").Val(), "rdb_last_bgsave_status:err")
		})
		return err
	}, do("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"))
}

// loading restarts a server that needs some time to load what it has saved.
func loading(w *rig) {
	s := w.server("--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
	rdb := w.rights(s)
	for i := range 200 {
		w.must(rdb.Set(w.Context(), "filler-"+strconv.Itoa(i), strings.Repeat("f", 100), time.Minute).Err())
	}
	j := w.job(s.Addr())
	j.Extend, j.Try = true, true
	w.spawn(4, j)
	w.settle()
	for range w.times(3, 10) {
		w.strike("a restart that takes time", func() error {
			_ = rdb.ShutdownSave(w.Context()).Err() // it hangs up
			return s.Restart(w.Context())
		})
		w.granted(now(), lease+presence)
	}
	w.recovered(now(), lease+presence)
	w.must(do("EVAL", "for i = 0, 199 do redis.call('DEL', 'filler-' .. i) end", "0")(w, rdb))
}

// noperm takes each command from the workers' user in turn.
func noperm(w *rig) {
	s := w.server()
	rdb := root(w, s)
	scripts, err := dist.Load()
	w.must(err)
	commands := map[string]bool{"evalsha": true, "script|load": true}
	rule := []string{"ACL", "SETUSER", "worker", "on", ">pw", "~*", "&*", "-@all", "+hello", "+ping", "+subscribe",
		"+unsubscribe"}
	for _, script := range scripts {
		for _, c := range script.Commands {
			commands[strings.ToLower(c)] = true
		}
	}
	order := slices.Sorted(maps.Keys(commands))
	for _, c := range order {
		rule = append(rule, "+"+c)
	}
	w.must(do(rule...)(w, rdb))
	j := w.job(s.Addr())
	j.User, j.Password, j.Extend, j.Try = "worker", "pw", true, true
	w.spawn(4, j)
	w.settle()
	for range w.times(1, 3) {
		w.rand.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		for _, c := range order {
			w.strike("without "+c, func() error {
				if c == "script|load" {
					return errors.Join(do("ACL", "SETUSER", "worker", "-"+c)(w, rdb), rdb.ScriptFlush(w.Context()).Err())
				}
				return do("ACL", "SETUSER", "worker", "-"+c)(w, rdb)
			})
			w.run(30*time.Millisecond + upTo(w.rand, 50*time.Millisecond))
			w.must(do("ACL", "SETUSER", "worker", "+"+c)(w, rdb))
			w.granted(now(), lease+presence)
		}
	}
	w.recovered(now(), lease+presence)
}

// clockJumps moves the server's wall clock, several times in the same direction.
func clockJumps(w *rig, by time.Duration) {
	dir := w.store()
	shifted, err := clock.New(dir)
	if errors.Is(err, exec.ErrNotFound) {
		server.Missing(w, "no C compiler (cc) on PATH: the server's clock cannot be moved")
	}
	w.must(err)
	s := server.StartT(w, server.Options{Executable: w.exe, Env: shifted.Env()})
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Extend = true
	j.Hold = poll + 100*time.Millisecond // so that the next one asks meanwhile
	j.Store = dir
	w.spawn(4, j)
	w.settle()
	for range w.times(8, 20) {
		w.run(upTo(w.rand, 100*time.Millisecond))
		at := w.strike("the clock jumps", func() error { return shifted.Move(by) })
		w.granted(at, lease+poll)
	}
	w.recovered(now(), lease+presence)
	if apart := rdb.Time(w.Context()).Val().Sub(time.Now().Add(shifted.Total())).Abs(); apart > 10*time.Second {
		w.Fatalf("the server's clock is %v from where it was put: nothing is proven", apart)
	}
}
