package budget_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Few and many holders, and how much more the server may spend on a call with many.
const (
	few       = 10
	many      = 100_000
	mostRatio = 1.5
)

// Of each call so many rounds are timed, with few holders and with many by turns; the fastest of each counts.
const (
	rounds        = 10
	callsInARound = 200
)

// loads are what is timed: the arguments of the i-th call, with n holders, whose tokens are h0 and so on.
var loads = []struct {
	name  string
	calls func(i, n int) []call
}{
	{"acquire and release", func(i, _ int) []call {
		token, lease := fmt.Sprint("t", i), 3_600_000+rand.IntN(1_000_000)
		return []call{{"acquire", []any{token, lease, limitOfMany}}, {"release", []any{token}}}
	}},
	{"extend", func(_, n int) []call {
		return []call{{"extend", []any{fmt.Sprint("h", rand.IntN(n)), 4_600_000 + rand.IntN(1_000_000)}}}
	}},
	{"inspect", func(int, int) []call { return []call{{"inspect", []any{10}}} }},
}

const limitOfMany = 1_000_000

type call struct {
	verb string
	args []any
}

// TestManyHolders times each call on a real server of each kind with few and with many holders. The server's own clock says
// what it spent.
func TestManyHolders(t *testing.T) {
	server.ForEachExecutable(t, manyHolders) // one after the other: they are timed
}

func manyHolders(t *testing.T, path string) {
	s := server.StartT(t, server.Options{Executable: path})
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), ReadTimeout: time.Minute})
	defer rdb.Close()
	scripts, err := semaphore.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	b := &timing{ctx: t.Context(), rdb: rdb, sha1: map[string]string{}}
	for _, script := range scripts {
		if b.sha1[subject.Verb(script)], err = rdb.ScriptLoad(t.Context(), script.Source).Result(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{few, many} {
		if err := b.fill(n); err != nil {
			t.Fatal(err)
		}
	}
	for _, load := range loads {
		best := map[int]float64{}
		for range rounds {
			for _, n := range []int{few, many} {
				spent, err := b.time(n, load.calls)
				if err != nil {
					t.Fatal(load.name, err)
				}
				if best[n] == 0 || spent < best[n] {
					best[n] = spent
				}
			}
		}
		ratio := best[many] / best[few]
		t.Logf("%s: %.1f µs a call with %d holders, %.1f with %d: %.2f times",
			load.name, best[few], few, best[many], many, ratio)
		if ratio > mostRatio {
			t.Errorf("%s: %.2f times the cost with %d holders, at most %v", load.name, ratio, many, mostRatio)
		}
	}
}

// timing calls scripts on a server.
type timing struct {
	ctx   context.Context
	rdb   *redis.Client
	sha1  map[string]string
	calls int // so far: no two tokens are the same
}

func name(n int) string { return fmt.Sprintf("holders-%d", n) }

// send sends calls in one pipeline, on the semaphore with n holders.
func (b *timing) send(n int, calls []call) error {
	keys, _, err := semaphore.Subject.Keys(name(n))
	if err != nil {
		return err
	}
	_, err = b.rdb.Pipelined(b.ctx, func(p redis.Pipeliner) error {
		for _, c := range calls {
			p.EvalSha(b.ctx, b.sha1[c.verb], keys, c.args...)
		}
		return nil
	})
	return err
}

// fill makes n holders, of weight 1, as the scripts would: by the thousand, because there are many.
func (b *timing) fill(n int) error {
	keys, _, err := semaphore.Subject.Keys(name(n))
	if err != nil {
		return err
	}
	holders, members := keys[0], keys[3]
	now := time.Now().UnixMilli()
	_, err = b.rdb.Pipelined(b.ctx, func(p redis.Pipeliner) error {
		for from := 0; from < n; from += 1000 {
			var leases []redis.Z
			var records []any
			for i := from; i < min(from+1000, n); i++ {
				token := fmt.Sprint("h", i)
				leases = append(leases, redis.Z{Score: float64(now + 3_600_000 + rand.Int64N(1_000_000)), Member: token})
				records = append(records, token, fmt.Sprintf("%d 1 %d", now*1000+int64(i), limitOfMany))
			}
			p.ZAdd(b.ctx, holders, leases...)
			p.HSet(b.ctx, members, records...)
		}
		p.HSet(b.ctx, members, "", fmt.Sprintf("%d %d %d 0 0", n, n, limitOfMany))
		return nil
	})
	if err != nil {
		return err
	}
	return b.send(n, []call{{"extend", []any{"h0", 4_600_000}}}) // which gives the keys their expiry
}

var evalsha = regexp.MustCompile(`cmdstat_evalsha:calls=(\d+),usec=(\d+)`)

// time gives the µs that the server spends on a call.
func (b *timing) time(n int, load func(i, n int) []call) (float64, error) {
	var calls []call
	for len(calls) < callsInARound {
		calls = append(calls, load(b.calls, n)...)
		b.calls++
	}
	if err := b.rdb.ConfigResetStat(b.ctx).Err(); err != nil {
		return 0, err
	}
	if err := b.send(n, calls); err != nil {
		return 0, err
	}
	info, err := b.rdb.Info(b.ctx, "commandstats").Result()
	if err != nil {
		return 0, err
	}
	m := evalsha.FindStringSubmatch(info)
	if m == nil {
		return 0, fmt.Errorf("no figures of EVALSHA in %q", info)
	}
	count, _ := strconv.ParseFloat(m[1], 64)
	usec, _ := strconv.ParseFloat(m[2], 64)
	return usec / count, nil
}
