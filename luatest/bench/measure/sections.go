package measure

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
)

// Sections are how long the lock is held in item 8.
var Sections = []time.Duration{0, 100 * time.Microsecond, 5 * time.Millisecond}

// Section names a case of item 8.
func Section(held time.Duration) string { return held.String() + " of work, 32 workers, 2 processes" }

// Lone is the case of item 9.
const Lone = "1 worker against 64"

// bothWays are ours with turns and without.
func bothWays(r *Run) []*contestant.Contestant {
	var list []*contestant.Contestant
	for _, c := range r.Contestants {
		if c.Name == contestant.Ours || c.Name == contestant.Strict {
			list = append(list, c)
		}
	}
	return list
}

func (r *Run) turnRounds() (rounds int, window time.Duration) {
	if r.Quick {
		return r.rounds(5), 150 * time.Millisecond
	}
	return r.rounds(5), time.Second
}

// sections holds one lock for as long as the case says: turns are for short sections, and must not hurt long ones.
func sections(ctx context.Context, r *Run) error {
	rounds, window := r.turnRounds()
	for round := range rounds {
		for _, held := range Sections {
			r.say("round %d of %d, %v", round+1, rounds, held)
			for _, c := range bothWays(r) {
				task := r.task(crew.Turns, 32)
				task.Same, task.Work, task.Window, task.Drain = true, held, window, 5*time.Second
				report, _, err := r.perform(ctx, c, task, 2)
				if err != nil {
					return err
				}
				name := Section(held)
				r.Set.Add(8, name, HandOffs, c.Name, report.Rate())
				r.Set.Add(8, name, WaitP50, c.Name, report.Waits.Quantile(0.50).Seconds())
				r.Set.Add(8, name, WaitP99, c.Name, report.Waits.Quantile(0.99).Seconds())
				r.Set.Add(8, name, Overlaps, c.Name, float64(report.Overlaps))
			}
		}
	}
	return nil
}

// lone looks at the one worker of a process, while 64 of another want the same lock.
func lone(ctx context.Context, r *Run) error {
	rounds, window := r.turnRounds()
	for round := range rounds {
		r.say("round %d of %d", round+1, rounds)
		for _, c := range bothWays(r) {
			task := r.task(crew.Turns, 65)
			task.Same, task.Lone, task.Window, task.Drain = true, true, window, 5*time.Second
			report, _, err := r.perform(ctx, c, task, 2)
			if err != nil {
				return err
			}
			r.Set.Add(9, Lone, HandOffs, c.Name, report.Rate())
			r.Set.Add(9, Lone, WaitP50, c.Name, report.Waits.Quantile(0.50).Seconds())
			r.Set.Add(9, Lone, WaitP99, c.Name, report.Waits.Quantile(0.99).Seconds())
			r.Set.Add(9, Lone, WaitMax, c.Name, report.Waits.Longest.Seconds())
		}
	}
	return nil
}
