package measure

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 1.
var (
	PairP50    = figure.Metric{Name: "pair p50", Unit: figure.Seconds, Better: figure.Lower}
	PairP99    = figure.Metric{Name: "pair p99", Unit: figure.Seconds, Better: figure.Lower}
	Pairs      = figure.Metric{Name: "pairs", Unit: figure.PerSecond, Better: figure.Higher}
	PairAllocs = figure.Metric{Name: "allocations a pair", Unit: figure.Number, Better: figure.Lower}
	PairBytes  = figure.Metric{Name: "allocated a pair", Unit: figure.Bytes, Better: figure.Lower}
	PairCPU    = figure.Metric{Name: "server CPU a pair", Unit: figure.Seconds, Better: figure.Lower}
)

// Cases of item 1.
const (
	OneWorker   = "1 worker"
	ManyWorkers = "64 workers, 64 names"
)

func uncontended(ctx context.Context, r *Run) error {
	rounds, window := r.rounds(7), 500*time.Millisecond
	if r.Quick {
		window = 100 * time.Millisecond
	}
	for round := range rounds {
		r.say("round %d of %d", round+1, rounds)
		for _, c := range r.Contestants {
			for _, one := range []struct {
				name    string
				workers int
			}{{OneWorker, 1}, {ManyWorkers, 64}} {
				task := r.task(crew.Turns, one.workers)
				task.Window = window
				report, cost, err := r.perform(ctx, c, task, 1)
				if err != nil {
					return err
				}
				if report.Count() == 0 {
					r.Problems = append(r.Problems, "uncontended, "+c.Name+", "+one.name+": not one pair in the window")
					continue
				}
				add := func(m figure.Metric, v float64) { r.Set.Add(1, one.name, m, c.Name, v) }
				if one.workers == 1 {
					add(PairP50, report.Pairs.Quantile(0.50).Seconds())
					add(PairP99, report.Pairs.Quantile(0.99).Seconds())
					if c.Command == nil {
						add(PairAllocs, report.Mallocs/report.Count())
						add(PairBytes, report.Bytes/report.Count())
					}
				} else {
					add(Pairs, report.Rate())
					add(PairP99, report.Pairs.Quantile(0.99).Seconds())
				}
				add(PairCPU, cost.CPU/cost.Elapsed/report.Rate())
			}
		}
	}
	return nil
}
