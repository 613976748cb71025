package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 4: from the end of the lease to the next holder running. The server tells that end in whole ms.
var (
	DeathP50 = figure.Metric{Name: "p50", Unit: figure.Seconds, Better: figure.Lower}
	DeathMax = figure.Metric{Name: "max", Unit: figure.Seconds, Better: figure.Lower}
)

// Killed is the case of item 4.
const Killed = "kill -9 of the holder"

const (
	deathTTL     = 900 * time.Millisecond
	deathHolders = 12                     // locks that die with their process
	deathStep    = 25 * time.Millisecond  // apart, so that one does not slow the next
	deathSettle  = 200 * time.Millisecond // for the waiters to get as far as they go
	deathDrain   = 5 * time.Second        // what a waiter waits that gets none
)

func death(ctx context.Context, r *Run) error {
	rounds := r.rounds(5)
	for round := range rounds {
		r.say("round %d of %d", round+1, rounds)
		for _, c := range r.Contestants {
			if err := r.failed(ctx, c, Killed, r.die(ctx, c)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) die(ctx context.Context, c *contestant.Contestant) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	task := r.task(crew.Hold, deathHolders)
	task.Retry, task.TTL, task.Step, task.Warmup, task.Drain = retry(1), deathTTL, deathStep, 0, deathDrain
	if r.Quick {
		task.Step, task.Drain = 0, 2*deathTTL
	}
	holders, err := crew.Gather(ctx, c, task, 1, r.shared)
	if err != nil {
		return err
	}
	defer holders.Kill()
	task.Kind = crew.Await
	waiters, err := crew.Gather(ctx, c, task, 1, r.shared)
	if err != nil {
		return err
	}
	defer func() { _ = waiters.Stop() }()
	if err := holders.Go(); err != nil {
		return err
	}
	if err := holders.Held(); err != nil {
		return err
	}
	if err := waiters.Go(); err != nil {
		return err
	}
	time.Sleep(deathSettle)
	holders.Kill()
	ends := make([]time.Duration, deathHolders)
	for i := range ends {
		key := c.Key(fmt.Sprintf("%s:%d", task.Name, i))
		if c.Name == contestant.Python {
			key = fmt.Sprintf("%s-%d", task.Name, i) // its names hold no colon
		}
		if ends[i], err = r.rdb.PExpireTime(ctx, key).Result(); err != nil {
			return err
		}
		if ends[i] <= 0 {
			return fmt.Errorf("%s: the lease of %s had ended before the holder was killed", c.Name, key)
		}
	}
	report, err := waiters.Report()
	if err != nil {
		return err
	}
	var late crew.Histogram
	missed := 0
	for i, at := range report.At {
		if at == 0 {
			missed++
			late.Add(task.Drain) // at least
			continue
		}
		late.Add(max(0, time.Duration(at)-ends[i]))
	}
	if missed > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("death, %s: %d of %d waiters got no lock in %v, which counts: %s",
			c.Name, missed, deathHolders, task.Drain, report.Error))
	}
	r.Set.Add(4, Killed, DeathP50, c.Name, late.Quantile(0.5).Seconds())
	r.Set.Add(4, Killed, DeathMax, c.Name, late.Longest.Seconds())
	return nil
}
