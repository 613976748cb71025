package measure

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 3. The same pause comes before each hand-off and before each of the PINGs that it is compared with:
// a processor that was idle is slower to wake.
var (
	HandOffP50   = figure.Metric{Name: "p50", Unit: figure.Seconds, Better: figure.Lower}
	HandOffP99   = figure.Metric{Name: "p99", Unit: figure.Seconds, Better: figure.Lower}
	HandOffPings = figure.Metric{Name: "p50 ÷ PING after a pause", Unit: figure.Times, Better: figure.Lower}
	HandOffBusy  = figure.Metric{Name: "p50 ÷ PING back to back", Unit: figure.Times, Better: figure.Lower}
)

// Cases of item 3.
const (
	BetweenTwo = "two processes"
	WithinOne  = "one process"
	PingPaused = "PING after a pause"
	PingBusy   = "PING back to back"
)

func handoff(ctx context.Context, r *Run) error {
	rounds, window := r.rounds(5), time.Second
	if r.Quick {
		window = 150 * time.Millisecond
	}
	const pause = 2 * time.Millisecond
	floor := r.named(contestant.Mutex, contestant.Floor) // PING is nobody's: any worker process of Go does
	for round := range rounds {
		r.say("round %d of %d", round+1, rounds)
		task := r.task(crew.Ping, 1)
		task.Pause, task.Window = pause, window
		pings, _, err := r.perform(ctx, floor, task, 1)
		if err != nil {
			return err
		}
		paused, busy := pings.Waits.Quantile(0.5).Seconds(), pings.Pairs.Quantile(0.5).Seconds()
		r.Set.Add(3, PingPaused, HandOffP50, "go-redis", paused)
		r.Set.Add(3, PingPaused, HandOffP99, "go-redis", pings.Waits.Quantile(0.99).Seconds())
		r.Set.Add(3, PingBusy, HandOffP50, "go-redis", busy)
		r.Set.Add(3, PingBusy, HandOffP99, "go-redis", pings.Pairs.Quantile(0.99).Seconds())
		for _, c := range r.Contestants {
			for i, name := range []string{WithinOne, BetweenTwo} {
				task := r.task(crew.Baton, 2)
				task.Pause, task.Window = pause, window
				report, _, err := r.perform(ctx, c, task, i+1)
				if err != nil {
					return err
				}
				if report.Waits.Count() == 0 {
					r.Problems = append(r.Problems, "handoff, "+c.Name+", "+name+": not one in the window")
					continue
				}
				p50 := report.Waits.Quantile(0.5).Seconds()
				r.Set.Add(3, name, HandOffP50, c.Name, p50)
				r.Set.Add(3, name, HandOffP99, c.Name, report.Waits.Quantile(0.99).Seconds())
				r.Set.Add(3, name, HandOffPings, c.Name, p50/paused)
				r.Set.Add(3, name, HandOffBusy, c.Name, p50/busy)
			}
		}
	}
	return nil
}
