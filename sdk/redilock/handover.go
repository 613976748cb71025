package redilock

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// handOver gives back what a token has at the server, the lock or its place in the queue, and names the first of the
// line as its successor: with nobody else waiting the lock passes on in this one round trip. h is the lock that ends, or
// nil; w is the waiter that leaves, or nil. ambiguous: there is no reply, or none to the first send, so the server may have
// released before.
func (c *Client) handOver(
	ctx context.Context, m *Mutex, token string, h *hold, w *waiter,
) (reply mutexv1.ReleaseReply, ambiguous bool, err error) {
	c.mu.Lock()
	l := c.lineOf(m)
	l.busy++ // until the outcome is known, nobody asks beside it
	if h != nil {
		l.uncount(h)
	}
	if w != nil {
		l.settle(w)
	}
	next := l.next()
	c.mu.Unlock()

	mode, channel := c.wake.mode()
	args := mutexv1.ReleaseArgs{Token: token, Channel: channel}
	at := standing{holderPTTL: -1} // of next, if the reply tells its position
	if next != nil {
		at.doubtful, next.told, next.known = next.told, next.told || channel != "", true
		args.Successor, args.Wake = next.token, mode
		args.Lease, args.Presence = next.m.ttl, c.opts.presence()
	}
	call := mutexv1.NewRelease(m.keys, args)
	at.since = time.Now()
	reply, err = runOut(ctx, c, call)
	at.answered = time.Now()
	switch {
	case err == nil:
		ambiguous = call.Repeated()
	case ctx.Err() != nil: // it may be under way still
		ambiguous = true
	default:
		ambiguous = call.MayHaveRun()
	}

	c.mu.Lock()
	l.busy--
	pass, passed := c.follow(l, next, reply, at)
	if pass == nil {
		l.advance()
	}
	c.mu.Unlock()
	if pass != nil {
		if h != nil {
			c.emit(c.opts.trace.HandedOff, Event{
				Name: m.name, Fence: passed.fence, Lease: passed.lease, Held: time.Since(h.granted),
			})
		}
		if !c.granted(pass, passed) {
			c.leave(pass)
		}
	}
	return reply, ambiguous, err
}

// follow does what a release's reply says: it gives the waiter that has the lock now with its grant, or sends the
// successor on its way. It is called with c.mu held.
func (c *Client) follow(l *line, next *waiter, reply mutexv1.ReleaseReply, at standing) (*waiter, grant) {
	switch r := reply.(type) {
	case mutexv1.ReleaseHanded:
		g := grant{fence: r.Fence, lease: r.Lease, since: at.since}
		if next != nil && next.token == r.Token {
			if g.whole() {
				return next, g
			}
			break // it asks
		}
		if w := c.asking[r.Token]; w != nil {
			w.push(g)
		}
		at.position = 1
	case mutexv1.ReleaseReleased:
		at.position = r.Position
	case mutexv1.ReleaseLeft:
		at.position = r.Position
	}
	if next != nil {
		l.send(next, at) // where the reply tells no position, it asks for itself
	}
	return nil, grant{}
}

// push tells a waiter of its grant. One that is told already needs no more.
func (w *waiter) push(g grant) {
	select {
	case w.pushed <- g:
	default:
	}
}

// leave lets a waiter depart in the background.
func (c *Client) leave(w *waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(func() { c.depart(w) })
}

// depart gives back what a waiter has at the server, if the server may know it. It may take as long as a lease.
func (c *Client) depart(w *waiter) {
	if !w.known {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.line.settle(w)
		w.line.advance()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	if _, _, err := c.handOver(ctx, w.m, w.token, nil, w); err != nil {
		c.forget(w.m, w.token)
	}
}

// giveBack releases a token in the background, whatever it has at the server.
func (c *Client) giveBack(m *Mutex, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(func() { c.forget(m, token) })
}

// forget releases a token until the server has said that it has nothing, or the token's lease is over. It goes on after
// Close: what it does is what Close waits for.
func (c *Client) forget(m *Mutex, token string) {
	ctx, cancel := context.WithTimeout(context.Background(), max(m.ttl, c.opts.presence()))
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		_, err := mutexv1.Release(ctx, c.rdb, m.keys, mutexv1.ReleaseArgs{Token: token})
		if err == nil || !scripts.Transient(err) {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}
