package redilock

import (
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// standing is where a waiter stands in the server's queue, as of its last answered call.
type standing struct {
	position   int64         // 1 is next; 0: it does not stand there, or does not know
	holderPTTL time.Duration // 0: free, ask again at once; negative: no expiry
	since      time.Time     // when that call was sent: a grant that came by message is younger, unless it is doubtful
	answered   time.Time     // when its answer came: a grant by a release that was sent later is younger
	// doubtful: an earlier call had told the server already how to reach the waiter. A message that arrives now may be of a
	// grant that had ended, by its lease or by a foreign DEL, when the server answered that it waits: so it says no more
	// than that asking is worth it.
	doubtful bool
}

// grant is a lock that the server gave us.
type grant struct {
	fence    int64
	lease    time.Duration
	since    time.Time // no later than the server's grant; on the monotonic clock
	pushed   bool      // a message told of it
	repeated bool      // since is when the first of several sends of the call was made
}

// deadline is until when the grant is certainly ours.
func (g grant) deadline() time.Time { return g.since.Add(g.lease - driftOf(g.lease)) }

// whole reports whether the grant is not half over. One that is would be a poor present: asking makes it whole again.
func (g grant) whole() bool { return time.Until(g.deadline()) > g.lease/2 }

var errTooLate = fmt.Errorf("%w: its lease was over when the grant arrived; a longer TTL would help", ErrLost)

// ask is the errand of the one waiter of a line that the server knows: it asks for the lock until it is granted, or its
// call gives up. Wake-ups make it quick; asking again makes it certain: every loss of a message, of a connection or of
// the server's memory is mended by the next question. It reports false if the waiter has to depart.
func (c *Client) ask(w *waiter, at standing) bool {
	watching := false
	defer func() {
		if watching {
			c.wake.unwatch()
		}
	}()
	for ask := at.position == 0; ; ask = true {
		if ask && !w.hasQuit() {
			g, next, err := c.askOnce(w)
			switch {
			case err == nil && next.position == 0:
				if g.repeated && time.Until(g.deadline()) <= 0 {
					at = standing{} // the repeats took longer than the lease: one quick answer makes it whole
					continue
				}
				return c.granted(w, g)
			case err == nil:
				if !watching {
					c.emit(c.opts.trace.Enqueued, Event{Name: w.m.name})
				}
				at, w.patient = next, true
			case w.hasQuit():
			case !w.patient || !errors.Is(err, ErrUnavailable):
				c.failed(w, err)
				return false
			default: // it has waited before: the server comes back, or the caller's context ends
				c.opts.log.Debug("redilock: the server is away, asking again", "lock", w.m.name, "error", err)
				at.holderPTTL = -1
			}
		}
		if w.hasQuit() {
			return false
		}
		if !watching {
			c.wake.watch()
			watching = true
		}
		if g, ok := c.await(w, at); ok {
			return c.granted(w, g)
		}
	}
}

func (w *waiter) hasQuit() bool { return w.asks.Err() != nil }

// askOnce sends one acquire. It gives a grant, or the place in the queue.
func (c *Client) askOnce(w *waiter) (grant, standing, error) {
	mode, channel := c.wake.mode()
	call := mutexv1.NewAcquire(w.m.keys, mutexv1.AcquireArgs{
		Token: w.token, Lease: w.m.ttl, Presence: c.opts.presence(), Wake: mode, Channel: channel,
	})
	at := standing{since: time.Now(), doubtful: w.told}
	w.told = w.told || channel != ""
	reply, err := send(w.asks, c, call)
	at.answered = time.Now()
	w.known = w.known || call.MayHaveRun()
	if err != nil {
		return grant{}, standing{}, err
	}
	switch r := reply.(type) {
	case mutexv1.AcquireGranted:
		return grant{fence: r.Fence, lease: r.Lease, since: at.since, repeated: call.Repeated()}, standing{}, nil
	case mutexv1.AcquireQueued:
		at.position, at.holderPTTL = r.Position, r.HolderPTTL
		return grant{}, at, nil
	default:
		return grant{}, standing{}, fmt.Errorf("%w: not queued although it asked to be", ErrUnavailable)
	}
}

// await waits until it is time to ask again, or until a grant arrives that leaves enough time to be used.
func (c *Client) await(w *waiter, at standing) (grant, bool) {
	timer := time.NewTimer(c.opts.pollIn(at, w.m.ttl))
	defer timer.Stop()
	select {
	case g := <-w.pushed:
		switch {
		case g.since.IsZero() && !at.doubtful: // by message: it came after the last answered call was sent
			g.since, g.pushed = at.since, true
		case g.since.IsZero() || g.since.Before(at.answered): // it may have ended when the server answered that we wait
			return g, false
		}
		return g, g.whole()
	case <-timer.C:
	case <-w.poke:
	case <-w.asks.Done():
	}
	return grant{}, false
}

// pollIn is how long a waiter keeps still: the next in the queue looks for the end of the holder's lease, the others say
// that they are alive. Those may be the next one by now, behind a holder that died without handing on; so they look one
// poll after the lease that they know of, or, if they know of none, after one like their own.
func (o *options) pollIn(at standing, ttl time.Duration) time.Duration {
	const soon = time.Millisecond
	switch {
	case at.holderPTTL == 0:
		return soon
	case at.position > 1 && at.holderPTTL < 0:
		return min(ttl+o.poll, o.presence()/3)
	case at.position > 1:
		return min(at.holderPTTL+o.poll, o.presence()/3)
	case at.holderPTTL < 0:
		return o.poll
	default:
		return min(at.holderPTTL+soon, o.poll)
	}
}

// granted gives the lock to the call that waits. It reports false if that has given up, or the lease is over: then the
// waiter has to depart.
func (c *Client) granted(w *waiter, g grant) bool {
	l := newLock(w.m, w.parent, w.token, g, w.since)
	c.mu.Lock()
	mine := w.claim()
	if mine && l != nil {
		w.line.settle(w)
		w.line.count(l.hold)
	}
	c.mu.Unlock()
	if mine && l != nil {
		l.hold.start()
		w.result <- result{lock: l}
		return true
	}
	if mine {
		w.result <- result{err: errTooLate}
	}
	return false
}

// failed ends a wait with an error.
func (c *Client) failed(w *waiter, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.fail(err)
}
