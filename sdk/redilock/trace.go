package redilock

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/event"
)

// Trace is a set of functions that a client calls as things happen, each of which may be nil. The context has the values
// of the call that it is about, and of a renewal or a loss those of the call that took the lock.
//
// They may be slow, and may use the client. Enqueued, Acquired, Refused, GaveUp and Released are called by the goroutine
// that called Lock, TryLock or Unlock, before it returns; the others one after the other by a goroutine of the client. A
// panic in one is logged, and goes no further.
type Trace struct {
	// Enqueued: the call found the lock taken and waits.
	Enqueued func(context.Context, Event)
	// Acquired: the lock is ours. Fence, Lease, Waited and Way are set.
	Acquired func(context.Context, Event)
	// Refused: TryLock found the lock taken. Left is what is left of the holder's lease, as in [HeldError].
	Refused func(context.Context, Event)
	// GaveUp: a wait ended without the lock. Err says why, Waited is set.
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
}

// Event is what a [Trace] function is told. Fields that mean nothing for the event are zero.
type Event struct {
	Name  string // the lock's, as it was given to Mutex
	Owner string // our label, see WithOwner
	// Primitive is mutex, semaphore or rwmutex.
	Primitive string
	Way       Way           // how the grant came
	Fence     int64         // of the grant
	Lease     time.Duration // how long the server keeps the grant, unless extended
	Waited    time.Duration // from the call of Lock to the grant, or to its end
	Held      time.Duration // from the grant on
	Left      time.Duration // of somebody else's lease
	Err       error
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

// String is the way in words.
func (w Way) String() string {
	switch w {
	case ByMessage:
		return "by message"
	case Directly:
		return "directly"
	case Locally:
		return "locally"
	default:
		return "by asking"
	}
}

// tell hands an event to the log and to the trace. What panics there goes no further.
func (c *Client) tell(ctx context.Context, e event.Event) {
	fn := c.traceOf(e.Kind)
	if fn != nil {
		c.contained(func() {
			fn(ctx, Event{
				Name: e.Name, Primitive: e.Primitive, Owner: c.opts.owner,
				Way: Way(e.Way), Fence: e.Fence, Lease: e.Lease, Waited: e.Waited,
				Held: e.Held, Left: e.Left, Err: e.Err,
			})
		})
	}
	c.contained(func() { c.log(ctx, e) })
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

// log writes an event. Attributes, unlike pairs of words and values, cost nothing if nobody listens.
func (c *Client) log(ctx context.Context, e event.Event) {
	var message string
	level := levelOf(e.Kind)
	if !c.opts.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("lock", e.Name)}
	with := func(more ...slog.Attr) { attrs = append(attrs, more...) }
	fence, held := slog.Int64("fence", e.Fence), slog.Duration("held", e.Held)
	switch e.Kind {
	case event.Acquired:
		message = "redilock: acquired"
		with(fence, slog.Duration("waited", e.Waited), slog.String("way", Way(e.Way).String()))
	case event.Extended:
		message = "redilock: extended"
		with(fence, slog.Duration("lease", e.Lease))
	case event.ExtendFailed:
		message = "redilock: extend failed, trying again"
		with(fence)
	case event.Released:
		message = "redilock: released"
		with(fence)
	case event.Lost:
		message = "redilock: lock lost"
		with(fence, held)
	case event.Abandoned:
		message = "redilock: a lock became unreachable without Unlock; it is not extended any more"
		with(fence, slog.Duration("left", e.Left))
	case event.Leftover:
		message = "redilock: not given back yet; it ends with its lease at the latest"
		with(slog.Duration("left", e.Left))
	case event.Retrying:
		message = "redilock: the server is away, asking again"
	case event.Muted:
		message = "redilock: may not subscribe, polling instead"
	case event.GaveUp:
		message = "redilock: gave up waiting"
		with(slog.Duration("waited", e.Waited))
	default:
		return
	}
	if e.Err != nil {
		with(slog.Any("error", e.Err))
	}
	c.opts.log.LogAttrs(ctx, level, message, attrs...)
}

func levelOf(kind event.Kind) slog.Level {
	switch kind {
	case event.Lost, event.Abandoned, event.Leftover:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}

// listens reports whether anybody wants to know of such events.
func (c *Client) listens(kind event.Kind) (yes bool) {
	yes = true // a handler that panics is asked again, with the event
	c.contained(func() {
		yes = c.traceOf(kind) != nil || c.opts.log.Enabled(context.Background(), levelOf(kind))
	})
	return yes
}
