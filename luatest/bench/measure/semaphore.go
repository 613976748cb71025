package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of items 10 and 11, beside those of 1 and 2.
var (
	OverLimit   = figure.Metric{Name: "over the limit", Unit: figure.Number, Better: figure.Lower}
	PermitsLost = figure.Metric{Name: "permits lost", Unit: figure.Number, Better: figure.Lower}
)

const (
	permits  = 4   // of the semaphore in item 10
	sharing  = 64  // workers of items 10 and 11
	dying    = 100 // holders that are killed
	dyingOf  = 2   // of one process
	together = 10  // processes that live at the same time: fifty JVMs would not fit
	leakTTL  = 2 * time.Second
	leakWait = time.Second     // after the lease's end a permit has to be there
	leakFill = 2 * time.Second // for those who ask then, all at once, to get their answers
)

// KilledHolders is the case of item 10 in which holders die.
var KilledHolders = fmt.Sprintf("%d holders killed", dying)

// Permits names a case of item 10.
func Permits(processes string) string {
	return fmt.Sprintf("%d workers, limit %d, %s", sharing, permits, processes)
}

func semaphore(ctx context.Context, r *Run) error {
	err := r.share(ctx, func(c *contestant.Contestant, spread spread) error {
		task := r.sharing(spread)
		task.Limit = permits
		report, cost, err := r.perform(ctx, c, task, spread.processes)
		if err != nil {
			return err
		}
		if spread.workers == 1 {
			r.pairs(10, OneWorker, c, &report)
			return nil
		}
		name := Permits(spread.name)
		r.contention(10, name, c, &report, cost)
		r.Set.Add(10, name, OverLimit, c.Name, float64(report.Overlaps))
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range r.Contestants {
		r.say("%s, %s", KilledHolders, c.Name)
		if err := r.failed(ctx, c, KilledHolders, r.leak(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

// pairs adds the figures of one worker that has nobody to wait for.
func (r *Run) pairs(item int, name string, c *contestant.Contestant, report *crew.Report) {
	r.Set.Add(item, name, Pairs, c.Name, report.Rate())
	r.Set.Add(item, name, PairP50, c.Name, report.Pairs.Quantile(0.50).Seconds())
	r.Set.Add(item, name, PairP99, c.Name, report.Pairs.Quantile(0.99).Seconds())
}

// spread is how many workers there are, and over how many processes.
type spread struct {
	name               string
	workers, processes int
}

// share measures each contestant with one worker, with many in one process, and with many over eight.
func (r *Run) share(ctx context.Context, one func(c *contestant.Contestant, s spread) error) error {
	rounds := r.rounds(5)
	for round := range rounds {
		for _, s := range []spread{{OneProcess, 1, 1}, {OneProcess, sharing, 1}, {ManyProcess, sharing, 8}} {
			if r.Quick && s.processes > 1 {
				continue
			}
			r.say("round %d of %d, %d workers, %s", round+1, rounds, s.workers, s.name)
			for _, c := range r.Contestants {
				if err := r.failed(ctx, c, s.name, one(c, s)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sharing is the task of workers that want the same name.
func (r *Run) sharing(s spread) crew.Task {
	task := r.task(crew.Turns, s.workers)
	task.Same, task.Window, task.Drain = true, time.Second, 2*time.Second
	if s.workers == 1 {
		task.Window = 500 * time.Millisecond
	}
	if r.Quick {
		task.Window, task.Drain = 150*time.Millisecond, 500*time.Millisecond
	}
	return task
}

// leak kills holders, and counts which of their permits are not to be had a second after the end of their leases.
func (r *Run) leak(ctx context.Context, c *contestant.Contestant) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	all, crowd, lease, wait := dying, together*dyingOf, leakTTL, leakWait
	if r.Quick {
		all, crowd, lease, wait = dyingOf, dyingOf, leakTTL/4, leakWait/2
	}
	task := r.task(crew.Hold, crowd)
	task.Same, task.Limit, task.TTL, task.Warmup, task.Drain = true, int64(all), lease, 0, leakFill
	for range all / crowd {
		if err := r.kill(ctx, c, task); err != nil {
			return err
		}
	}
	freed := time.Now().Add(lease + wait)
	task.Kind, task.Workers = crew.Fill, all
	gang, err := crew.Gather(ctx, c, task, 1, r.shared)
	if err != nil {
		return err
	}
	defer func() { _ = gang.Stop() }()
	time.Sleep(time.Until(freed))
	if err := gang.Go(); err != nil {
		return err
	}
	report, err := gang.Report()
	if err != nil {
		return err
	}
	if report.Errors > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%s, %s, %s: %d errors, the first one: %s",
			r.label, c.Name, KilledHolders, report.Errors, report.Error))
	}
	r.Set.Add(10, KilledHolders, PermitsLost, c.Name, float64(all)-report.Count())
	return nil
}

// kill lets processes take their permits, and kills them.
func (r *Run) kill(ctx context.Context, c *contestant.Contestant, task crew.Task) error {
	gang, err := crew.Gather(ctx, c, task, task.Workers/dyingOf, r.shared)
	if err != nil {
		return err
	}
	defer gang.Kill()
	if err := gang.Go(); err != nil {
		return err
	}
	return gang.Held()
}
