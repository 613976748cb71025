package redilock

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
)

// Trace is a set of functions that a client calls as things happen, each of which may be nil. The context has the values
// of the call that it is about, and of a renewal or a loss those of the call that took the lock.
//
// They may be slow, and may use the client. Started, Holding, Enqueued, Acquired, Refused, GaveUp, Released and
// Unconfirmed are called by the goroutine that called Lock, TryLock or Unlock, before it returns; the others one after the
// other by a goroutine of the client. A panic in one is logged, and goes no further.
type Trace struct {
	// Started: Lock or TryLock begins, and nothing is sent yet. What it gives back takes the place of the call's context:
	// its values reach the hooks of go-redis, and the other functions. It must be derived from the context that is passed;
	// nil is that one. One of Acquired, Refused and GaveUp follows. A call that shares a lock (WithReentrant), or is
	// refused for its arguments, starts nothing.
	Started func(context.Context, Event) context.Context
	// Holding: Lock or TryLock returns the lock, after Acquired. What it gives back is the parent of the lock's own context
	// ([Lock.Context]), as for Started.
	Holding func(context.Context, Event) context.Context
	// Enqueued: the call found the lock taken and waits.
	Enqueued func(context.Context, Event)
	// Acquired: the lock is ours. Fence, Lease, Waited and Way are set.
	Acquired func(context.Context, Event)
	// Refused: TryLock found the lock taken. Left is what is left of the holder's lease, as in [HeldError]; Waited is set.
	Refused func(context.Context, Event)
	// GaveUp: Lock or TryLock ended without an answer whether the lock is ours. Err says why, Waited is set.
	GaveUp func(context.Context, Event)
	// HandedOff: by our Unlock the lock went to another call of this client, in the same round trip. Fence and Lease
	// are the new holder's, Held is the old one's.
	HandedOff func(context.Context, Event)
	// Extended: the lease was raised. Fence, Lease and Held are set.
	Extended func(context.Context, Event)
	// ExtendFailed: a renewal failed and is tried again until the deadline. Err, Fence and Held are set.
	ExtendFailed func(context.Context, Event)
	// Lost: the lease ended, or somebody took the lock. Err, Fence and Held are set.
	Lost func(context.Context, Event)
	// Released: Unlock gave it back. Fence and Held are set.
	Released func(context.Context, Event)
	// Unconfirmed: Unlock ended the hold, and returns before the server has confirmed the release, which goes on. Fence and
	// Held are set. Another Unlock of the same lock may still be Released, Lost or Unconfirmed.
	Unconfirmed func(context.Context, Event)
	// LeaderChanged: this client won an election, or is not its leader any more. Leader is set, and Fence of a win.
	LeaderChanged func(context.Context, Event)
}

// Event is what a [Trace] function is told. Fields that mean nothing for the event are zero.
type Event struct {
	Primitive string // mutex, semaphore or rwmutex
	Name      string // the lock's, as it was given to Mutex
	Owner     string // our label, see WithOwner
	// Hold is the same in Acquired, Holding, Extended, ExtendFailed, Lost, Released and Unconfirmed of one hold, and of no
	// other in this process. 0 if there is none, or it was attached.
	Hold   uint64
	Way    Way           // how the grant came
	Leader bool          // of an election: whether this client leads
	Fence  int64         // of the grant
	Lease  time.Duration // how long the server keeps the grant, unless extended
	Waited time.Duration // from the call of Lock to the grant, or to its end
	Held   time.Duration // from the grant on
	Left   time.Duration // of somebody else's lease
	Err    error
	// Contended: the call had to wait, or was refused.
	Contended bool
	// Outcome is in a word how a call or a hold ended: acquired, refused, timeout, canceled or error; released, lost or
	// unconfirmed. It is a label of metrics and logs.
	Outcome string
	// Reason is in a word why a lock was lost: taken, expired, max_hold or too_late; error for any other.
	Reason string
}

// Way is how a grant came.
type Way uint8

