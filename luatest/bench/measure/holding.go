package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 5.
var (
	HoldCPU       = figure.Metric{Name: "CPU", Unit: figure.Share, Better: figure.Lower}
	HoldServerCPU = figure.Metric{Name: "server CPU", Unit: figure.Share, Better: figure.Lower}
	HoldHeap      = figure.Metric{Name: "heap and stacks a lock", Unit: figure.Bytes, Better: figure.Lower}
	HoldRSS       = figure.Metric{Name: "resident memory a lock", Unit: figure.Bytes, Better: figure.Lower}
	HoldRoutines  = figure.Metric{Name: "goroutines", Unit: figure.Number, Better: figure.Lower}
	HoldCommands  = figure.Metric{Name: "commands", Unit: figure.PerSecond, Better: figure.Lower}
)

// Held names a case of item 5.
func Held(locks int) string { return fmt.Sprintf("%d locks", locks) }

// Holdings are the numbers of locks of item 5.
var Holdings = []int{1, 1000, 100_000}

// holding looks at one extension of every lock: the window is a third of the lease, which is when both that extend by
// themselves do it. The others leave that to their user.
func holding(ctx context.Context, r *Run) error {
	for _, locks := range Holdings {
		lease := ttl
		if r.Quick {
			lease = 1500 * time.Millisecond
			if locks != 1000 {
				continue
			}
		}
		for _, c := range r.Contestants {
			if !c.Auto {
				continue
			}
			r.say("%s, %s", Held(locks), c.Name)
			if err := r.failed(ctx, c, Held(locks), r.hold(ctx, c, locks, lease)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) hold(ctx context.Context, c *contestant.Contestant, locks int, lease time.Duration) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	task := r.task(crew.Hold, locks)
	task.Auto, task.TTL, task.Window = true, lease, lease/3
	holders, err := crew.Gather(ctx, c, task, 1, r.shared)
	if err != nil {
		return err
	}
	defer holders.Kill()
	if err := holders.Go(); err != nil {
		return err
	}
	if err := holders.Held(); err != nil {
		return err
	}
	before, err := r.stats(ctx)
	if err != nil {
		return err
	}
	report, err := holders.Report()
	if err != nil {
		return err
	}
	after, err := r.stats(ctx)
	if err != nil {
		return err
	}
	alive, err := r.countKeys(ctx, c, task.Name)
	if err != nil {
		return err
	}
	if alive != locks {
		r.Problems = append(r.Problems, fmt.Sprintf("holding, %s: %d of %d locks are still held", c.Name, alive, locks))
	}
	cost := after.since(before)
	add := func(m figure.Metric, v float64) { r.Set.Add(5, Held(locks), m, c.Name, v) }
	add(HoldCPU, 100*report.CPU/report.Elapsed)
	add(HoldServerCPU, 100*cost.CPU/cost.Elapsed)
	add(HoldHeap, report.Bytes/float64(locks))
	add(HoldRSS, report.RSS/float64(locks))
	add(HoldRoutines, float64(report.Routines))
	add(HoldCommands, cost.Commands/cost.Elapsed)
	return nil
}

// countKeys counts the locks that the server holds for these names.
func (r *Run) countKeys(ctx context.Context, c *contestant.Contestant, name string) (int, error) {
	n := 0
	keys := r.rdb.Scan(ctx, 0, c.Key(name)+":[0-9]*", 10_000).Iterator()
	for keys.Next(ctx) {
		n++
	}
	return n, keys.Err()
}
