package lease

import (
	"context"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
)

// MostFences is how many numbers a grant can own. Each holder of a turn needs one.
const MostFences = 64

// turn is a grant that is used by several local calls, one after the other, without a call to the server in between. It
// is the local pass of a lock cohort (Dice, Marathe, Shavit, ACM TOPC 1(2), 2015), with processes as the cohorts: whoever
// waits at the server waits for it no longer than its time, and one section more.
//
// It is guarded by Grant.mu.
type turn struct {
	began clock.Instant // when this client got the grant
	next  int64         // the next of the grant's numbers
	last  int64         // the last one
	// over: the grant is not passed on any more. Somebody else can release it, or its fence counter was lost.
	over      bool
	extending int // calls of Extend under way: their lease is the caller's, not the next one's
}

func newTurn(t Term, now clock.Instant) turn {
	return turn{began: now, next: t.Fence - int64(max(t.Fences, 1)) + 1, last: t.Fence}
}

// take gives the next number.
func (t *turn) take() int64 {
	f := t.next
	t.next++
	return f
}

// heard takes note of the fence that an extend answers. One that is above the grant's numbers is of a new counter.
func (t *turn) heard(fence int64) { t.over = t.over || fence > t.last }

func newHolder(parent context.Context, terms Terms, fence int64, since clock.Instant) *Holder {
	return &Holder{
		fence: fence, parent: event.Detach(parent), since: since, maxHold: terms.MaxHold, turn: terms.Turn,
	}
}

// Extending says that the caller's own Extend is under way, until done is called.
func (h *Handle) Extending() (done func()) {
	g := h.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn.extending++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.turn.extending--
	}
}

// Pass unlocks a handle by giving its grant to the next local call, and gives that call's handle; nil if it must go back
// to the server. What is passed on is the deadline, never a lease counted anew. Cut comes after it.
func (h *Handle) Pass(parent context.Context, terms Terms) *Handle {
	g := h.grant
	now := g.set.clock.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !h.passable(terms, now) {
		return nil
	}
	h.unlocked, h.ended = true, failure.Unlocked
	g.holder.end, g.holder.shares = failure.Unlocked, nil
	g.holder = newHolder(parent, terms, g.turn.take(), now)
	next := g.newHandle()
	extend := g.autoExtend != terms.AutoExtend
	g.autoExtend = terms.AutoExtend
	if terms.MaxHold > 0 || extend {
		g.limit()
		g.set.schedule(g, g.autoExtend)
	}
	return next
}

// passable is called with grant.mu held.
func (h *Handle) passable(terms Terms, now clock.Instant) bool {
	g, t := h.grant, &h.grant.turn
	switch left := g.deadline.Sub(now); {
	case h.unlocked || h.ended != nil || g.holder.end != nil: // it is over
	case h.holder != g.holder || len(g.holder.shares) != 1: // others share it
	case t.over || t.extending > 0 || t.next > t.last:
	case now.Sub(t.began) >= min(h.holder.turn, terms.Turn): // others wait at the server
	// The next must not get a longer lease than it asked for, nor a shorter one.
	case terms.TTL != g.ttl || left < g.lease/2 || g.limited():
	default:
		return true
	}
	return false
}

// Cut ends the context of a handle whose grant was passed on.
func (h *Handle) Cut() { h.cut(failure.Unlocked) }
