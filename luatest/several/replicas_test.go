package several_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// failover is a row of the matrix.
type failover struct {
	name     string
	replicas int
	wanted   int  // WithReplicas; 0: without
	other    bool // the replica that has not acknowledged is promoted, where there is one
	safe     bool // nobody else gets the lock while its holder believes in it
}

var failovers = []failover{
	{name: "1 replica, without WithReplicas", replicas: 1},
	{name: "1 replica, n = 1", replicas: 1, wanted: 1, safe: true},
	{name: "2 replicas, n = 1, one that acknowledged is promoted", replicas: 2, wanted: 1, safe: true},
	{name: "2 replicas, n = 1, the other is promoted", replicas: 2, wanted: 1, other: true},
	{name: "2 replicas, n = 2", replicas: 2, wanted: 2, other: true, safe: true},
}

// After a failover to a replica that acknowledged, nobody gets a lock whose holder believes in it, also by an extend. The
// rows that cannot promise that show that the test would notice.
func TestFailovers(t *testing.T) {
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		rounds := testreport.Size(t, "REDILOCK_SEVERAL_FAILOVERS", 2)
		for _, f := range failovers {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				n := rounds
				if !f.safe {
					n = max(2, rounds/10)
				}
				granted, double := 0, 0
				for i := 0; granted < n && i < 3*n; i++ { // where Lock answers ErrReplicas nothing is held over it
					g, d := f.once(t, s.Executable(), i)
					granted, double = granted+g, double+d
				}
				if f.safe && double > 0 || !f.safe && double == 0 {
					t.Errorf("%d double holds in %d failovers", double, granted)
				}
				if granted < n {
					t.Errorf("%d locks were held over a failover, want %d", granted, n)
				}
				testreport.Report(t, testreport.Row{
					Section: "failovers", Subject: s.Name(), Version: s.Version(), Passed: granted,
					Notes: []string{
						fmt.Sprintf("%s: %d locks held over a failover, %d held twice", f.name, granted, double),
					},
				})
			})
		}
	})
}