// The ways in which a grant comes.
const (
	ByAsking  Way = Way(event.ByAsking)  // the server granted it to the call's own question
	ByMessage Way = Way(event.ByMessage) // another client released it, and the server sent a message
	Directly  Way = Way(event.Directly)  // another call of this client released it, in one round trip
	Locally   Way = Way(event.Locally)   // another call of this client passed it on in its turn, see WithTurn
)

// String is the way in a word, as metrics and logs have it: asked, message, reply or local.
func (w Way) String() string {
	switch w {
	case ByMessage:
		return "message"
	case Directly:
		return "reply"
	case Locally:
		return "local"
	default:
		return "asked"
	}
}

// tell hands an event to the log and to the trace. What panics there goes no further.
func (c *Client) tell(ctx context.Context, e event.Event) {
	fn := c.traceOf(e.Kind)
	if fn != nil {
		c.contained(func() {
			fn(ctx, c.public(e))
		})
	}
	c.contained(func() { c.log(ctx, e) })
}

// public is an event as a Trace gets it.
func (c *Client) public(e event.Event) Event {
	return Event{
		Primitive: e.Primitive, Name: e.Name, Owner: c.opts.owner, Hold: e.Hold, Way: Way(e.Way), Leader: e.Leader,
		Fence: e.Fence, Lease: e.Lease, Waited: e.Waited, Held: e.Held, Left: e.Left, Err: e.Err, Contended: e.Contended,
		Outcome: outcomeOf(e), Reason: reasonOf(e),
	}
}

// started lets the trace begin a call of Lock or TryLock. It gives the context for it.
func (c *Client) started(ctx context.Context, terms lease.Terms) context.Context {
	if c.opts.trace.Started == nil {
		return ctx
	}
	return c.derived(ctx, c.opts.trace.Started, event.Event{Primitive: terms.Resource.Primitive(), Name: terms.Name})
}

// holding lets the trace begin the hold of a lock that is about to be returned. It gives the parent of its context.
func (c *Client) holding(ctx context.Context, h *lease.Handle) context.Context {
	if c.opts.trace.Holding == nil {
		return ctx
	}
	return c.derived(ctx, c.opts.trace.Holding, h.Event(event.Acquired))
}

// derived is the context that a function of the trace makes of a call's.
func (c *Client) derived(
	ctx context.Context, fn func(context.Context, Event) context.Context, e event.Event,
) (derived context.Context) {
	derived = ctx
	c.contained(func() {
		p := c.public(e)
		p.Outcome = "" // nothing has ended
		if d := fn(ctx, p); d != nil {
			derived = d
		}
	})
	return derived
}

func (c *Client) traceOf(kind event.Kind) func(context.Context, Event) {
	t := &c.opts.trace
	switch kind {
	case event.Enqueued:
		return t.Enqueued
	case event.Acquired:
		return t.Acquired
	case event.Refused:
		return t.Refused
	case event.GaveUp:
		return t.GaveUp
	case event.HandedOff:
		return t.HandedOff
	case event.Extended:
		return t.Extended
	case event.ExtendFailed:
		return t.ExtendFailed
	case event.Lost:
		return t.Lost
	case event.Released:
		return t.Released
	case event.Unconfirmed:
		return t.Unconfirmed
	case event.LeaderChanged:
		return t.LeaderChanged
	default:
		return nil
	}
}

// contained calls a function of the caller's.
func (c *Client) contained(call func()) {
	defer func() {
		if p := recover(); p != nil {
			defer func() { _ = recover() }() // the handler may be what panics
			c.opts.log.Error("redilock: a callback panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	call()
}

// listens reports whether anybody wants to know of such events.
func (c *Client) listens(kind event.Kind) (yes bool) {
	yes = true // a handler that panics is asked again, with the event
	c.contained(func() {
		yes = c.traceOf(kind) != nil || c.opts.log.Enabled(context.Background(), levelOf(kind))
	})
	return yes
}
