package redilockotel_test

import (
	"flag"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

// cost is how long each side of TestCost runs in one of its rounds. A longer run on a quiet machine tells more.
var cost = flag.Duration("cost", 20*time.Millisecond, "how long TestCost measures in a round")

// Without anybody who listens a recorder allocates nothing.
func TestNoAllocations(t *testing.T) {
	made, err := redilockotel.NewTrace(redilockotel.WithMeterProvider(noMetrics), redilockotel.WithTracerProvider(noSpans))
	if err != nil {
		t.Fatal(err)
	}
	if made.Started != nil || made.Holding != nil || made.Extended != nil {
		t.Error("spans are begun although nobody listens")
	}
	ctx := t.Context()
	taken := redilock.Event{Primitive: "mutex", Name: "x", Hold: 1, Outcome: "acquired", Contended: true}
	given := redilock.Event{Primitive: "mutex", Name: "x", Hold: 1, Outcome: "released"}
	pair := func() {
		made.Enqueued(ctx, taken)
		made.Acquired(ctx, taken)
		made.Released(ctx, given)
	}
	pair()
	if n := testing.AllocsPerRun(1000, pair); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCost takes and releases a lock with metrics and unsampled spans, and without, by turns on one real server, and prints
// the ratio. It fails only far from the promised 0.9: machines are busy.
func TestCost(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv(server.EnvRequire) == "1" {
			t.Fatal(err)
		}
		t.Skip("NOT PROVEN HERE: ", err)
	}
	s := server.StartT(t, server.Options{Executable: path})
	rdb := redis.NewClient(s.RedisOptions())
	defer rdb.Close()
	plain, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	traced := clientOn(t, rdb, []redilockotel.Option{
		redilockotel.WithMeterProvider(newReader(t).provider),
		redilockotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))),
	})
	pairs := func(c *redilock.Client, name string) float64 {
		m, n, began := c.Mutex(name, time.Minute), 0, time.Now()
		for time.Since(began) < *cost {
			l, err := m.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Unlock(t.Context()); err != nil {
				t.Fatal(err)
			}
			n++
		}
		return float64(n) / time.Since(began).Seconds()
	}
	pairs(plain, "plain")
	pairs(traced, "traced")
	var without, with float64
	const rounds = 20
	for range rounds {
		without += pairs(plain, "plain")
		with += pairs(traced, "traced")
	}
	t.Logf("pairs/s with metrics and unsampled spans: %.0f, without: %.0f, ratio %.3f",
		with/rounds, without/rounds, with/without)
	if with/without < 0.6 {
		t.Errorf("the ratio is %.3f, wanted 0.9", with/without)
	}
}
