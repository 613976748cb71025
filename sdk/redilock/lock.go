package redilock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Lock is a lock that is, or was, held. It is safe for concurrent use.
type Lock struct {
	hold   *hold
	parent context.Context

	// guarded by hold.mu
	ctx      context.Context // made when it is first asked for
	cancel   context.CancelCauseFunc
	unlocked bool
}

// hold is one grant of the server. Several Locks share it where a mutex is re-entrant.
type hold struct {
	c       *Client
	m       *Mutex
	token   string
	granted time.Time // no later than the server's grant
	waited  time.Duration

	counted bool // in its line; guarded by Client.mu

	mu       sync.Mutex
	fence    int64
	deadline time.Time
	lease    time.Duration
	end      error // nil while it is held; ErrUnlocked or ErrLost
	locks    []*Lock

	timing timing // guarded by leases.mu
}

// newLock makes the handle of a grant. Nil if its deadline has passed.
func newLock(m *Mutex, parent context.Context, token string, g grant, called time.Time) *Lock {
	now := time.Now()
	h := &hold{
		c: m.c, m: m, token: token, fence: g.fence, lease: g.lease,
		granted: g.since, deadline: g.deadline(), waited: now.Sub(called),
	}
	h.cap()
	if !now.Before(h.deadline) {
		return nil
	}
	return h.handle(parent)
}

// cap keeps the deadline of an automatically extended lock within its maximal hold.
func (h *hold) cap() {
	if o := h.m.opts; o.autoExtend && o.maxHold > 0 {
		if end := h.granted.Add(o.maxHold); end.Before(h.deadline) {
			h.deadline = end
		}
	}
}

// handle makes a Lock of the grant. It is called with h.mu held, or before anybody else knows h.
func (h *hold) handle(parent context.Context) *Lock {
	l := &Lock{hold: h, parent: parent}
	h.locks = append(h.locks, l)
	return l
}

// start tells the world of a new grant, and watches over its lease.
func (h *hold) start() {
	h.c.debug("redilock: acquired", slog.String("lock", h.m.name), slog.Int64("fence", h.fence),
		slog.Duration("waited", h.waited))
	h.c.emit(h.c.opts.trace.Acquired, Event{Name: h.m.name, Fence: h.fence, Lease: h.lease, Waited: h.waited})
	h.c.leases.add(h)
}

// share gives one more handle of a grant, nil if it has ended.
func (h *hold) share(parent context.Context) *Lock {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end != nil {
		return nil
	}
	return h.handle(parent)
}

func (h *hold) live() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.end == nil
}

// Name is the lock's name, the client's prefix included.
func (l *Lock) Name() string { return l.hold.m.name }

// Token is the capability to extend and release the lock: what [Client.Attach] takes, in this process or another, and
// what the raw scripts take in any language. Keep it out of logs.
func (l *Lock) Token() string { return l.hold.token }

// Fence is the number of this grant: higher than that of every grant of this name before it. A store that refuses a
// write with a fence lower than the highest it has seen is safe from a holder that has lost the lock without noticing.
// It is 0 for an attached lock until it is extended.
func (l *Lock) Fence() int64 {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	return l.hold.fence
}

// Deadline is until when the lock is certainly ours unless it is extended: earlier than the server's own expiry, because
// it counts from before the request was sent, less 1 % + 2 ms for clocks that run apart. Zero for an attached lock that
// was not extended.
func (l *Lock) Deadline() time.Time {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	return l.hold.deadline
}

// Context ends with the lock: at its Deadline or when its loss is noticed, with the cause (context.Cause) ErrLost; on
// Unlock with ErrUnlocked; when the client is closed with ErrClosed; else when the context ends that Lock was called
// with. Give it to the work that the lock protects.
func (l *Lock) Context() context.Context {
	h := l.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.ctx == nil {
		l.ctx, l.cancel = context.WithCancelCause(l.parent)
		switch {
		case l.unlocked:
			l.cancel(ErrUnlocked)
		case h.end != nil:
			l.cancel(h.end)
		case h.c.closed():
			l.cancel(ErrClosed)
		}
	}
	return l.ctx
}

// Extend makes the server keep the lock for ttl from now at least; a lease is never shortened. The error wraps ErrLost
// if it was not ours any more, ErrUnlocked, ErrClosed, ErrInvalid, ctx.Err(), or ErrUnavailable: then it is ours until
// Deadline, and Extend may be tried again.
func (l *Lock) Extend(ctx context.Context, ttl time.Duration) error {
	return opError("extend", l.Name(), l.extend(ctx, ttl))
}

func (l *Lock) extend(ctx context.Context, ttl time.Duration) error {
	h := l.hold
	if ctx == nil {
		return errNilContext
	}
	if err := checkTTL(ttl); err != nil {
		return err
	}
	if err := l.ended(); err != nil {
		return err
	}
	if h.c.closed() {
		return ErrClosed
	}
	sent := time.Now()
	reply, err := run(ctx, h.c, mutexv1.NewExtend(h.m.keys, mutexv1.ExtendArgs{Token: h.token, Lease: ttl}), nil)
	if err != nil {
		return err
	}
	return h.extended(reply, sent)
}

// ended says why the handle is of no use any more, nil if it is.
func (l *Lock) ended() error {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	if l.unlocked {
		return ErrUnlocked
	}
	return l.hold.end
}

