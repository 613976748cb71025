package redilock_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// The hot paths, on a server of the benchmark's own, for benchstat. The comparison with others is `go tool mage bench`.

// benchServer is the redis-server on PATH, or the first of the others.
func benchServer(b *testing.B) *redis.Options {
	b.Helper()
	for _, executable := range server.Executables() {
		if executable.Err == nil {
			return server.StartT(b, server.Options{Executable: executable.Path}).RedisOptions()
		}
	}
	server.Missing(b, "no redis-server on PATH and none in "+server.EnvServers)
	return nil
}

func benchClient(b *testing.B, o *redis.Options) (*redilock.Client, *redis.Client) {
	b.Helper()
	rdb := redis.NewClient(o)
	b.Cleanup(func() { _ = rdb.Close() })
	locks, err := redilock.New(rdb)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = locks.Close() })
	return locks, rdb
}

func turn(ctx context.Context, m *redilock.Mutex) error {
	l, err := m.Lock(ctx)
	if err != nil {
		return err
	}
	return l.Unlock(ctx)
}

func BenchmarkPair(b *testing.B) {
	locks, _ := benchClient(b, benchServer(b))
	m := locks.Mutex("pair", time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		if err := turn(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPairs is one pair while 64 goroutines lock and unlock, each a name of its own.
func BenchmarkPairs(b *testing.B) {
	const goroutines = 64
	locks, _ := benchClient(b, benchServer(b))
	b.ReportAllocs()
	var names atomic.Int64
	b.SetParallelism(goroutines / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		m := locks.Mutex(fmt.Sprint("pair", names.Add(1)), time.Minute)
		for pb.Next() {
			if err := turn(b.Context(), m); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkContended is one turn while so many goroutines of one client want the lock. It tells besides how many turns
// there are for each PING of one connection that does nothing else, and how many commands a turn costs the server.
func BenchmarkContended(b *testing.B) {
	o := benchServer(b)
	for _, goroutines := range []int{2, 16, 256} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			locks, rdb := benchClient(b, o)
			m := locks.Mutex(fmt.Sprint("contended", goroutines), time.Minute)
			if err := turn(b.Context(), m); err != nil { // which loads the scripts
				b.Fatal(err)
			}
			ping := pingRate(b, rdb)
			b.ReportAllocs()
			turns := make(chan struct{})
			var workers sync.WaitGroup
			for range goroutines {
				workers.Go(func() {
					for range turns {
						if err := turn(b.Context(), m); err != nil {
							b.Error(err)
						}
					}
				})
			}
			before := commandsRun(b, rdb)
			b.ResetTimer()
			for range b.N {
				turns <- struct{}{}
			}
			close(turns)
			workers.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/ping, "turns/ping")
			b.ReportMetric(float64(commandsRun(b, rdb)-before)/float64(b.N), "commands/turn")
		})
	}
}

// pingRate is how many PINGs a second one connection makes.
func pingRate(b *testing.B, rdb *redis.Client) float64 {
	b.Helper()
	const pings = 5000
	start := time.Now()
	for range pings {
		if err := rdb.Ping(b.Context()).Err(); err != nil {
			b.Fatal(err)
		}
	}
	return pings / time.Since(start).Seconds()
}

// commandsRun is how many commands the server has run, those of scripts included.
func commandsRun(b *testing.B, rdb *redis.Client) int64 {
	b.Helper()
	info, err := rdb.InfoMap(b.Context(), "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum int64
	for name, stats := range info["Commandstats"] {
		calls, _, _ := strings.Cut(strings.TrimPrefix(stats, "calls="), ",")
		n, err := strconv.ParseInt(calls, 10, 64)
		if err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		sum += n
	}
	return sum
}

// BenchmarkHandOff is from the call of Unlock in one client to the return of Lock in another, which waits. It tells
// besides how many PINGs that is, each measured right before it.
func BenchmarkHandOff(b *testing.B) {
	o := benchServer(b)
	here, rdb := benchClient(b, o)
	there, _ := benchClient(b, o)
	const name = "handoff"
	next, err := here.Mutex(name, time.Minute).Lock(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	type got struct {
		lock *redilock.Lock
		at   time.Time
		err  error
	}
	var pings, handOffs []time.Duration
	for i := 0; b.Loop(); i++ {
		waits := there
		if i%2 == 1 {
			waits = here
		}
		running := make(chan got, 1)
		go func() {
			l, err := waits.Mutex(name, time.Minute).Lock(b.Context())
			running <- got{l, time.Now(), err}
		}()
		for queued := int64(0); queued == 0; {
			if queued, err = rdb.ZCard(b.Context(), "{"+name+"}:redilock:queue").Result(); err != nil {
				b.Fatal(err)
			}
		}
		sent := time.Now()
		if err := rdb.Ping(b.Context()).Err(); err != nil {
			b.Fatal(err)
		}
		pings = append(pings, time.Since(sent))
		unlocked := time.Now()
		if err := next.Unlock(b.Context()); err != nil {
			b.Fatal(err)
		}
		r := <-running
		if r.err != nil {
			b.Fatal(r.err)
		}
		next = r.lock
		handOffs = append(handOffs, r.at.Sub(unlocked))
	}
	if err := next.Unlock(b.Context()); err != nil {
		b.Fatal(err)
	}
	ping, handOff := middle(pings), middle(handOffs)
	b.ReportMetric(float64(handOff), "p50-ns/handoff")
	b.ReportMetric(float64(handOff)/float64(ping), "pings/handoff")
	b.ReportMetric(float64(handOffs[len(handOffs)*99/100])/float64(ping), "pings/p99-handoff") // middle has sorted them
}

func middle(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
