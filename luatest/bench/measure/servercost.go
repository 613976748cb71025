package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Metrics of item 6. Time in commands is what INFO commandstats tells; CPU is all that the server's main thread used,
// so reading, parsing and writing too.
var (
	StepSpent    = figure.Metric{Name: "time in commands", Unit: figure.Seconds, Better: figure.Lower}
	StepCPU      = figure.Metric{Name: "CPU", Unit: figure.Seconds, Better: figure.Lower}
	StepCommands = figure.Metric{Name: "commands", Unit: figure.Number, Better: figure.Lower}
	NameBytes    = figure.Metric{Name: "memory", Unit: figure.Bytes, Better: figure.Lower}
)

// Cases of item 6.
const (
	Acquire = "acquire"
	Release = "release"
	Extend  = "extend"
	Pair    = "acquire and release"
	Idle    = "a name, idle"
	Taken   = "a name, held"
	Queued  = "a name, held and one waits"
)

func serverCost(ctx context.Context, r *Run) error {
	rounds, locks := r.rounds(5), 2000
	if r.Quick {
		locks = 200
	}
	for round := range rounds {
		r.say("round %d of %d", round+1, rounds)
		for _, c := range r.Contestants {
			if c.New == nil {
				continue // it needs its own process
			}
			if err := r.steps(ctx, c, locks, round); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	for _, c := range r.Contestants {
		if c.New == nil || r.Turns {
			continue
		}
		if err := r.memory(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

func (r *Run) steps(ctx context.Context, c *contestant.Contestant, locks, round int) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	client, err := c.New(contestant.Options{Addr: r.server.Addr(), TTL: ttl, Retry: time.Millisecond})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	held := make([]contestant.Lock, locks)
	name := func(i int) string { return fmt.Sprintf("bench:%d:%d", round, i) }
	for i := range 10 { // scripts, connections
		l, err := client.Lock(ctx, fmt.Sprintf("warm:%d", i))
		if err != nil {
			return err
		}
		if e, ok := l.(contestant.Extender); ok {
			if err := e.Extend(ctx, ttl); err != nil {
				return err
			}
		}
		if err := l.Unlock(ctx); err != nil {
			return err
		}
	}
	var pair Cost
	step := func(name string, do func(i int) error) error {
		before, err := r.stats(ctx)
		if err != nil {
			return err
		}
		for i := range held {
			if err := do(i); err != nil {
				return err
			}
		}
		after, err := r.stats(ctx)
		if err != nil {
			return err
		}
		cost := after.since(before)
		if name != Extend {
			pair.CPU, pair.Spent, pair.Commands = pair.CPU+cost.CPU, pair.Spent+cost.Spent, pair.Commands+cost.Commands
		}
		r.addStep(name, c, cost, locks)
		return nil
	}
	if err := step(Acquire, func(i int) (err error) { held[i], err = client.Lock(ctx, name(i)); return err }); err != nil {
		return err
	}
	if c.Extend {
		err := step(Extend, func(i int) error { return held[i].(contestant.Extender).Extend(ctx, 2*ttl) })
		if err != nil {
			return err
		}
	}
	if err := step(Release, func(i int) error { return held[i].Unlock(ctx) }); err != nil {
		return err
	}
	r.addStep(Pair, c, pair, locks)
	return nil
}

func (r *Run) addStep(name string, c *contestant.Contestant, cost Cost, locks int) {
	n := float64(locks)
	r.Set.Add(6, name, StepSpent, c.Name, cost.Spent/n)
	r.Set.Add(6, name, StepCPU, c.Name, cost.CPU/n)
	r.Set.Add(6, name, StepCommands, c.Name, cost.Commands/n)
}

// memory weighs all keys of one name: never used a moment ago, held, and held while another client waits.
func (r *Run) memory(ctx context.Context, c *contestant.Contestant) error {
	if err := r.clean(ctx); err != nil {
		return err
	}
	const name = "order:4711"
	o := contestant.Options{Addr: r.server.Addr(), TTL: ttl, Retry: 50 * time.Millisecond}
	holder, err := c.New(o)
	if err != nil {
		return err
	}
	defer func() { _ = holder.Close() }()
	waiter, err := c.New(o)
	if err != nil {
		return err
	}
	defer func() { _ = waiter.Close() }()
	l, err := holder.Lock(ctx, name)
	if err != nil {
		return err
	}
	if err := r.weigh(ctx, c, Taken); err != nil {
		return err
	}
	before, err := r.stats(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		l, err := waiter.Lock(ctx, name)
		if err == nil {
			err = l.Unlock(ctx)
		}
		done <- err
	}()
	if err := r.asked(ctx, before); err != nil {
		return err
	}
	if err := r.weigh(ctx, c, Queued); err != nil {
		return err
	}
	if err := l.Unlock(ctx); err != nil {
		return err
	}
	if err := <-done; err != nil {
		return err
	}
	return r.weigh(ctx, c, Idle)
}

// askAgain is how long one that waits has for its second question.
const askAgain = 500 * time.Millisecond

// asked waits until the server has been asked twice for the lock since then: ours tells it only the second time on which
// channel it listens. Others ask by scripts or by SET; rueidislock asks once, and is then told by its cache.
func (r *Run) asked(ctx context.Context, before stats) error {
	for began := time.Now(); ; {
		now, err := r.stats(ctx)
		if err != nil {
			return err
		}
		more := func(command string) float64 { return now.calls[command] - before.calls[command] }
		times := max(more("evalsha")+more("eval"), more("set"))
		if times >= 2 || times == 1 && time.Since(began) > askAgain {
			return nil
		}
		time.Sleep(time.Millisecond) // between two questions
	}
}

func (r *Run) weigh(ctx context.Context, c *contestant.Contestant, name string) error {
	keys, err := r.rdb.Keys(ctx, "*").Result()
	if err != nil {
		return err
	}
	var sum int64
	for _, key := range keys {
		n, err := r.rdb.MemoryUsage(ctx, key, 0).Result()
		if err != nil {
			return err
		}
		sum += n
	}
	r.Set.Add(6, name, NameBytes, c.Name, float64(sum))
	return nil
}
