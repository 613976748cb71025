package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// breakCmd releases somebody else's lock.
type breakCmd struct {
	Name  string `arg:"" help:"The lock's name."`
	Fence *int64 `xor:"which" placeholder:"N" help:"Only if the holder has this fence, of several holders that one."`
	All   bool   `xor:"which" help:"Of a semaphore: all who hold it now, 1000 at the most."`
	Yes   bool   `short:"y" help:"Do not ask."`
}

// Help is the end of redilock break --help.
func (breakCmd) Help() string {
	return `
Releases a lock in its holder's place, so that it goes to the next in the queue at once. The holder is not asked and may
still be at work: it finds out when it extends the lock, and until then two may believe that they have it. So see to it
first that the holder is gone. What is no lock at all under that name (a list, say) is deleted.

Where several hold a semaphore, --fence says whom to end: redilock inspect shows the fences, and the refusal without it
does too. --all ends all of them.

Exit status: 0 done; 1 nobody held it, it changed hands meanwhile, or the answer was no; 125 redilock or Redis failed, or
there are several holders.

Examples:

    redilock break nightly
    redilock break --yes nightly
    redilock break exports --fence 1767323045000012`
}

// maxLooks bounds how often a lock is looked at that changes hands all the time.
const maxLooks = 10

// Run is called by kong.
func (b *breakCmd) Run(a *app) error {
	rdb, c, closeAll, err := a.both()
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, stop := interruptible()
	defer stop()
	s, err := ask(ctx, c, b.Name)
	switch {
	case err != nil && !errors.Is(err, redilock.ErrWrongType):
		return err
	case err == nil && recorded(s):
		return b.breakPermits(ctx, a, c, s)
	}
	h, err := b.look(ctx, rdb, c, a.Prefix+b.Name)
	if err != nil {
		return err
	}
	if b.Fence != nil && (h.fence == 0 || h.fence != *b.Fence) { // a fence that is not known is nobody's
		return b.noFence()
	}
	if err := b.ask(ctx, h); err != nil {
		return err
	}
	if h.isLock {
		err = b.release(ctx, c, h)
	} else {
		err = b.remove(ctx, rdb, c, h)
	}
	if err != nil {
		return err
	}
	return b.tell(ctx, a, c, h.done)
}

// tell says what was done, and what there is now.
func (b *breakCmd) tell(ctx context.Context, a *app, c *redilock.Client, done string) error {
	now := ""
	if s, err := ask(ctx, c, b.Name); err == nil {
		now = "; now " + stateWords(s)
	}
	_, err := fmt.Fprintf(a.out, "%s: %s%s\n", table.Safe(b.Name), done, now)
	return err
}

// holding is what stands in the way.
type holding struct {
	key    string
	kind   string // what TYPE says of it
	token  string
	fence  int64
	isLock bool
	words  string // what there is, for people
	done   string // what became of it
}

// look finds out who holds the lock, with the token that releases it and nobody else's.
func (b *breakCmd) look(ctx context.Context, rdb redis.UniversalClient, c *redilock.Client, key string) (holding, error) {
	h := holding{key: key}
	for range maxLooks {
		_, err := c.Inspect(ctx, b.Name)
		if err != nil && !errors.Is(err, redilock.ErrWrongType) {
			return h, err
		}
		if h.kind, err = rdb.Type(ctx, key).Result(); err != nil {
			return h, err
		}
		switch h.kind {
		case "none":
			return h, exit{statusNo, fmt.Errorf("nobody holds %s", table.Safe(b.Name))}
		case "string":
		default:
			h.words = fmt.Sprintf("%s is no lock: it holds a %s", table.Safe(b.Name), h.kind)
			h.done = "the " + h.kind + " was deleted"
			return h, nil
		}
		h.token, err = rdb.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return h, err
		}
		// The state is that of this token if it was so before and is so after.
		s, wrong := c.Inspect(ctx, b.Name)
		if after, err := rdb.Get(ctx, key).Result(); err != nil || after != h.token {
			continue
		}
		_, invalid := c.Attach(b.Name, h.token)
		switch {
		case invalid != nil:
			h.words = fmt.Sprintf("%s is no lock: what it holds can be no token", table.Safe(b.Name))
			h.done = "it was deleted"
		case wrong != nil: // one of its companions, so nobody knows who it was
			h.isLock, h.words, h.done = true, table.Safe(b.Name)+" is held", "released"
		default:
			h.isLock = true
			if s.Owner != "" { // another program raises no fence: it is that of somebody before
				h.fence = s.Fence
			}
			h.words = strings.Join(describe(b.Name, state.State{Status: s}), "\n")
			h.done = "released; it was held by " + ownerWords(s.Owner)
		}
		return h, nil
	}
	return h, exit{statusNo, fmt.Errorf("%s changes hands all the time: it is not stuck, so nothing was done",
		table.Safe(b.Name))}
}

// ask says what there is, and asks whether to go on.
func (b *breakCmd) ask(ctx context.Context, h holding) error {
	if b.Yes {
		return nil
	}
	question := "Release it all the same?"
	if !h.isLock {
		question = "Delete it?"
	}
	fmt.Fprintf(os.Stderr, "%s\n%s [y/N] ", h.words, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case said := <-answer:
		if said == "y" || said == "yes" {
			return nil
		}
		if said == "" {
			fmt.Fprintln(os.Stderr)
		}
		return exit{statusNo, errors.New("nothing was done (--yes answers the question)")}
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr)
		return context.Cause(ctx)
	}
}

// release gives the lock back with the holder's own token: the next in the queue has it in the same moment.
func (b *breakCmd) release(ctx context.Context, c *redilock.Client, h holding) error {
	l, err := c.Attach(b.Name, h.token)
	if err != nil {
		return err
	}
	err = l.Unlock(ctx)
	if errors.Is(err, redilock.ErrLost) {
		return exit{statusNo, fmt.Errorf("%s was released or went to somebody else meanwhile: nothing was done",
			table.Safe(b.Name))}
	}
	return err
}

// remove deletes what is no lock, if it is still what was shown. Those who wait find out by asking.
func (b *breakCmd) remove(ctx context.Context, rdb redis.UniversalClient, c *redilock.Client, h holding) error {
	changed := exit{statusNo, fmt.Errorf("%s changed meanwhile: nothing was done", table.Safe(b.Name))}
	err := rdb.Watch(ctx, func(tx *redis.Tx) error {
		kind, err := tx.Type(ctx, h.key).Result()
		if err != nil {
			return err
		}
		if kind == "string" {
			value, err := tx.Get(ctx, h.key).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			if value != h.token {
				return changed
			}
		}
		if kind != h.kind {
			return changed
		}
		if kind == "zset" { // somebody may hold it by now
			switch s, err := ask(ctx, c, b.Name); {
			case err != nil && !errors.Is(err, redilock.ErrWrongType):
				return err
			case recorded(s):
				return changed
			}
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Del(ctx, h.key).Err() })
		return err
	}, h.key)
	if errors.Is(err, redis.TxFailedErr) {
		return changed
	}
	return err
}