// once takes a lock, extends it, cuts a replica off before the one or the other, kills the primary, promotes a replica and
// tries to take the lock there. It reports whether the lock was held, and whether it was held twice.
func (f failover) once(t *testing.T, executable string, round int) (granted, double int) {
	primary := server.StartT(t, server.Options{Executable: executable})
	defer func() { _ = primary.Stop() }()
	replicas := make([]*server.Server, f.replicas)
	for i := range replicas {
		replicas[i] = server.StartReplicaT(t, primary)
		defer func() { _ = replicas[i].Stop() }()
	}
	server.UntilReplicasT(t, primary, f.replicas)
	front, err := proxy.New(primary.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = front.Close() }()
	holder, closeHolder := client(t, front.Addr())
	defer closeHolder()

	// The last replica is the one that is cut off: before the lock in even rounds, before its extend in odd ones. To stop
	// its
	// process would not do: what is in its socket it would read later.
	lagging := replicas[len(replicas)-1]
	cut := func() {
		rdb := redis.NewClient(lagging.RedisOptions())
		defer func() { _ = rdb.Close() }()
		if err := rdb.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil { // nobody is there
			t.Fatal(err)
		}
	}
	const ttl, longer = time.Second, time.Minute
	opts := []redilock.LockOption{}
	if f.wanted > 0 {
		opts = append(opts, redilock.WithReplicas(f.wanted, 100*time.Millisecond+rand.N(50*time.Millisecond)))
	}
	if round%2 == 0 {
		cut()
	}
	l, err := holder.Mutex("a", ttl, opts...).Lock(t.Context())
	switch {
	case err == nil:
	case errors.Is(err, redilock.ErrReplicas): // so nobody holds it
		return 0, 0
	default:
		t.Fatal(err)
	}
	if round%2 == 1 {
		cut()
		if err := l.Extend(t.Context(), longer); err != nil && !errors.Is(err, redilock.ErrReplicas) {
			t.Error(err)
		}
	}
	promoted := replicas[0]
	if f.other || f.wanted == 0 {
		promoted = lagging
	}
	if err := syscall.Kill(primary.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(promoted.RedisOptions())
	defer func() { _ = rdb.Close() }()
	until(t, "the replica is promoted", func() bool {
		return rdb.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err() == nil
	})
	front.Point(promoted.Addr())
	front.Cut()
	other, closeOther := client(t, front.Addr())
	defer closeOther()
	for { // at once, and where it was extended, after what would have been the end of the lease without
		taken, err := other.Mutex("a", ttl).TryLock(t.Context())
		now := time.Now()
		if err == nil {
			if now.Before(l.Deadline()) && l.Context().Err() == nil {
				double = 1
			}
			_ = taken.Unlock(t.Context())
			return 1, double
		}
		if left := time.Until(l.Deadline()); left <= 0 || left > ttl {
			return 1, 0
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func client(t *testing.T, addr string) (*redilock.Client, func()) {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	c, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	return c, func() { _ = c.Close(); _ = rdb.Close() }
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// What a pair costs with and without an acknowledgement.
func TestReplicasCost(t *testing.T) {
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		pairs := testreport.Size(t, "REDILOCK_SEVERAL_PAIRS", 100)
		server.StartReplicaT(t, s)
		server.UntilReplicasT(t, s, 1)
		c, closeClient := client(t, s.Addr())
		defer closeClient()
		row := testreport.Row{Section: "replicas", Subject: s.Name(), Version: s.Version(), Passed: 2 * pairs}
		for what, opts := range map[string][]redilock.LockOption{
			"without": nil, "WithReplicas(1)": {redilock.WithReplicas(1, 4*time.Second)},
		} {
			m := c.Mutex("a", 10*time.Second, opts...)
			var took []int64
			for range pairs {
				began := time.Now()
				if err := m.Do(t.Context(), func(context.Context, *redilock.Lock) error { return nil }); err != nil {
					t.Fatal(err)
				}
				took = append(took, time.Since(began).Nanoseconds())
			}
			row.Notes = append(row.Notes, fmt.Sprintf("a pair %s: %s", what, figures(took)))
		}
		testreport.Report(t, row)
	})
}

// pause is before each figure of a take-over: a processor that was idle is slower to wake, for a PING as for a resignation.
const pause = 2 * time.Millisecond

// How soon the next leads after a resignation, in multiples of a PING, with nothing else on the server.
func TestTakeOver(t *testing.T) {
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		pairs := testreport.Size(t, "REDILOCK_SEVERAL_PAIRS", 100)
		type office struct {
			l  *redilock.Leadership
			at time.Time
		}
		leads := make(chan office, 1)
		var campaigns [2]func()
		for i := range campaigns {
			c, closeClient := client(t, s.Addr())
			defer closeClient()
			e := c.Election("a", 10*time.Second)
			campaigns[i] = func() {
				l, err := e.Campaign(t.Context(), fmt.Sprint("candidate ", i))
				if err != nil {
					t.Error(err)
				}
				leads <- office{l, time.Now()}
			}
		}
		watch, closeWatch := client(t, s.Addr())
		defer closeWatch()
		go campaigns[0]()
		leader := <-leads
		rdb := redis.NewClient(s.RedisOptions())
		defer func() { _ = rdb.Close() }()
		var took, pings []int64
		for n := range pairs {
			go campaigns[(n+1)%2]()
			until(t, "the next one waits", func() bool {
				status, err := watch.Inspect(t.Context(), "a")
				return err == nil && status.Queued == 1
			})
			time.Sleep(pause)
			began := time.Now()
			if err := rdb.Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			pings = append(pings, time.Since(began).Nanoseconds())
			time.Sleep(pause)
			began = time.Now()
			if err := leader.l.Resign(t.Context()); err != nil {
				t.Fatal(err)
			}
			leader = <-leads
			took = append(took, leader.at.Sub(began).Nanoseconds())
		}
		if err := leader.l.Resign(t.Context()); err != nil {
			t.Fatal(err)
		}
		testreport.Report(t, testreport.Row{
			Section: "take-over", Subject: s.Name(), Version: s.Version(), Passed: pairs, Notes: []string{
				fmt.Sprintf("after a resignation %s, %.1f × PING; PING after the same pause %s", figures(took),
					float64(quantile(took, .5))/float64(quantile(pings, .5)), figures(pings)),
			},
		})
	})
}
