package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/term"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/top"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// topCmd shows a live table of locks.
type topCmd struct {
	Pattern  string   `arg:"" optional:"" default:"*" help:"Which names, as for ls. Default: all."`
	Interval duration `short:"i" default:"1s" placeholder:"DURATION" help:"How often to look. Default: 1s."`
	Once     bool     `help:"Print the table once, as is done where standard output is no terminal."`
}

// Help is the end of redilock top --help.
func (topCmd) Help() string {
	return `
A live table of the locks that are held or waited for. The bar of a lease is full at the most that was seen of this
grant; HELD FOR counts from the first look, with a > before it if the lock was held already. What is shorter than
--interval is not seen; redilock watch tells more of one lock.

Keys: q quits; / filters by name and holder, Esc ends that; n h f l w t sort by name, holder, fence, lease left, waiting,
held for, the same key again reverses; a shows free locks too; p pauses; arrows, PgUp and PgDn scroll.

While there are semaphores, USED says how many of their permits are in use, or who reads and writes, and u sorts by it.
Of several holders the one is shown that has held it the longest, and how many there are besides: web1:42 +2.

Examples:

    redilock top
    redilock top 'deploy:*' -i 5s
    redilock top --once`
}

// Run is called by kong.
func (t *topCmd) Run(a *app) error {
	if time.Duration(t.Interval) < minInterval {
		return usage("--interval is %v or longer, not %v", minInterval, t.Interval)
	}
	rdb, c, closeAll, err := a.both()
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, stop := interruptible()
	defer stop()
	f := &finder{rdb: rdb, c: c, prefix: a.Prefix, pattern: t.Pattern, interval: time.Duration(t.Interval)}
	locks, err := f.fetch(ctx, false) // a server that is out of reach from the start is no matter for a table
	if err != nil {
		return err
	}
	if t.Once || !a.out.terminal() {
		return a.out.lines(tableOf(locks))
	}
	var keys io.Reader // none: then a signal ends it
	if term.IsTerminal(int(os.Stdin.Fd())) {
		keys = os.Stdin
	}
	return top.Run(ctx, top.Config{
		Where: a.address(), Interval: time.Duration(t.Interval), In: keys, Out: a.out.File, Explain: a.words,
		Fetch: func(ctx context.Context) ([]listing.Lock, error) { return f.fetch(ctx, true) },
	})
}

// finder looks at the locks again and again. It walks through all the keys less often than it asks for the state of those
// that it knows, if there are so many keys that walking takes its time.
type finder struct {
	rdb      redis.UniversalClient
	c        *redilock.Client
	prefix   string
	pattern  string
	interval time.Duration

	names []listing.Name
	next  time.Time // when to walk again
}

// walkShare is how much of the time at the most is spent walking: one part of so many.
const walkShare = 10

func (f *finder) fetch(ctx context.Context, all bool) ([]listing.Lock, error) {
	if began := time.Now(); !began.Before(f.next) {
		names, err := listing.Names(ctx, f.rdb, f.prefix, f.pattern)
		if err != nil {
			return nil, err
		}
		f.names = names
		if took := time.Since(began); took*walkShare > f.interval {
			f.next = time.Now().Add(took * walkShare)
		}
	}
	return listing.Inspect(ctx, f.c, f.names, all)
}
