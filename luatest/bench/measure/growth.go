package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Metrics of item 7.
var (
	GrowthSpent    = figure.Metric{Name: "server time in commands", Unit: figure.Seconds, Better: figure.Lower}
	GrowthLatency  = figure.Metric{Name: "round trip p50", Unit: figure.Seconds, Better: figure.Lower}
	GrowthCommands = figure.Metric{Name: "commands", Unit: figure.Number, Better: figure.Lower}
	GrowthTurn     = figure.Metric{Name: "time a hand-off", Unit: figure.Seconds, Better: figure.Lower}
)

// The points of item 7.
var (
	QueueLengths = []int{1, 10, 100, 1000, 10_000}
	NameCounts   = []int{1, 1000, 100_000, 1_000_000}
)

// Queue names a case of item 7: so many wait at the server.
func Queue(n int) string { return fmt.Sprintf("hand-off, %d queued at the server", n) }

// Line names a case of item 7: so many wait in one client of the SDK.
func Line(n int) string { return fmt.Sprintf("hand-off, %d waiting in one client", n) }

// Names names a case of item 7: so many names are known to the server.
func Names(n int) string { return fmt.Sprintf("hand-off, %d lock names", n) }

func growth(ctx context.Context, r *Run) error {
	rounds, lengths, counts := r.rounds(5), QueueLengths, NameCounts
	if r.Quick {
		lengths, counts = lengths[:2], counts[:2]
	}
	for round := range rounds {
		for _, n := range lengths {
			r.say("round %d of %d, %s", round+1, rounds, Queue(n))
			if err := r.queue(ctx, n); err != nil {
				return err
			}
		}
		for _, n := range lengths {
			r.say("round %d of %d, %s", round+1, rounds, Line(n))
			if err := r.line(ctx, n); err != nil {
				return err
			}
		}
		if err := r.clean(ctx); err != nil {
			return err
		}
		for _, n := range counts {
			r.say("round %d of %d, %s", round+1, rounds, Names(n))
			if err := r.names(ctx, n); err != nil {
				return err
			}
		}
	}
	return r.clean(ctx)
}

// handOffs is how many make one figure.
const handOffs = 4000

const presence = 60 * time.Second // the protocol's longest: nobody has to come back in the meantime

// queue fills a queue at the server, and then lets the holder release again and again: the head gets the lock, and the
// successor that the release names goes to the tail, so the queue keeps its length. These are the protocol's own calls: an
// SDK client has one place in a queue, and ten thousand clients would measure their connections.
func (r *Run) queue(ctx context.Context, length int) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	keys, token := keysOf("bench"), func(i int) string { return fmt.Sprintf("bench/%018d", i) }
	number := 0
	for number <= length {
		var batch []scripts.Sendable
		for range min(1000, length+1-number) {
			batch = append(batch, mutexv1.NewAcquire(keys, mutexv1.AcquireArgs{
				Token: token(number), Lease: time.Minute, Presence: presence, Wake: mutexv1.WakePoll,
			}))
			number++
		}
		scripts.Pipeline(ctx, r.rdb, batch...)
	}
	return r.handOffs(ctx, Queue(length), func(i int) error {
		reply, err := mutexv1.Release(ctx, r.rdb, keys, mutexv1.ReleaseArgs{
			Token: token(i), Successor: token(number), Lease: time.Minute, Presence: presence, Wake: mutexv1.WakePoll,
		})
		number++
		if released, ok := reply.(mutexv1.ReleaseReleased); err == nil && (!ok || released.Position != int64(length)) {
			return fmt.Errorf("release answered %T, want a successor at %d", reply, length)
		}
		return err
	})
}

// handOffs makes figures of calls that each hand a lock on.
func (r *Run) handOffs(ctx context.Context, name string, one func(i int) error) error {
	var took crew.Histogram
	warm := handOffs / 10
	var before stats
	for i := range warm + handOffs {
		if i == warm {
			var err error
			if before, err = r.stats(ctx); err != nil {
				return err
			}
		}
		sent := time.Now()
		if err := one(i); err != nil {
			return err
		}
		if i >= warm {
			took.Add(time.Since(sent))
		}
	}
	after, err := r.stats(ctx)
	if err != nil {
		return err
	}
	cost := after.since(before)
	r.Set.Add(7, name, GrowthSpent, contestant.Ours, cost.Spent/handOffs)
	r.Set.Add(7, name, GrowthCommands, contestant.Ours, cost.Commands/handOffs)
	r.Set.Add(7, name, GrowthLatency, contestant.Ours, took.Quantile(0.5).Seconds())
	return nil
}

// line lets so many goroutines of one SDK client wait.
func (r *Run) line(ctx context.Context, waiting int) error {
	task := r.task(crew.Turns, waiting+1)
	task.Same, task.Warmup, task.Window = true, 500*time.Millisecond, time.Second
	if r.Quick {
		task.Warmup, task.Window = 50*time.Millisecond, 200*time.Millisecond
	}
	report, cost, err := r.perform(ctx, r.named(contestant.Mutex, contestant.Ours), task, 1)
	if err != nil {
		return err
	}
	r.Set.Add(7, Line(waiting), GrowthTurn, contestant.Ours, 1/report.Rate())
	r.Set.Add(7, Line(waiting), GrowthCommands, contestant.Ours, cost.Commands/cost.Elapsed/report.Rate())
	return nil
}

// names makes the server know so many lock names, as those that were used within the hour, and hands locks on whose
// names are drawn at random from them: acquire, queue, release to the next, release.
func (r *Run) names(ctx context.Context, count int) error {
	name := func(i int) string { return fmt.Sprintf("bench:%d", i) }
	known, err := r.rdb.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	const batch = 5000
	for i := int(known); i < count; i += batch {
		pipe := r.rdb.Pipeline()
		for n := i; n < min(i+batch, count); n++ {
			pipe.Set(ctx, keysOf(name(n)).Fence, time.Now().UnixMicro(), time.Hour)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(7, uint64(count)))
	return r.handOffs(ctx, Names(count), func(int) error {
		keys := keysOf(name(random.IntN(count)))
		return pass(ctx, r.rdb, keys)
	})
}

// pass takes a lock, queues for it, hands it on and gives it back.
func pass(ctx context.Context, rdb *redis.Client, keys mutexv1.Keys) error {
	args := mutexv1.AcquireArgs{Token: "bench/1", Lease: time.Minute}
	if _, err := mutexv1.Acquire(ctx, rdb, keys, args); err != nil {
		return err
	}
	args.Token, args.Presence, args.Wake = "bench/2", presence, mutexv1.WakePoll
	if _, err := mutexv1.Acquire(ctx, rdb, keys, args); err != nil {
		return err
	}
	for _, token := range []string{"bench/1", "bench/2"} {
		reply, err := mutexv1.Release(ctx, rdb, keys, mutexv1.ReleaseArgs{Token: token})
		if err != nil {
			return err
		}
		if _, ok := reply.(mutexv1.ReleaseReleased); !ok {
			return fmt.Errorf("release answered %T", reply)
		}
	}
	return nil
}

// keysOf gives the keys of a name without a hash tag.
func keysOf(name string) mutexv1.Keys {
	companion := "{" + name + "}:redilock:"
	return mutexv1.Keys{
		Lock: name, Fence: companion + "fence", Queue: companion + "queue", Waiters: companion + "waiters",
	}
}
