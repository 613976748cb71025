package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/demo"
)

// demoCmd shows a lock at work.
type demoCmd struct {
	Workers int      `default:"6" help:"How many contend for the lock, 1 to ${maxWorkers}."`
	Rounds  int      `default:"5" help:"How many turns each of them wants."`
	Hold    duration `placeholder:"20ms" help:"How long each turn takes; 100ms on a terminal, for you to see it."`
}

// What a turn takes unless set: quick for those who only read the verdict, slow enough to watch on a terminal.
const (
	quickHold   = 20 * time.Millisecond
	visibleHold = 100 * time.Millisecond
)

// Help is the end of redilock demo --help.
func (demoCmd) Help() string {
	return `Workers of several clients take turns on one lock, on an in-memory server unless --redis or REDIS_URL names
another. The end is a check of what happened; the exit status follows it: 0, or 1 if the lock did not keep its word.`
}

// Run is called by kong.
func (d *demoCmd) Run(app *app) error {
	ctx, stop := interruptible()
	defer stop()
	if d.Workers < 1 || d.Workers > demo.MaxWorkers || d.Rounds < 1 {
		return usage("--workers is 1 to %d, --rounds at least 1", demo.MaxWorkers)
	}
	live := app.out.terminal()
	hold := time.Duration(d.Hold)
	switch {
	case hold < 0 || hold > time.Minute:
		return usage("--hold is at most a minute, not %v", hold)
	case hold == 0 && live:
		hold = visibleHold
	case hold == 0:
		hold = quickHold
	}
	rdbs, where, closeAll, err := d.connect(app, demo.Clients(d.Workers))
	if err != nil {
		return err
	}
	defer closeAll()
	lockers, closeLockers, err := demo.NewLockers(app.Prefix+"redilock-demo-"+rand.Text()[:8], rdbs)
	if err != nil {
		return err
	}
	defer closeLockers()
	err = demo.Run(ctx, demo.Config{
		Workers: d.Workers, Rounds: d.Rounds, Hold: hold, Where: where,
		Out: app.out, Live: live, Colour: app.out.colour(), Size: app.out.size,
	}, lockers)
	if errors.Is(err, demo.ErrBroken) {
		return exit{code: statusNo}
	}
	return err
}

// connect gives a connection pool for each client: on the server that was named, or on one in memory.
func (d *demoCmd) connect(app *app, clients int) ([]redis.UniversalClient, string, func(), error) {
	var closers []func() error
	closeAll := func() {
		for _, c := range closers {
			_ = c()
		}
	}
	open, where := inMemory, "an in-memory server"
	if app.Redis != "" {
		where = app.address()
		open = func(*miniredis.Miniredis) (redis.UniversalClient, error) { return app.open() }
	}
	memory := miniredis.NewMiniRedis()
	memory.ClockTTL(true)
	rdbs := make([]redis.UniversalClient, clients)
	for i := range rdbs {
		rdb, err := open(memory)
		if err != nil {
			closeAll()
			return nil, "", nil, err
		}
		rdbs[i] = rdb
		closers = append(closers, rdb.Close)
	}
	if app.Redis != "" {
		if err := rdbs[0].Ping(context.Background()).Err(); err != nil {
			closeAll()
			return nil, "", nil, app.explain(err)
		}
		return rdbs, where, closeAll, nil
	}
	return rdbs, fmt.Sprintf("%s, no Redis needed", where), func() { closeAll(); memory.Close() }, nil
}

func inMemory(memory *miniredis.Miniredis) (redis.UniversalClient, error) {
	return redis.NewClient(&redis.Options{
		Addr:   "127.0.0.1:6379", // never dialled; a host name would be looked up
		Dialer: func(context.Context, string, string) (net.Conn, error) { return memory.Dial() },
	}), nil
}
