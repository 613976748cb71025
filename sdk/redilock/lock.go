package redilock

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

// Lock is a lock that is, or was, held. It is safe for concurrent use. It must not be copied.
type Lock struct {
	_ noCopy

	c      *Client
	h      *lease.Handle
	parent context.Context
	cut    func() bool // takes back what WithReleaseOnDone arranged; nil without it

	mu      sync.Mutex
	ctx     *lockContext
	cleanup *runtime.Cleanup
}

// noCopy makes go vet find copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

func (n *named) newLock(parent context.Context, h *lease.Handle) *Lock {
	l := &Lock{c: n.c, h: h, parent: parent}
	if n.opts.autoExtend {
		l.watch()
	}
	if n.opts.releaseOnDone {
		c := n.c
		l.cut = context.AfterFunc(parent, func() { _ = c.unlock(context.WithoutCancel(parent), h) })
	}
	return l
}

// watch stops the renewals when nobody can reach the lock any more.
func (l *Lock) watch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cleanup == nil {
		c := runtime.AddCleanup(l, (*lease.Handle).Unreachable, l.h)
		l.cleanup = &c
	}
}

// Name is the lock's name as it was given to [Client.Mutex].
func (l *Lock) Name() string { return l.h.Grant().Name() }

// Key is the key of the lock on the server: the name behind the prefix of the client.
func (l *Lock) Key() string { return l.h.Grant().Resource().Key() }

// Token is the capability to extend and release the lock: what [Client.Attach] takes, in this process or another, and
// what the raw scripts take in any language. Keep it out of logs. It is "" once the lock has ended. Reading it ends the
// turn, see [WithTurn]: the next call gets a grant with a token of its own.
func (l *Lock) Token() string { return l.h.Token() }

// Fence is the number of this grant: higher than that of every grant of this name before it. A store that refuses a
// write with a fence lower than the highest it has seen is safe from a holder that has lost the lock without noticing.
// It is 0 for an attached lock until it is extended. Where several hold a name at once, permits of a [Semaphore] or readers
// of an [RWMutex], a lower one is not stale, and no store must refuse it.
func (l *Lock) Fence() int64 { return l.h.Fence() }

// Deadline is until when the lock is certainly ours unless it is extended: earlier than the server's own expiry, because
// it counts from before the request was sent, less 1 % + 2 ms for clocks that run apart. Time that the machine is
// suspended counts. Zero for an attached lock that was not extended.
func (l *Lock) Deadline() time.Time { return l.h.Deadline() }

// Context ends with the lock: at its Deadline or when its loss is noticed, with the cause (context.Cause) ErrLost; on
// Unlock with ErrUnlocked; when the client is closed with ErrClosed; otherwise when the context passed to Lock ends.
// Give it to the work that the lock protects. It carries the lock, see [Client.FromContext] and [WithReentrant]. Its Err
// looks at the clock by itself, however late the timer is that closes Done.
func (l *Lock) Context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		l.ctx = &lockContext{l.h.Context(l.parent), l}
	}
	return l.ctx
}

// Extend makes the server keep the lock for ttl from now at least, 1 ms to 24 days; a lease is never shortened. The error
// wraps ErrLost if it was not ours any more, ErrUnlocked, ErrClosed, ErrInvalid, ctx.Err(), or ErrUnavailable: then it is
// ours until Deadline, and Extend may be tried again.
func (l *Lock) Extend(ctx context.Context, ttl time.Duration) error {
	_, err := l.extend(ctx, ttl)
	return opError("extend", l.Name(), err)
}

// extend reports besides whether the call was repeated: its deadline then counts from the first send.
func (l *Lock) extend(ctx context.Context, ttl time.Duration) (repeated bool, err error) {
	if err := checkExtension(ttl); err != nil {
		return false, err
	}
	if err := l.usable(ctx); err != nil {
		return false, err
	}
	g := l.h.Grant()
	if r := g.Replicas(); r.Count > 0 {
		return false, l.replicate(ctx, ttl, r)
	}
	want, err := l.h.Extending(ttl)
	if err != nil {
		return false, err
	}
	c := g.Resource().Extend(want)
	sent := g.Now()
	reply, err := do(ctx, l.c, c)
	if err != nil {
		return false, err
	}
	return c.Repeated(), g.Extended(reply, sent, ttl)
}