// extended takes the reply of an extend that was sent at that time, by Extend or by the schedule.
func (h *hold) extended(reply mutexv1.ExtendReply, sent time.Time) error {
	r, ok := reply.(mutexv1.ExtendExtended)
	if !ok {
		h.lose(errTaken)
		return errTaken
	}
	g := grant{fence: r.Fence, lease: r.LeaseLeft, since: sent}
	h.mu.Lock()
	if h.end != nil {
		defer h.mu.Unlock()
		return h.end
	}
	h.fence = max(h.fence, r.Fence)
	if d := g.deadline(); d.After(h.deadline) {
		h.deadline, h.lease = d, r.LeaseLeft
		h.cap()
	}
	e := Event{Name: h.m.name, Fence: h.fence, Lease: h.lease, Held: time.Since(h.granted)}
	h.mu.Unlock()
	h.c.leases.renewed(h, sent)
	h.c.debug("redilock: extended", slog.String("lock", e.Name), slog.Int64("fence", e.Fence),
		slog.Duration("lease", e.Lease))
	h.c.emit(h.c.opts.trace.Extended, e)
	return nil
}

var (
	errTaken = fmt.Errorf("%w: the server says that it is not ours any more", ErrLost)
	errOver  = fmt.Errorf("%w: its lease ended", ErrLost)
)

// lose ends a lock that is not ours any more, or not certainly.
func (h *hold) lose(why error) {
	if !h.finish(ErrLost) {
		return
	}
	h.c.mu.Lock()
	if h.counted { // the others of the line need not wait for its Unlock
		l := h.c.lineOf(h.m)
		l.uncount(h)
		l.advance()
	}
	h.c.mu.Unlock()
	held := time.Since(h.granted)
	h.c.opts.log.Warn("redilock: lock lost", "lock", h.m.name, "fence", h.fence, "held", held, "error", why)
	h.c.emit(h.c.opts.trace.Lost, Event{Name: h.m.name, Fence: h.fence, Held: held, Err: why})
}

// finish ends the grant and the contexts of its handles. It reports false if it has ended before.
func (h *hold) finish(end error) bool {
	h.mu.Lock()
	if h.end != nil {
		h.mu.Unlock()
		return false
	}
	h.end = end
	for _, l := range h.locks {
		if l.cancel != nil {
			l.cancel(end)
		}
	}
	h.mu.Unlock()
	h.c.leases.remove(h)
	return true
}

// close ends the contexts of the handles, because the client is closed: nobody watches over the lease any more.
func (h *hold) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.locks {
		if l.cancel != nil {
			l.cancel(ErrClosed)
		}
	}
}

// Unlock gives the lock back, to the next that waits for it. It does not heed the end of ctx (only its values), so that
// defer l.Unlock(ctx) is right. It tries for 5 s at the most; a read that has begun by then may take go-redis' own
// ReadTimeout besides. The error is nil; or wraps ErrLost if it was not ours any more; ErrUnlocked if this is not the
// first time; ErrUnavailable or ErrDenied if the server did not do it: then the lease ends by itself, and Unlock may be
// called again.
func (l *Lock) Unlock(ctx context.Context) error {
	if ctx == nil {
		return opError("unlock", l.Name(), errNilContext)
	}
	return opError("unlock", l.Name(), l.unlock(ctx))
}

func (l *Lock) unlock(ctx context.Context) error {
	h := l.hold
	last, err := l.drop()
	if !last {
		return err
	}
	lost := !h.finish(ErrUnlocked) && errors.Is(h.end, ErrLost) // once set, end does not change
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	reply, repeated, err := h.c.handOver(ctx, h.m, h.token, h, nil)
	if err != nil {
		l.undrop()
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: no reply within %v", ErrUnavailable, unlockTimeout)
		}
		return err
	}
	if lost {
		return errOver
	}
	switch reply.(type) {
	case mutexv1.ReleaseReleased, mutexv1.ReleaseHanded:
	default:
		// The first send of a repeated call has done it, if the lease cannot have ended since.
		if !repeated || !time.Now().Before(h.deadline) {
			h.c.opts.log.Warn("redilock: lock lost", "lock", h.m.name, "fence", h.fence, "error", errTaken)
			h.c.emit(h.c.opts.trace.Lost, Event{
				Name: h.m.name, Fence: h.fence, Held: time.Since(h.granted), Err: errTaken,
			})
			return errTaken
		}
	}
	h.c.debug("redilock: released", slog.String("lock", h.m.name), slog.Int64("fence", h.fence))
	h.c.emit(h.c.opts.trace.Released, Event{Name: h.m.name, Fence: h.fence, Held: time.Since(h.granted)})
	return nil
}

// drop takes back one handle. It reports whether that was the last one, so that the lock has to be released.
func (l *Lock) drop() (last bool, err error) {
	h := l.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.unlocked {
		return false, ErrUnlocked
	}
	l.unlocked = true
	if l.cancel != nil && h.end == nil {
		l.cancel(ErrUnlocked)
	}
	for _, other := range h.locks {
		if !other.unlocked {
			return false, h.end
		}
	}
	return true, nil
}

// undrop lets a failed Unlock be called again.
func (l *Lock) undrop() {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	l.unlocked = false
}
