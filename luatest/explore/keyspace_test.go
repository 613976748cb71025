package explore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// commandLines makes a random command of those that the scripts send, and of those that the world does.
var commandLines = map[string]func(r *rand.Rand, key string, ms int) []string{
	"DEL": func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"EXISTS": func(r *rand.Rand, key string, ms int) []string {
		return [][]string{{key}, {key, key}, {key, key, "k1"}}[r.IntN(3)]
	},
	"GET":   func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"GETEX": func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"HDEL": func(r *rand.Rand, key string, ms int) []string {
		return []string{key, name(r), name(r)}[:2+r.IntN(2)]
	},
	"HGET": func(r *rand.Rand, key string, ms int) []string { return []string{key, name(r)} },
	"HSET": func(r *rand.Rand, key string, ms int) []string {
		line := []string{key, name(r), strconv.Itoa(r.IntN(100))}
		return append(line, []string{name(r), "x"}[:2*r.IntN(2)]...)
	},
	"HMGET": func(r *rand.Rand, key string, ms int) []string { return []string{key, name(r), name(r), name(r)} },
	"HSCAN": func(r *rand.Rand, key string, ms int) []string {
		return append([]string{key, "0"}, []string{"COUNT", "64"}[:2*r.IntN(2)]...)
	},
	"PERSIST": func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"PEXPIRE": func(r *rand.Rand, key string, ms int) []string {
		line := []string{key, []string{strconv.Itoa(ms), strconv.Itoa(ms), "0", "x"}[r.IntN(4)]}
		return append(line, [][]string{{}, {"GT"}, {"NX"}}[r.IntN(3)]...)
	},
	"PEXPIREAT": func(r *rand.Rand, key string, ms int) []string {
		return []string{key, []string{strconv.Itoa(ms), strconv.Itoa(ms), "0", "x"}[r.IntN(4)]} // after the keyspace's time
	},
	"PTTL":    func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"PUBLISH": func(r *rand.Rand, key string, ms int) []string { return []string{"redilock:model:nobody", "a 1 2 3"} },
	"RPUSH":   func(r *rand.Rand, key string, ms int) []string { return []string{key, "x"} },
	"SET": func(r *rand.Rand, key string, ms int) []string {
		options := [][]string{
			{}, {"NX"}, {"PX", strconv.Itoa(ms)}, {"NX", "PX", strconv.Itoa(ms)}, {"PX", strconv.Itoa(ms), "GET"}, {"GET"},
			{"PX", "0"}, {"PX", "y"}, {"KEEPTTL"}, {"KEEPTTL", "GET"},
		}
		return append([]string{key, name(r)}, options[r.IntN(len(options))]...)
	},
	"TIME":   nil,
	"UNLINK": func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"ZADD": func(r *rand.Rand, key string, ms int) []string {
		line := append([]string{key}, []string{"NX"}[:r.IntN(2)]...)
		return append(line, []string{"0", "1", "2", "3", "z"}[r.IntN(5)], name(r))
	},
	"ZCARD": func(r *rand.Rand, key string, ms int) []string { return []string{key} },
	"ZRANGE": func(r *rand.Rand, key string, ms int) []string {
		line := []string{key, strconv.Itoa(r.IntN(4) - 2), strconv.Itoa(r.IntN(5) - 2)}
		return append(line, []string{"WITHSCORES"}[:r.IntN(2)]...)
	},
	"ZRANGEBYSCORE": func(r *rand.Rand, key string, ms int) []string {
		bounds := []string{"-inf", "+inf", "1", "2", "(1", "(2", "(3", "y"}
		line := []string{key, bounds[r.IntN(len(bounds))], bounds[r.IntN(len(bounds))]}
		line = append(line, []string{"WITHSCORES"}[:r.IntN(2)]...)
		return append(line, []string{"LIMIT", strconv.Itoa(r.IntN(2)), strconv.Itoa(r.IntN(4))}[:3*r.IntN(2)]...)
	},
	"ZRANK": func(r *rand.Rand, key string, ms int) []string { return []string{key, name(r)} },
	"ZREM": func(r *rand.Rand, key string, ms int) []string {
		return []string{key, name(r), name(r)}[:2+r.IntN(2)]
	},
	"ZREVRANGE": func(r *rand.Rand, key string, ms int) []string {
		line := []string{key, strconv.Itoa(r.IntN(4) - 2), strconv.Itoa(r.IntN(5) - 2)}
		return append(line, []string{"WITHSCORES"}[:r.IntN(2)]...)
	},
	"ZSCORE": func(r *rand.Rand, key string, ms int) []string { return []string{key, name(r)} },
}

