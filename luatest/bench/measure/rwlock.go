package measure

import (
	"context"
	"fmt"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 11.
var (
	Reads        = figure.Metric{Name: "reads", Unit: figure.PerSecond, Better: figure.Higher}
	Writes       = figure.Metric{Name: "writes", Unit: figure.PerSecond, Better: figure.Higher}
	ReadWaitP99  = figure.Metric{Name: "reader's wait p99", Unit: figure.Seconds, Better: figure.Lower}
	WriteWaitP99 = figure.Metric{Name: "writer's wait p99", Unit: figure.Seconds, Better: figure.Lower}
)

const (
	writerOf = 8       // one worker of so many writes
	anyCrowd = 1 << 20 // what a writer weighs: more than there are workers
)

// Cases of item 11.
const (
	OneReader = "1 reader"
	OneWriter = "1 writer"
)

// Both names a case of item 11.
func Both(processes string) string {
	return fmt.Sprintf("%d workers, %d of them write, %s", sharing, sharing/writerOf, processes)
}

func rwlock(ctx context.Context, r *Run) error {
	return r.share(ctx, func(c *contestant.Contestant, spread spread) error {
		if spread.workers > 1 {
			return r.both(ctx, c, spread)
		}
		for i, name := range []string{OneReader, OneWriter} {
			task := r.sharing(spread)
			task.Limit, task.Writers = anyCrowd, i
			report, _, err := r.perform(ctx, c, task, 1)
			if err != nil {
				return err
			}
			r.pairs(11, name, c, &report)
		}
		return nil
	})
}

// both lets workers of both kinds want one name. Each stays a reader or a writer, so that what starves shows.
func (r *Run) both(ctx context.Context, c *contestant.Contestant, spread spread) error {
	task := r.sharing(spread)
	task.Limit, task.Writers = anyCrowd, writerOf
	report, cost, err := r.perform(ctx, c, task, spread.processes)
	if err != nil {
		return err
	}
	var reads, writes float64
	for worker, turns := range report.Turns {
		if task.Writes(worker) {
			writes += float64(turns)
		} else {
			reads += float64(turns)
		}
	}
	add := func(m figure.Metric, v float64) { r.Set.Add(11, Both(spread.name), m, c.Name, v) }
	add(HandOffs, report.Rate())
	// None at all counts as one: ours is ahead of that by so much at least.
	add(Reads, max(1, reads)/report.Elapsed)
	add(Writes, max(1, writes)/report.Elapsed)
	add(ReadWaitP99, report.Waits.Quantile(0.99).Seconds())
	add(WriteWaitP99, report.Writes.Quantile(0.99).Seconds())
	add(HandOffCPU, cost.CPU/cost.Elapsed/report.Rate())
	add(OverLimit, float64(report.Overlaps))
	return nil
}
