package lease

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
)

// Handle is one call's share of a Holder.
type Handle struct {
	grant    *Grant
	holder   *Holder
	attached bool // its Unlock releases the lock, whoever shares it

	own uint64 // its own hold, if it joined; 0: it is the holder's

	// guarded by grant.mu
	unlocked    bool
	releasing   bool  // it was the last, and its release has begun
	ended       error // nil while the lock is held
	unreachable bool
	joined      bool  // the grant serves other calls besides, see Join
	fence       int64 // its own number, if it joined; 0: it is the holder's

	ctxMu  sync.Mutex // guards the rest
	ctx    context.Context
	cancel context.CancelCauseFunc
	why    error // with what the context was, or is to be, cut
}

// Grant is what the handle shares.
func (h *Handle) Grant() *Grant { return h.grant }

// newHandle adds a handle to the grant's holder. It is called with g.mu held, or before anybody else knows g.
func (g *Grant) newHandle() *Handle {
	h := &Handle{grant: g, holder: g.holder}
	g.holder.shares = append(g.holder.shares, h)
	return h
}

// Fence is the holder's number; 0 if nobody knows it yet.
func (h *Handle) Fence() int64 {
	h.grant.mu.Lock()
	defer h.grant.mu.Unlock()
	if h.fence != 0 {
		return h.fence
	}
	return h.holder.fence
}

// Event describes what the handle shares: its name, fence, and how long it has been held.
func (h *Handle) Event(kind event.Kind) event.Event {
	return event.Event{
		Kind: kind, Primitive: h.grant.resource.Primitive(), Name: h.grant.name, Hold: h.hold(),
		Fence: h.Fence(), Held: h.Held(),
	}
}

// hold numbers what a call holds: those that joined a grant have numbers of their own.
func (h *Handle) hold() uint64 {
	if h.own != 0 {
		return h.own
	}
	return h.holder.id
}

// Joined reports whether the handle is one of several calls that share a grant, see Grant.Join.
func (h *Handle) Joined() bool {
	h.grant.mu.Lock()
	defer h.grant.mu.Unlock()
	return h.joined
}

// Held is how long ago the holder got the lock.
func (h *Handle) Held() time.Duration { return h.grant.set.clock.Now().Sub(h.holder.since) }

// Deadline is until when the lock is certainly held; zero if nobody knows.
func (h *Handle) Deadline() time.Time {
	g := h.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.deadline
	if h.holder != g.holder {
		at = h.holder.deadline
	}
	if at == 0 {
		return time.Time{}
	}
	return g.set.clock.Time(at)
}

// Token is the grant's token while the handle is of use, "" afterwards: the token of an ended lock may be somebody
// else's by then. Who knows the token can release the lock, so the grant is not passed on any more.
func (h *Handle) Token() string {
	g := h.grant
	g.CheckDeadline()
	g.mu.Lock()
	defer g.mu.Unlock()
	if h.err() != nil {
		return ""
	}
	g.turn.over = true
	return g.token
}

// Err says why the handle is of no use any more, nil if it is.
func (h *Handle) Err() error {
	h.grant.CheckDeadline()
	h.grant.mu.Lock()
	defer h.grant.mu.Unlock()
	return h.err()
}

// err is called with grant.mu held.
func (h *Handle) err() error {
	if h.unlocked {
		return failure.Unlocked
	}
	return h.ended
}

// Share gives one more handle of the same holder, nil if it has ended. lacks is what its lease has to be raised to before
// the handle gets what it asks for: 0 if nothing. The error is failure.NestedMore: it holds less than the weight.
func (h *Handle) Share(ttl time.Duration, autoExtend bool, weight int64) (share *Handle, lacks time.Duration, err error) {
	g := h.grant
	g.CheckDeadline()
	g.mu.Lock()
	defer g.mu.Unlock()
	if h.holder != g.holder || g.holder.end != nil { // another call's, or nobody's
		return nil, 0, nil
	}
	if weight > g.least {
		return nil, 0, failure.NestedMore
	}
	share = g.newHandle()
	share.fence = h.fence
	if ttl > g.ttl {
		g.ttl = ttl
	}
	raised := autoExtend && !g.autoExtend
	g.autoExtend = g.autoExtend || autoExtend
	if left := g.deadline.Sub(g.set.clock.Now()); left < ttl-Drift(ttl) && !g.limited() {
		lacks = ttl
	}
	if raised && g.scheduled {
		g.set.schedule(g, true)
	}
	return share, lacks, nil
}

