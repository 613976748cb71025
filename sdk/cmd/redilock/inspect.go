package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// inspectCmd shows who holds locks.
type inspectCmd struct {
	Names []string `arg:"" name:"name" help:"The locks' names."`
	JSON  bool     `help:"One JSON object a line for each lock."`
}

// Help is the end of redilock inspect --help.
func (inspectCmd) Help() string {
	return `
Shows who holds each lock and for how long, and who waits for it; the presence of a waiter is how long the server
believes it alive without hearing from it. Of a semaphore there is a line for each holder, with its fence, which is what
redilock break --fence takes, and its weight. Nothing is changed. Exit status: 0 whether they are held or free; 125
redilock or Redis failed.

Examples:

    redilock inspect nightly deploy
    redilock inspect --json nightly | jq -r .owner`
}

// Run is called by kong.
func (i *inspectCmd) Run(a *app) error {
	c, closeClient, err := a.client()
	if err != nil {
		return err
	}
	defer closeClient()
	ctx, stop := interruptible()
	defer stop()
	for _, name := range i.Names {
		s, err := ask(ctx, c, name)
		if err != nil {
			return err
		}
		if i.JSON {
			err = a.out.json(newStatusJSON(name, a.Prefix+name, s))
		} else {
			err = a.out.lines(describe(name, s))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask asks for the state of a lock.
func ask(ctx context.Context, c *redilock.Client, name string) (state.State, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return state.Ask(ctx, c, name, state.Unknown)
}

// stateWords is who holds a lock and how many wait.
func stateWords(s state.State) string {
	words := []string{"free"}
	switch {
	case s.Semaphore != nil:
		words = permitWords(s)
	case s.Held:
		left := "no expiry"
		if s.Remaining >= 0 {
			left = short(s.Remaining) + " left"
		}
		words = []string{"held by " + ownerWords(s.Owner), left}
	}
	switch {
	case s.Fence == 0 || s.Semaphore != nil && s.Held: // each holder has its own
	case s.Held && s.Owner == "": // another program has none
		words = append(words, fmt.Sprintf("last fence %d", s.Fence))
	default:
		words = append(words, fmt.Sprintf("fence %d", s.Fence))
	}
	if s.Queued > 0 {
		words = append(words, fmt.Sprintf("%d waiting", s.Queued))
	}
	return strings.Join(words, ", ")
}

// permitWords is how much of a semaphore is in use.
func permitWords(s state.State) []string {
	var words []string
	if !s.Held {
		words = append(words, "free")
	}
	switch {
	case s.Primitive == state.RWMutex && s.Held:
		words = append(words, "held by "+s.Used())
	case s.Primitive == state.Semaphore && s.Held:
		words = append(words, s.Used()+" used", count(s.Semaphore.Held, "holder"))
	case s.Primitive == state.Semaphore:
		words = append(words, s.Used()+" used")
	}
	return words
}

// count is a number of things.
func count(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// describe is the state of a lock, who holds it where several may, and who waits for it, a line each.
func describe(name string, s state.State) []string {
	lines := []string{table.Safe(name) + ": " + stateWords(s)}
	more := func(n int64) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("      and %d more", n))
		}
	}
	if s.Semaphore != nil {
		for _, h := range s.Semaphore.Holders {
			lines = append(lines, "      "+holderWords(s.Primitive, h))
		}
		more(s.Semaphore.Held - int64(len(s.Semaphore.Holders)))
	}
	for n, w := range s.Waiters {
		weight := ""
		if s.Semaphore != nil {
			weight = ", " + state.Weight(s.Primitive, s.Semaphore.Waiters[n].Weight)
		}
		lines = append(lines, fmt.Sprintf("%4d. %s%s, presence %s", n+1, ownerWords(w.Owner), weight, short(w.Presence)))
	}
	more(s.Queued - int64(len(s.Waiters)))
	return lines
}

// holderWords is one of the holders of a semaphore.
func holderWords(p state.Primitive, h redilock.SemaphoreHolder) string {
	return fmt.Sprintf("fence %d, %s, %s, %s left, held for %s",
		h.Fence, ownerWords(h.Owner), state.Weight(p, h.Weight), short(h.Remaining), short(h.HeldFor))
}