// usable says why the lock is of no use any more, or the call of none.
func (l *Lock) usable(ctx context.Context) error {
	if ctx == nil {
		return failure.NilContext
	}
	if err := l.h.Err(); err != nil {
		return err
	}
	if l.c.closed() {
		return ErrClosed
	}
	return nil
}

// Check asks the server whether the lock is still ours, and what is left of its lease there: negative if it has no
// expiry. It extends nothing. The error is as for Extend; ErrTaken ends the lock at once.
func (l *Lock) Check(ctx context.Context) (left time.Duration, err error) {
	left, err = l.check(ctx)
	return left, opError("check", l.Name(), err)
}

func (l *Lock) check(ctx context.Context) (time.Duration, error) {
	if err := l.usable(ctx); err != nil {
		return 0, err
	}
	g := l.h.Grant()
	held, left, err := l.c.holds(ctx, g)
	if err != nil {
		return 0, err
	}
	if !held {
		return 0, g.Lose(failure.Taken)
	}
	return left, l.h.Err() // it may have been unlocked meanwhile, and the grant passed on
}

// do sends a call for a caller that waits for it.
func do[R any](ctx context.Context, c *Client, one primitive.Call[R]) (R, error) {
	reply, abandoned, err := call.Do(ctx, c.sender, one, call.Limits{Stop: c.life})
	if abandoned && errors.Is(err, context.DeadlineExceeded) { // no answer must not look like one
		err = fmt.Errorf("%w; %w: %w", err, ErrUnavailable, call.ErrNoAnswer)
	}
	return reply, err
}

// Unlock gives the lock back, to the next that waits for it. It goes on after the end of ctx, and takes only its values,
// so that defer l.Unlock(ctx) is right. A release that fails is repeated until the server has answered or the lease is
// over. Unlock waits for that 5 s at the most; a read that has begun by then may take go-redis' own ReadTimeout besides.
//
// In a turn ([WithTurn]) the lock passes to the next call of this client without a word to the server. Then nil says that
// the lock is not known to be lost and that its deadline had not passed; with WithTurn(0) it says that the server has
// confirmed that it was ours.
//
// The error is nil; or wraps ErrLost if it was not ours any more; ErrUnlocked if this is not the first time; ErrUnavailable
// or ErrDenied if the server has not done it in time: then the work goes on, and Unlock may be called again to wait for it.
func (l *Lock) Unlock(ctx context.Context) error {
	if ctx == nil {
		return opError("unlock", l.Name(), failure.NilContext)
	}
	return opError("unlock", l.Name(), l.unlock(ctx))
}

func (l *Lock) unlock(ctx context.Context) error {
	if l.cut != nil {
		l.cut()
	}
	err := l.c.unlock(ctx, l.h)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cleanup != nil && err == nil {
		l.cleanup.Stop()
	}
	return err
}

func (c *Client) unlock(ctx context.Context, h *lease.Handle) error {
	g := h.Grant()
	if c.queues.Pass(ctx, h) {
		c.released(ctx, h)
		return nil
	}
	last, lost := h.Drop()
	if !last {
		if lost == nil && h.Joined() {
			c.released(ctx, h)
		}
		return lost
	}
	if lost != nil { // what the server may still keep is nothing to wait for
		c.queues.ReleaseLater(g)
		return lost
	}
	out, over := c.queues.Release(ctx, h, unlockTimeout)
	if !over || out.Err != nil {
		e := h.Event(event.Unconfirmed)
		e.Err = out.Err
		c.tell(ctx, e)
	}
	switch {
	case !over && out.Err == nil:
		h.Undrop()
		return fmt.Errorf("%w: not released within %v, and going on: %w", ErrUnavailable, unlockTimeout, call.ErrNoAnswer)
	case !over:
		h.Undrop()
		return fmt.Errorf("not released within %v, and going on: %w", unlockTimeout, out.Err)
	case out.Err != nil:
		h.Undrop()
		return out.Err
	case out.Reply.Outcome != primitive.Freed && (!out.Unsure || g.Over()):
		// An earlier send has done it otherwise, since the lease cannot have ended.
		e := h.Event(event.Lost)
		e.Err = failure.Taken
		c.events.Add(context.WithoutCancel(ctx), e)
		return failure.Taken
	}
	c.released(ctx, h)
	return nil
}

func (c *Client) released(ctx context.Context, h *lease.Handle) { c.tell(ctx, h.Event(event.Released)) }