func name(r *rand.Rand) string { return []string{"a", "b", "c", "dd"}[r.IntN(4)] }

// TestKeyspaceCommands checks that the comparisons below send all that the scripts send.
func TestKeyspaceCommands(t *testing.T) {
	t.Parallel()
	scripts, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		for _, command := range s.Commands {
			if _, ok := commandLines[command]; !ok {
				t.Errorf("%s calls %s, which the keyspace is not held to", s.Name, command)
			}
		}
	}
}

// compare sends random commands to a keyspace and to an engine. Each reply must be the same, by equal.
func compare(e engine.Engine, s *Keyspace, seed uint64, n, maxMS int, tick func() error,
	equal func(command string, ours, theirs resp.Reply) bool) error {
	r := rand.New(rand.NewPCG(seed, 1))
	names := make([]string, 0, len(commandLines))
	for command := range commandLines {
		names = append(names, command)
	}
	slices.Sort(names)
	var sent []string
	for range n {
		if tick != nil && r.IntN(8) == 0 {
			sent = append(sent, "(1 ms)")
			if err := tick(); err != nil {
				return err
			}
		}
		line := []string{names[r.IntN(len(names))]}
		if make := commandLines[line[0]]; make != nil {
			line = append(line, make(r, []string{"k1", "k2", "k3"}[r.IntN(3)], maxMS-r.IntN(maxMS/2+1))...)
		}
		if ms, err := strconv.ParseInt(line[len(line)-1], 10, 64); err == nil && line[0] == "PEXPIREAT" {
			line[2] = strconv.FormatInt(s.Now+ms, 10)
		}
		theirs, err := e.Do(line...)
		if err != nil {
			return err
		}
		ours := s.Dispatch(line)
		if line[0] == "HSCAN" { // a hash has no order
			ours, theirs = sorted(ours), sorted(theirs)
		}
		sent = append(sent, strings.Join(line, " "))
		if !equal(line[0], ours, theirs) {
			return fmt.Errorf("seed %d: the keyspace answers %s, the engine %s, after\n%s", seed, ours, theirs,
				strings.Join(sent[max(0, len(sent)-30):], "\n"))
		}
	}
	return nil
}

// sorted sorts the fields that a HSCAN answers.
func sorted(r resp.Reply) resp.Reply {
	if r.Kind != resp.KindArray {
		return r
	}
	pairs := slices.Collect(slices.Chunk(r.Items[1].Items, 2))
	slices.SortFunc(pairs, func(a, b []resp.Reply) int { return strings.Compare(a[0].Text, b[0].Text) })
	return resp.Array(r.Items[0], resp.Array(slices.Concat(pairs...)...))
}

// TestKeyspacePages checks that a scan by pages meets every field that stays, whatever comes and goes.
func TestKeyspacePages(t *testing.T) {
	t.Parallel()
	s := &Keyspace{Page: 1}
	s.Dispatch([]string{"HSET", "k", "", "0", "c", "1", "a1", "1", "a", "1", "b", "1"})
	met, cursor := "", "0"
	for range 6 {
		reply := s.Dispatch([]string{"HSCAN", "k", cursor, "COUNT", "64"})
		if cursor = reply.Items[0].Text; len(reply.Items[1].Items) != 2 {
			t.Fatal(reply)
		}
		met += reply.Items[1].Items[0].Text + ","
		s.Dispatch([]string{"HDEL", "k", "a"})
		s.Dispatch([]string{"HSET", "k", "aa", "2"})
		if cursor == "0" {
			break
		}
	}
	if met != ",a1,aa,b,c," || cursor != "0" {
		t.Errorf("met %q, and then %s", met, cursor)
	}
}

