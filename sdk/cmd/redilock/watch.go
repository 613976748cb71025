package main

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// watchCmd prints what happens to a lock.
type watchCmd struct {
	Name     string   `arg:"" help:"The lock's name."`
	Interval duration `short:"i" default:"250ms" placeholder:"DURATION" help:"How often to look. Default: 250ms."`
	JSON     bool     `help:"One JSON object a line for each event."`
}

// Help is the end of redilock watch --help.
func (watchCmd) Help() string {
	return `
Prints a line whenever the lock is acquired, handed on, released or expires, or when others wait for it, until it is
interrupted. A server that is away is waited for. Of an election these are the changes of leader.

It looks at the lock again and again (one script call each, two while it is free), so what is shorter than --interval can
be missed. A lock that is free in two looks with a higher fence in the second was taken in between: "missed". Whether a
lock was released or its lease ended is told by what was left of the lease at the last look. Locks of other libraries
raise no fence: one that takes the lock again between two looks is taken for the same.

Of a semaphore each holder is told of by itself, with its weight and what is in use afterwards; what comes and goes
between two looks is only noticed if nobody holds it in both, and above 1000 holders only "used".

Examples:

    redilock watch nightly
    redilock watch --json nightly | jq -r 'select(.event == "expired") | .owner'`
}

// minInterval keeps a server from being asked without a pause.
const minInterval = 10 * time.Millisecond

// eventJSON is an event as --json has it. Times are milliseconds.
type eventJSON struct {
	Time        time.Time  `json:"time"`
	Event       watch.Kind `json:"event"`
	Name        string     `json:"name"`
	NameBase64  string     `json:"name_base64,omitempty"` // of what is not UTF-8
	Owner       string     `json:"owner,omitempty"`
	OwnerBase64 string     `json:"owner_base64,omitempty"`
	From        string     `json:"from,omitempty"`
	FromBase64  string     `json:"from_base64,omitempty"`
	Fence       int64      `json:"fence,omitempty"`
	LeftMS      *int64     `json:"lease_left_ms,omitempty"`
	Waiting     *int64     `json:"waiting,omitempty"`
	Weight      int64      `json:"weight,omitempty"` // of a semaphore's holder
	Used        *int64     `json:"used,omitempty"`   // of a semaphore, after it
	Limit       int64      `json:"limit,omitempty"`
}

// Run is called by kong.
func (w *watchCmd) Run(a *app) error {
	if time.Duration(w.Interval) < minInterval {
		return usage("--interval is %v or longer, not %v", minInterval, w.Interval)
	}
	c, closeClient, err := a.client()
	if err != nil {
		return err
	}
	defer closeClient()
	ctx, stop := interruptible()
	defer stop()
	before, err := look(ctx, c, w.Name, state.Unknown)
	if err != nil {
		return err
	}
	if err := w.tell(a, watch.First(before)); err != nil {
		return err
	}
	// To subscribe to the messages of hand-offs would be quicker and wrong: by the number of those who hear a message
	// the server tells whether the waiter lives.
	tick := time.NewTicker(time.Duration(w.Interval))
	defer tick.Stop()
	away := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		kind := state.Unknown
		if before.Busy() {
			kind = before.Primitive
		}
		after, err := look(ctx, c, w.Name, kind)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if !away {
				a.log.Warn(a.words(err) + "; trying again")
			}
			away = true
			continue
		case away:
			a.log.Warn("the server answers again")
			away = false
		}
		if err := w.tell(a, watch.Between(before, after)); err != nil {
			return err
		}
		before = after
	}
}

func look(ctx context.Context, c *redilock.Client, name string, kind state.Primitive) (watch.Look, error) {
	sent := time.Now()
	s, err := state.Ask(ctx, c, name, kind)
	return watch.Look{Sent: sent, Answered: time.Now(), State: s}, err
}

// tell prints events.
func (w *watchCmd) tell(a *app, events []watch.Event) error {
	now := time.Now()
	for _, e := range events {
		var err error
		if w.JSON {
			err = a.out.json(w.json(e, now))
		} else {
			_, err = fmt.Fprintf(a.out, "%s  %s\n", now.Format("15:04:05.000"), words(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *watchCmd) json(e watch.Event, now time.Time) eventJSON {
	j := eventJSON{
		Time: now.UTC().Round(time.Millisecond), Event: e.Kind, Name: w.Name, NameBase64: base64Of(w.Name),
		Owner: e.Owner, OwnerBase64: base64Of(e.Owner), From: e.From, FromBase64: base64Of(e.From), Fence: e.Fence,
		Weight: e.Weight, Limit: e.Limit,
	}
	if e.Primitive.Counts() {
		j.Used = &e.Used
	}
	switch e.Kind {
	case watch.Held, watch.Acquired, watch.Handed, watch.Shrunk:
		if left := millis(e.Remaining); left >= 0 {
			j.LeftMS = &left
		}
	case watch.Waiting:
		j.Waiting = &e.Count
	}
	return j
}

// words is an event as people read it.
func words(e watch.Event) string {
	terms := fmt.Sprintf(", fence %d, ", e.Fence)
	if e.Remaining < 0 {
		terms += "no expiry"
	} else {
		terms += short(e.Remaining) + " left"
	}
	who, used := ownerWords(e.Owner), ""
	if e.Weight > 0 {
		who += ", " + state.Weight(e.Primitive, e.Weight)
	}
	if e.Primitive == state.Semaphore {
		used = fmt.Sprintf(", %d/%d used", e.Used, e.Limit)
	}
	switch e.Kind {
	case watch.Held:
		return "held by " + who + terms + used
	case watch.Acquired:
		return "acquired by " + who + terms + used
	case watch.Handed:
		return "handed to " + who + " by " + ownerWords(e.From) + terms
	case watch.Shrunk:
		return "shrunk by " + who + terms + used
	case watch.Released:
		return "released by " + who + used
	case watch.Expired:
		return "expired: the lease of " + who + " is over" + used
	case watch.Missed:
		return fmt.Sprintf("missed: taken and given back between two looks, fence %d", e.Fence)
	case watch.Used:
		return fmt.Sprintf("used: %d/%d", e.Used, e.Limit)
	case watch.Waiting:
		return fmt.Sprintf("waiting: %d", e.Count)
	default:
		return string(e.Kind)
	}
}
