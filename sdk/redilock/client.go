package redilock

import (
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/release"
	"github.com/zferentz/go-redilock/sdk/internal/waiting"
	"github.com/zferentz/go-redilock/sdk/internal/wakeup"
)

const (
	// unlockTimeout is how long Unlock waits for its release, which goes on after it.
	unlockTimeout = 5 * time.Second
	// closeTimeout bounds how long Close waits for queue places and late grants to be given back.
	closeTimeout = 2 * time.Second
)

// Client makes locks on one Redis or Valkey: a single server, a Sentinel group or a cluster. Of all its goroutines that
// want one name, one at the most is known to the server; the others wait here. So share one Client in a process. It is
// safe for concurrent use.
type Client struct {
	opts     options
	events   *event.Background
	sender   *call.Sender
	messages *wakeup.Subscription
	leases   *lease.Set
	releases *release.Releaser
	queues   *waiting.Queues
	tokens   tokens
	life     chan struct{} // closed with the client
}

// New makes a client over rdb, which stays yours: Close does not close it. Nothing is sent until the first lock.
// The error is ErrInvalid: no rdb; a *redis.Ring, which moves a name to another server when its own does not answer, and
// so would give it to two holders; or an option out of its range.
func New(rdb redis.UniversalClient, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	switch _, ring := rdb.(interface { // *redis.Ring, and what embeds one
		GetShardClientForKey(key string) (*redis.Client, error)
	}); {
	case rdb == nil || reflect.ValueOf(rdb).Kind() == reflect.Pointer && reflect.ValueOf(rdb).IsNil():
		err = fmt.Errorf("%w: the redis client is nil", ErrInvalid)
	case ring:
		err = fmt.Errorf("%w: a *redis.Ring moves names to other servers while one does not answer, so two could hold a "+
			"lock; use a cluster, or a client for each server", ErrInvalid)
	}
	if err != nil {
		return nil, opError("new", "", err)
	}
	return newClient(rdb, o, clock.New(nil)), nil
}

func newClient(rdb redis.UniversalClient, o options, time *clock.Clock) *Client {
	c := &Client{opts: o, sender: call.New(rdb), life: make(chan struct{})}
	c.events = event.NewBackground(c.tell, c.listens)
	c.releases = release.New(c.sender, time, c.events)
	tokens := func() string { return c.tokens.next(o.owner) }
	c.queues = waiting.New(waiting.Config{Poll: o.poll, Presence: o.presence(), NewToken: tokens}, waiting.Parts{
		Sender: c.sender, Clock: time, Sink: c.tell, Events: c.events, Releases: c.releases,
	})
	c.messages = wakeup.New(rdb, "redilock:wake:"+rand.Text(), c.queues, c.events)
	c.leases = lease.NewSet(c.sender, time, c.events, c.queues)
	c.queues.Use(c.leases, c.messages)
	return c
}

// Close ends every Lock that waits (ErrClosed), gives their places in the servers' queues back, and stops extending.
// Locks that are held are not released, because the work under them may still run: their contexts end with ErrClosed,
// and Unlock still works. Closing twice is harmless. It waits 2 s at the most, and returns nil; what is not given back by
// then, because the server is away, is logged and goes on until the server answers, the lease ends, or rdb is closed.
func (c *Client) Close() error {
	c.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = c.finish(ctx)
	return nil
}

// Shutdown is Close for a program that ends: it releases the locks that are held as well, after their contexts have
// ended with ErrClosed, and waits until the server has answered, or ctx ends. The error is nil, or wraps ctx.Err(): then
// what is left is logged, and the work on it goes on as after Close.
func (c *Client) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return opError("shutdown", "", failure.NilContext)
	}
	grants := c.leases.All()
	c.end()
	for _, g := range grants {
		c.queues.GiveUp(g)
	}
	return opError("shutdown", "", c.finish(ctx))
}

// end refuses new calls, and ends what waits.
func (c *Client) end() {
	if c.queues.Close() {
		close(c.life)
	}
	c.leases.Close()
}

// finish waits for what is under way until ctx ends.
func (c *Client) finish(ctx context.Context) error {
	done := c.queues.Wait(ctx) && c.releases.Wait(ctx)
	c.messages.Close()
	c.sender.Close()
	if done {
		return nil
	}
	c.releases.TellLeft()
	return failure.Ended(ctx)
}

func (c *Client) closed() bool {
	select {
	case <-c.life:
		return true
	default:
		return false
	}
}