// TestKeyspaceLikeMiniredis holds the keyspace to miniredis, to the millisecond; the one known difference is set aside.
func TestKeyspaceLikeMiniredis(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		if err := likeMiniredis(t, seed, Keyspace{AtDeadline: true}); err != nil {
			t.Fatal(err)
		}
	}
	// And the comparison sees a keyspace that is wrong by one millisecond.
	for seed := uint64(0); ; seed++ {
		if likeMiniredis(t, seed, Keyspace{}) != nil {
			return
		}
		if seed == 20 {
			t.Fatal("the comparison does not see when keys end")
		}
	}
}

func likeMiniredis(t *testing.T, seed uint64, s Keyspace) error {
	t.Helper()
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s.Now, s.Micros = e.Now().UnixMilli(), int64(e.Now().Nanosecond()/1000%1000)
	tick := func() error {
		e.SetTime(e.Now().Add(time.Millisecond))
		s.Now++
		return nil
	}
	return compare(e, &s, seed, 500, 4, tick, func(command string, ours, theirs resp.Reply) bool {
		switch {
		case command == "RPUSH":
			return ours.Kind == theirs.Kind // nobody asks how long a list is
		case ours.Kind == resp.KindError && theirs.Kind == resp.KindError:
			return ours.Code() == theirs.Code() // miniredis words some errors otherwise
		}
		return ours.Equal(theirs)
	})
}

// TestKeyspaceLikeServers holds the keyspace to real servers: to the last byte, but for what time does.
func TestKeyspaceLikeServers(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		const minute = 60_000
		for seed := range uint64(4) {
			e, err := engine.NewReal(s, int(seed))
			if err != nil {
				t.Fatal(err)
			}
			err = compare(e, &Keyspace{Now: time.Now().UnixMilli()}, seed, 2000, 10*minute, nil,
				func(command string, ours, theirs resp.Reply) bool {
					switch {
					case command == "RPUSH":
						return ours.Kind == theirs.Kind
					case command == "TIME":
						return len(ours.Items) == len(theirs.Items) && len(ours.Items) == 2
					case command == "PTTL" && ours.Integer > 0:
						return theirs.Integer <= ours.Integer && theirs.Integer > ours.Integer-minute
					}
					return ours.Equal(theirs)
				})
			if err != nil {
				t.Error(err)
			}
			if err := ends(e); err != nil {
				t.Error(err)
			}
			e.Close()
		}
	})
}

// ends checks what a server and a keyspace do when the time of a key is over.
func ends(e engine.Engine) error {
	s := &Keyspace{Now: startMS}
	if err := e.FlushAll(); err != nil {
		return err
	}
	both := func(line ...string) error {
		theirs, err := e.Do(line...)
		if ours := s.Dispatch(line); err != nil || !ours.Equal(theirs) {
			return fmt.Errorf("%q: the keyspace answers %s, the server %s, %w", line, ours, theirs, err)
		}
		return nil
	}
	for _, line := range [][]string{
		{"SET", "k1", "x", "PX", "20"}, {"ZADD", "k2", "1", "x"}, {"PEXPIRE", "k2", "20"},
		{"HSET", "k3", "x", "y"}, {"PEXPIRE", "k3", "1000000"}, {"RPUSH", "k4", "x"},
	} {
		if err := both(line...); err != nil {
			return err
		}
	}
	if err := e.Advance(20 * time.Millisecond); err != nil {
		return err
	}
	s.Now += 21
	for _, line := range [][]string{
		{"GET", "k1"}, {"PTTL", "k1"}, {"EXISTS", "k2"}, {"ZRANGE", "k2", "0", "0"}, {"HGET", "k3", "x"}, {"PTTL", "k4"},
	} {
		if err := both(line...); err != nil {
			return err
		}
	}
	return nil
}

// startMS is the time at which a keyspace begins here.
const startMS = 1_767_225_600_000 // 2026-01-01
