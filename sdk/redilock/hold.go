package redilock

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// hold is one grant of the server. Several Locks share it where a mutex is re-entrant.
type hold struct {
	c       *Client
	m       *Mutex
	token   string
	granted time.Time // no later than the server's grant
	waited  time.Duration
	pushed  bool // a message told of the grant

	counted bool // in its line; guarded by Client.mu

	mu       sync.Mutex
	fence    int64
	deadline time.Time
	lease    time.Duration
	ttl      time.Duration // what renewals ask for: the mutex's, or of an attached lock what its last Extend asked for
	end      error         // nil while it is held; ErrUnlocked or ErrLost
	released bool          // a release that failed may have been run all the same
	locks    []*Lock
	unclose  func() bool // of an attached lock: its contexts need not end with the client any more

	timing timing // guarded by leases.mu
}

// newLock makes the handle of a grant. Nil if its deadline has passed.
func newLock(m *Mutex, parent context.Context, token string, g grant, called time.Time) *Lock {
	now := time.Now()
	h := &hold{
		c: m.c, m: m, token: token, fence: g.fence, lease: g.lease, ttl: m.ttl, pushed: g.pushed,
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
	if h.capped() {
		h.deadline = h.granted.Add(h.m.opts.maxHold)
	}
}

// capped reports whether the maximal hold is what ends the lock. It is called with h.mu held, or before anybody else
// knows h.
func (h *hold) capped() bool {
	o := h.m.opts
	return o.autoExtend && o.maxHold > 0 && !h.granted.Add(o.maxHold).After(h.deadline)
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

// attached reports whether the lock was taken elsewhere.
func (h *hold) attached() bool { return h.m.ttl == 0 }

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

// extended takes the reply of an extend that was sent at that time: by Extend, which asked for ttl, or by the schedule.
func (h *hold) extended(reply mutexv1.ExtendReply, sent time.Time, ttl time.Duration) error {
	r, ok := reply.(mutexv1.ExtendExtended)
	if !ok {
		return h.lose(errTaken)
	}
	g := grant{fence: r.Fence, lease: r.LeaseLeft, since: sent}
	h.mu.Lock()
	if h.end != nil {
		defer h.mu.Unlock()
		return h.end
	}
	if h.attached() && ttl > 0 {
		h.ttl = ttl
	}
	h.fence = max(h.fence, r.Fence)
	if d := g.deadline(); d.After(h.deadline) {
		h.deadline, h.lease = d, r.LeaseLeft
		h.cap()
	}
	e := Event{Name: h.m.name, Fence: h.fence, Lease: h.lease, Held: time.Since(h.granted)}
	h.mu.Unlock()
	h.c.leases.renewed(h)
	h.c.debug("redilock: extended", slog.String("lock", e.Name), slog.Int64("fence", e.Fence),
		slog.Duration("lease", e.Lease))
	h.c.emit(h.c.opts.trace.Extended, e)
	return nil
}

var (
	errTaken = fmt.Errorf("%w: the server says that it is not ours any more", ErrLost)
	errOver  = fmt.Errorf("%w: its lease ended", ErrLost)
)

// lose ends a lock that is not ours any more, or not certainly. It gives the reason, or why the lock had ended before.
func (h *hold) lose(why error) error {
	if !h.finish(ErrLost) {
		return h.end // once set, it does not change
	}
	h.lost(why)
	return why
}

// lost is what follows the end of a lock that was lost.
func (h *hold) lost(why error) {
	h.c.mu.Lock()
	if h.counted { // the others of the line need not wait for its Unlock
		l := h.c.lineOf(h.m)
		l.uncount(h)
		l.advance()
	}
	h.c.mu.Unlock()
	h.tellLost(why)
}

func (h *hold) tellLost(why error) {
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
	if h.unclose != nil {
		h.unclose()
	}
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