// Keep puts a lock on its caller's terms that was renewed without a limit while its caller waited for others. The maximal
// hold counts from now. lacks is what the lease has to be raised to before it is of use, 0 if nothing: what is not much
// less than it should be is renewed in the background. A lock that others share keeps what they have.
func (h *Handle) Keep(ttl time.Duration, autoExtend bool, maxHold time.Duration) (lacks time.Duration, err error) {
	g := h.grant
	g.CheckDeadline()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := h.err(); err != nil {
		return 0, err
	}
	now := g.set.clock.Now()
	left := g.deadline.Sub(now)
	if len(g.holder.shares) == 1 {
		g.autoExtend = autoExtend
		if maxHold > 0 {
			g.holder.maxHold = now.Sub(g.holder.since) + maxHold
		}
		g.bound()
		g.set.schedule(g, autoExtend || left < ttl-Drift(ttl)-ttl/10)
	}
	if left < ttl/2 && !g.limited() {
		lacks = ttl
	}
	return lacks, nil
}

// Attach gives one more handle, whose Unlock releases the lock; nil if it has ended.
func (g *Grant) Attach() *Handle {
	g.CheckDeadline()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holder.end != nil {
		return nil
	}
	h := g.newHandle()
	h.attached = true
	g.turn.over = true
	return h
}

// Drop unlocks one handle. It reports whether the grant has to be released: it was the last, or an earlier release of it
// has failed. Deciding that and ending the holder is one step, so that nobody shares what is about to be released.
func (h *Handle) Drop() (last bool, err error) {
	g := h.grant
	g.CheckDeadline()
	g.mu.Lock()
	switch {
	case h.unlocked:
		g.mu.Unlock()
		return false, failure.Unlocked
	case h.releasing:
		h.unlocked = true
		end := h.ended
		g.mu.Unlock()
		if errors.Is(end, failure.Lost) {
			return true, end
		}
		return true, nil
	case h.ended != nil: // lost: what the server still keeps is given back
		h.unlocked = true
		h.releasing = true
		end := h.ended
		g.mu.Unlock()
		return true, end
	}
	g.holder.shares = slices.DeleteFunc(g.holder.shares, func(other *Handle) bool { return other == h })
	h.unlocked = true
	h.ended = failure.Unlocked
	if len(g.holder.shares) > 0 && !h.attached {
		g.mu.Unlock()
		h.cut(failure.Unlocked)
		return false, nil
	}
	others := g.holder.shares
	g.holder.shares = nil
	g.holder.end = failure.Unlocked
	h.releasing = true
	for _, other := range others {
		other.ended = failure.Taken
	}
	g.set.remove(g)
	g.mu.Unlock()
	h.cut(failure.Unlocked)
	for _, other := range others {
		other.cut(failure.Taken)
	}
	return true, nil
}

// Leave takes back a handle that its call cannot return. It reports whether nobody else shares the grant, which then has to
// be released.
func (h *Handle) Leave() (last bool) {
	g := h.grant
	g.mu.Lock()
	g.holder.shares = slices.DeleteFunc(g.holder.shares, func(other *Handle) bool { return other == h })
	last = len(g.holder.shares) == 0
	h.unlocked = true
	g.mu.Unlock()
	h.cut(failure.Unlocked)
	return last
}

// Undrop lets an Unlock whose release is not over be called again.
func (h *Handle) Undrop() {
	h.grant.mu.Lock()
	defer h.grant.mu.Unlock()
	h.unlocked = false
}

// Context ends with the lock, and before it with parent. It is made once. The handle keeps nothing of parent before:
// parent may be what keeps the caller's lock reachable.
func (h *Handle) Context(parent context.Context) context.Context {
	h.ctxMu.Lock()
	defer h.ctxMu.Unlock()
	if h.ctx == nil {
		h.ctx, h.cancel = context.WithCancelCause(parent)
		if h.why == nil && h.grant.set.isClosed() {
			h.why = failure.Closed
		}
		if h.why != nil {
			h.cancel(h.why)
		} else if !h.known() {
			h.grant.set.endWithSet(h)
		}
	}
	return h.ctx
}

// known reports whether the schedule knows the lock: an attached one it does not, until it is extended.
func (h *Handle) known() bool {
	h.grant.mu.Lock()
	defer h.grant.mu.Unlock()
	return h.grant.scheduled
}

// Refresh ends the handle's context by now if its time is over, or whoever ended the lock has not come to it.
func (h *Handle) Refresh() {
	if err := h.Err(); err != nil {
		h.cut(err)
	}
}

// cut ends the handle's context, and one that is made later.
func (h *Handle) cut(why error) {
	h.ctxMu.Lock()
	defer h.ctxMu.Unlock()
	if h.why == nil {
		h.why = why
	}
	if h.cancel != nil {
		h.cancel(h.why)
	}
}

// Unreachable says that nobody can unlock by the handle any more. A lock that nobody can unlock is not renewed.
func (h *Handle) Unreachable() {
	g := h.grant
	g.mu.Lock()
	h.unreachable = true
	if h.ended != nil || h.unlocked || !g.autoExtend || !g.unreachable() {
		g.mu.Unlock()
		return
	}
	if g.scheduled {
		g.set.schedule(g, false)
	}
	e := g.event(event.Abandoned)
	e.Left = g.deadline.Sub(g.set.clock.Now())
	g.mu.Unlock()
	g.tell(e)
}
