package measure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 2.
var (
	HandOffs    = figure.Metric{Name: "hand-offs", Unit: figure.PerSecond, Better: figure.Higher}
	WaitP50     = figure.Metric{Name: "wait p50", Unit: figure.Seconds, Better: figure.Lower}
	WaitP99     = figure.Metric{Name: "wait p99", Unit: figure.Seconds, Better: figure.Lower}
	WaitMax     = figure.Metric{Name: "wait max", Unit: figure.Seconds, Better: figure.Lower}
	Fairness    = figure.Metric{Name: "busiest ÷ idlest", Unit: figure.Times, Better: figure.Lower}
	Commands    = figure.Metric{Name: "commands a hand-off", Unit: figure.Number, Better: figure.Lower}
	HandOffCPU  = figure.Metric{Name: "server CPU a hand-off", Unit: figure.Seconds, Better: figure.Lower}
	Overlaps    = figure.Metric{Name: "overlaps", Unit: figure.Number, Better: figure.Lower}
	OneProcess  = "1 process"
	ManyProcess = "8 processes"
)

// Crowds are the numbers of workers of item 2.
var Crowds = []int{2, 16, 256, 2048}

// Crowd names a case of item 2.
func Crowd(workers int, processes string) string {
	return fmt.Sprintf("%d workers, %s", workers, processes)
}

// sdks are this project's own. The bars compare two workers of theirs alone.
var sdks = []string{contestant.Ours, contestant.Strict, contestant.Before}

// mostThreads is the largest crowd of a contestant whose workers are threads of an interpreter with one lock for all.
const mostThreads = 256

func contended(ctx context.Context, r *Run) error {
	rounds := r.rounds(5)
	for round := range rounds {
		for _, workers := range Crowds {
			for _, spread := range []struct {
				name      string
				processes int
			}{{OneProcess, 1}, {ManyProcess, 8}} {
				if r.Quick && workers != 16 {
					continue
				}
				name := Crowd(workers, spread.name)
				r.say("round %d of %d, %s", round+1, rounds, name)
				for _, c := range r.Contestants {
					if c.Threads && workers > mostThreads || r.Turns && workers == 2 && !slices.Contains(sdks, c.Name) {
						continue
					}
					if err := r.failed(ctx, c, name, r.crowd(ctx, c, name, workers, spread.processes)); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (r *Run) crowd(ctx context.Context, c *contestant.Contestant, name string, workers, processes int) error {
	task := r.task(crew.Turns, workers)
	task.Same, task.Drain = true, 2*time.Second
	task.Warmup, task.Window = 300*time.Millisecond, time.Second
	if workers > 256 {
		task.Warmup, task.Window, task.Drain = 500*time.Millisecond, 2*time.Second, time.Second // a dozen turns each
	}
	if workers > 256 && processes > 1 {
		task.Window = 4 * time.Second
	}
	if r.Quick {
		task.Warmup, task.Window, task.Drain = 50*time.Millisecond, 150*time.Millisecond, 200*time.Millisecond
	}
	report, cost, err := r.perform(ctx, c, task, processes)
	if err != nil {
		return err
	}
	r.contention(2, name, c, &report, cost)
	r.Set.Add(2, name, Overlaps, c.Name, float64(report.Overlaps))
	return nil
}

// contention adds the figures of workers that all want the same name.
func (r *Run) contention(item int, name string, c *contestant.Contestant, report *crew.Report, cost Cost) {
	add := func(m figure.Metric, v float64) { r.Set.Add(item, name, m, c.Name, v) }
	add(HandOffs, report.Rate())
	add(WaitP50, report.Waits.Quantile(0.50).Seconds())
	add(WaitP99, report.Waits.Quantile(0.99).Seconds())
	add(WaitMax, report.Waits.Longest.Seconds())
	// One that got no turn at all counts as one that had one: the ratio is that high at least.
	add(Fairness, float64(slices.Max(report.Turns))/float64(max(1, slices.Min(report.Turns))))
	add(Commands, cost.Commands/cost.Elapsed/report.Rate())
	add(HandOffCPU, cost.CPU/cost.Elapsed/report.Rate())
}
