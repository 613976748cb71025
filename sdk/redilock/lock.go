package redilock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
// Unlock with ErrUnlocked; when the client is closed with ErrClosed; otherwise when the context passed to Lock ends.
// Give it to the work that the lock protects.
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
		case h.attached() && h.unclose == nil: // until it is extended the schedule does not know it
			h.unclose = context.AfterFunc(h.c.life, h.close)
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
	return h.extended(reply, sent, ttl)
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
	reply, ambiguous, err := h.c.handOver(ctx, h.m, h.token, h, nil)
	h.mu.Lock()
	h.released = h.released || ambiguous
	ambiguous = h.released
	h.mu.Unlock()
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
		// An earlier send has done it, of this call or of one before, if the lease cannot have ended since.
		if !ambiguous || !time.Now().Before(h.deadline) {
			h.tellLost(errTaken)
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
