package main

import (
	"context"
	"fmt"
	"strings"

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
believes it alive without hearing from it. Nothing is changed. Exit status: 0 whether they are
held or free; 125 redilock or Redis failed.

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
func ask(ctx context.Context, c *redilock.Client, name string) (redilock.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return c.Inspect(ctx, name)
}

// stateWords is who holds a lock and how many wait.
func stateWords(s redilock.Status) string {
	words := []string{"free"}
	if s.Held {
		left := "no expiry"
		if s.Remaining >= 0 {
			left = short(s.Remaining) + " left"
		}
		words = []string{"held by " + ownerWords(s.Owner), left}
	}
	switch {
	case s.Fence == 0:
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

// describe is the state of a lock, and who waits for it, a line each.
func describe(name string, s redilock.Status) []string {
	lines := []string{table.Safe(name) + ": " + stateWords(s)}
	for n, w := range s.Waiters {
		lines = append(lines, fmt.Sprintf("%4d. %s, presence %s", n+1, ownerWords(w.Owner), short(w.Presence)))
	}
	if more := s.Queued - int64(len(s.Waiters)); more > 0 {
		lines = append(lines, fmt.Sprintf("      and %d more", more))
	}
	return lines
}
