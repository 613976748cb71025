package redilock

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

const (
	// unlockTimeout bounds a release, which goes on after its caller's context has ended.
	unlockTimeout = 5 * time.Second
	// closeTimeout bounds how long Close waits for queue places and late grants to be given back.
	closeTimeout = 2 * time.Second
)

// Client makes locks on one Redis or Valkey: a single server, a Sentinel group or a cluster. Of all its goroutines that
// want one name, one at the most is known to the server; the others stand in line here. So share one Client in a
// process. It is safe for concurrent use.
type Client struct {
	rdb  redis.UniversalClient
	opts options

	life   context.Context // ends with Close
	end    context.CancelCauseFunc
	errand sync.WaitGroup // background work that Close waits for

	wake   *wakeup
	leases *leases
	batch  batch

	// bounded: go-redis gives up by itself in time, so a call need not be left behind for the caller to return in time.
	bounded bool

	mu     sync.Mutex
	lines  map[string]*line   // by lock key; only those in use
	asking map[string]*waiter // by token: those that the server may know
}

// New makes a client over rdb, which stays yours: Close does not close it. Nothing is sent until the first lock.
// The error is ErrInvalid: no rdb, or an option out of its range.
func New(rdb redis.UniversalClient, opts ...Option) (*Client, error) {
	if rdb == nil || reflect.ValueOf(rdb).Kind() == reflect.Pointer && reflect.ValueOf(rdb).IsNil() {
		return nil, opError("new", "", fmt.Errorf("%w: the redis client is nil", ErrInvalid))
	}
	o, err := newOptions(opts)
	if err != nil {
		return nil, opError("new", "", err)
	}
	c := &Client{rdb: rdb, opts: o, lines: make(map[string]*line), asking: make(map[string]*waiter)}
	c.life, c.end = context.WithCancelCause(context.Background())
	c.wake = newWakeup(c, "redilock:wake:"+rand.Text())
	c.leases = newLeases(c)
	c.batch.rdb, c.bounded = rdb, isBounded(rdb)
	return c, nil
}

// Close ends every Lock that waits (ErrClosed), gives their places in the servers' queues back, and stops extending.
// Locks that are held are not released, because the work under them may still run: their contexts end with ErrClosed,
// and Unlock still works. Closing twice is harmless. It waits 2 s at the most, and returns nil.
func (c *Client) Close() error {
	c.mu.Lock()
	c.end(ErrClosed)
	for _, l := range c.lines {
		l.close()
	}
	c.mu.Unlock()
	c.leases.close()

	done := make(chan struct{})
	go func() {
		c.errand.Wait()
		close(done)
	}()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	c.wake.close()
	return nil
}

// debug tells of what happens to every lock: attributes, unlike pairs of words and values, cost nothing if nobody listens.
func (c *Client) debug(message string, attrs ...slog.Attr) {
	c.opts.log.LogAttrs(context.Background(), slog.LevelDebug, message, attrs...)
}

// pause waits for a while. It reports false if the client was closed.
func (c *Client) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.life.Done():
		return false
	}
}

func (c *Client) closed() bool { return c.life.Err() != nil }

// begin starts background work that Close waits for. It is called with c.mu held, so that none is counted after Close has
// begun to wait; what comes later than that goes uncounted.
func (c *Client) begin(work func()) {
	if c.closed() {
		go work()
		return
	}
	c.errand.Go(work)
}

// runOut is run for a ctx that ends by its deadline alone. A goroutine more is only needed where go-redis would not
// keep to such a deadline.
func runOut[R any](ctx context.Context, c *Client, call *scripts.Call[R]) (R, error) {
	if !c.bounded {
		return run(ctx, c, call, nil)
	}
	r, err := send(ctx, c, call)
	if err != nil && ctx.Err() != nil {
		return r, ended(ctx)
	}
	return r, err
}

// run sends a call and returns when it is done or ctx has ended, whichever is first: go-redis ignores a cancellation
// while it reads. A caller that must clean up after a call whose reply it does not get gives late, which is called once
// that call is over.
func run[R any](ctx context.Context, c *Client, call *scripts.Call[R], late func()) (R, error) {
	if late == nil {
		late = func() {}
	}
	if ctx.Done() == nil {
		r, err := send(ctx, c, call)
		if err != nil {
			late()
		}
		return r, err
	}
	type result struct {
		reply R
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r, err := send(ctx, c, call)
		done <- result{r, err}
	}()
	select {
	case r := <-done:
		if r.err == nil {
			return r.reply, nil
		}
		late()
		if ctx.Err() != nil {
			return r.reply, ended(ctx)
		}
		return r.reply, r.err
	case <-ctx.Done():
	}
	go func() { <-done; late() }()
	var none R
	return none, ended(ctx)
}
