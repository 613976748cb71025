package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// recorded reports whether a semaphore is held by somebody whose fence is known. A sorted set without any is somebody
// else's, or has lost its records: then there is nothing to choose a holder by.
func recorded(s state.State) bool {
	return s.Semaphore != nil && slices.ContainsFunc(s.Semaphore.Holders, hasRecord)
}

func hasRecord(h redilock.SemaphoreHolder) bool { return h.Fence > 0 }

func noRecord(h redilock.SemaphoreHolder) bool { return h.Fence == 0 }

// breakPermits ends one holder of a semaphore, or all of them.
func (b *breakCmd) breakPermits(ctx context.Context, a *app, c *redilock.Client, s state.State) error {
	chosen, err := b.choose(s)
	if err != nil {
		return err
	}
	lines := []string{table.Safe(b.Name) + ": " + stateWords(s)}
	for _, h := range chosen {
		lines = append(lines, "      "+holderWords(s.Primitive, h))
	}
	if err := b.ask(ctx, holding{isLock: true, words: strings.Join(lines, "\n")}); err != nil {
		return err
	}
	var owners []string
	for _, h := range chosen {
		switch err := c.BreakSemaphore(ctx, b.Name, h.Fence); {
		case errors.Is(err, redilock.ErrNotHeld) || errors.Is(err, redilock.ErrLost): // it was quicker
		case err != nil:
			return err
		default:
			owners = append(owners, ownerWords(h.Owner))
		}
	}
	switch len(owners) {
	case 0:
		return exit{statusNo, fmt.Errorf("%s was released meanwhile: nothing was done", table.Safe(b.Name))}
	case 1:
		return b.tell(ctx, a, c, "released; it was held by "+owners[0])
	default:
		return b.tell(ctx, a, c, count(int64(len(owners)), "holder")+" ended")
	}
}

// choose gives the holders that are to be ended.
func (b *breakCmd) choose(s state.State) ([]redilock.SemaphoreHolder, error) {
	holders := slices.DeleteFunc(slices.Clone(s.Semaphore.Holders), noRecord)
	switch {
	case b.Fence != nil:
		i := slices.IndexFunc(holders, func(h redilock.SemaphoreHolder) bool { return h.Fence == *b.Fence })
		if i < 0 {
			return nil, b.noFence()
		}
		return holders[i : i+1], nil
	case b.All || len(holders) == 1 && s.Semaphore.Held == 1:
		return holders, nil
	}
	var some []string
	for _, h := range holders[:min(len(holders), maxNamed)] {
		some = append(some, fmt.Sprintf("%d (%s)", h.Fence, ownerWords(h.Owner)))
	}
	if int64(len(some)) < s.Semaphore.Held {
		some = append(some, "…")
	}
	return nil, usage("%s has %s: choose one by --fence, or --all of them: %s",
		table.Safe(b.Name), count(s.Semaphore.Held, "holder"), strings.Join(some, ", "))
}

// maxNamed is how many holders a message names.
const maxNamed = 5

func (b *breakCmd) noFence() error {
	return exit{statusNo, fmt.Errorf("nobody holds %s with the fence %d: nothing was done", table.Safe(b.Name), *b.Fence)}
}
