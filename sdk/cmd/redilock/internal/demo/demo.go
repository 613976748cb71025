// Package demo shows a lock at work: workers of several clients contend for it, a picture shows who has it, and a check
// that knows nothing of locks says whether it kept its word.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// Config says what to show, and where.
type Config struct {
	Workers int           // 1 to [MaxWorkers]
	Rounds  int           // turns that each worker wants
	Hold    time.Duration // how long a worker keeps the lock
	Where   string        // which server, for the title

	Out    io.Writer
	Live   bool // redraw in place; else a line for every turn
	Colour bool
	Size   func() (columns, rows int)
}

// MaxWorkers is how many lanes can be told apart.
const MaxWorkers = 200

// ErrBroken is the verdict on a lock that did not keep its word.
var ErrBroken = errors.New("the lock is broken")

// patience is how much longer than the holds themselves everything may take, before the demo gives up.
const patience = 30 * time.Second

// Run lets the workers take turns on the lockers, and checks. The error is [ErrBroken], or ctx's.
func Run(ctx context.Context, c Config, lockers []Locker) error {
	r := newRecord(c.Workers, len(lockers), c.Rounds)
	title := fmt.Sprintf(" %s of %s share one lock on %s",
		plural(c.Workers, "worker"), plural(len(lockers), "client"), c.Where)
	expected := time.Duration(c.Workers*c.Rounds) * c.Hold
	stop := func() {}
	if c.Live {
		stop = live(c, r, title, expected*11/10)
	} else {
		r.onEnter = plain(c.Out)
	}
	limited, cancel := context.WithTimeout(ctx, 2*expected+patience)
	defer cancel()
	var workers sync.WaitGroup
	for i := range c.Workers {
		workers.Go(func() { work(limited, c, r, i, lockers[r.lanes[i].client]) })
	}
	workers.Wait()
	stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.conclude(r, title)
}

// work is one worker: it takes its turns, with a little rest of varying length between them.
func work(ctx context.Context, c Config, r *record, worker int, locker Locker) {
	for range c.Rounds {
		r.wait(worker)
		held, err := locker.Lock(ctx)
		if err != nil {
			r.fail(worker, err)
			return
		}
		r.enter(worker, held.Fence())
		sleep(ctx, c.Hold)
		r.leave(worker)
		if err := held.Unlock(ctx); err != nil {
			r.fail(worker, err)
			return
		}
		sleep(ctx, rand.N(c.Hold+1))
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// conclude shows the whole run once more and says what to think of it.
func (c Config) conclude(r *record, title string) error {
	columns, _ := c.Size()
	p := c.picture(columns)
	end := r.end()
	if !c.Live {
		fmt.Fprintln(c.Out)
	}
	for _, line := range p.draw(r, title, end, end, true) {
		fmt.Fprintln(c.Out, line)
	}
	claims := r.check()
	fmt.Fprintf(c.Out, "\n %s\n", r.pace())
	for _, claim := range claims {
		mark := p.paint(good, "✓")
		if !claim.ok {
			mark = p.paint(bad, "✗")
		}
		fmt.Fprintf(c.Out, " %s %s\n", mark, claim.text)
	}
	for _, note := range r.notes {
		fmt.Fprintf(c.Out, "   %s\n", note)
	}
	if !passed(claims) {
		return ErrBroken
	}
	return nil
}

func (c Config) picture(columns int) picture { return picture{columns: columns, colour: c.Colour} }
