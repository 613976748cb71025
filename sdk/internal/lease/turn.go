package lease

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
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
	limit time.Duration // the shortest that a holder of the turn has asked for
	// over: the grant is not passed on any more. Somebody else can release it, its fence counter was lost, or a call of
	// Extend asked for a lease that is that caller's alone.
	over bool
}

func newTurn(terms Terms, t Term, now clock.Instant) turn {
	return turn{began: now, next: t.Fence - int64(max(t.Fences, 1)) + 1, last: t.Fence, limit: terms.Turn}
}

// take gives the next number.
func (t *turn) take() int64 {
	f := t.next
	t.next++
	return f
}

// heard takes note of the fence that an extend answers. One that is above the grant's numbers is of a new counter.
func (t *turn) heard(fence int64) { t.over = t.over || fence > t.last }

// holders counts the holders of this process.
var holders atomic.Uint64

func newHolder(parent context.Context, terms Terms, fence int64, since clock.Instant) Holder {
	return Holder{
		id: holders.Add(1), fence: fence, parent: event.Detach(parent), since: since, maxHold: terms.MaxHold,
	}
}

// Extending says that the handle's own Extend is about to be sent, and gives what it asks for. It ends the turn: the lease
// is the caller's, and a call that got no answer may have run. An ended handle has nothing to extend: its grant may be
// another call's by now.
func (h *Handle) Extending(lease time.Duration) (primitive.Request, error) {
	g := h.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := h.err(); err != nil {
		return primitive.Request{}, err
	}
	g.turn.over = true
	return g.request(lease), nil
}

// EndTurn lets the next release go to the server: somebody else has released the grant, or tried to.
func (g *Grant) EndTurn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn.over = true
}

// Pass unlocks a handle by giving its grant to the next local call, and gives that call's handle; nil if it must go back
// to the server. What is passed on is the deadline, never a lease counted anew. Cut comes after it.
func (h *Handle) Pass(parent context.Context, terms Terms) *Handle {
	g := h.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.set.clock.Now() // not before the lock: whoever waited for it may have passed the deadline
	if !h.passable(terms, now) {
		return nil
	}
	h.unlocked, h.ended = true, failure.Unlocked
	g.holder.end, g.holder.shares, g.holder.deadline = failure.Unlocked, nil, g.deadline
	g.turn.limit = min(g.turn.limit, terms.Turn)
	holder := newHolder(parent, terms, g.turn.take(), now)
	g.holder = &holder
	next := g.newHandle()
	extend := g.autoExtend != terms.AutoExtend
	g.autoExtend = terms.AutoExtend
	if terms.MaxHold > 0 || extend {
		g.bound()
		g.set.schedule(g, g.autoExtend || g.lease < terms.TTL) // a short grant is still renewed to the full lease
	}
	return next
}

// passable is called with grant.mu held.
func (h *Handle) passable(terms Terms, now clock.Instant) bool {
	g, t := h.grant, &h.grant.turn
	switch left := g.deadline.Sub(now); {
	case h.unlocked || h.ended != nil || g.holder.end != nil: // it is over
	case h.holder != g.holder || len(g.holder.shares) != 1: // others share it
	case t.over || t.next > t.last:
	case now.Sub(t.began) >= min(t.limit, terms.Turn): // others wait at the server
	// The next must not get a longer lease than it asked for, nor a shorter one.
	case terms.TTL != g.ttl || left > terms.TTL || left < g.lease/2 || g.limited():
	default:
		return true
	}
	return false
}

// Join gives one more local call a share of the grant, with a number of its own, if the turn allows that; else nil. It is
// for grants that do not exclude: those who share one hold it together, and the last gives it back.
func (g *Grant) Join(terms Terms) *Handle {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, t := g.set.clock.Now(), &g.turn
	switch left := g.deadline.Sub(now); {
	case g.holder.end != nil || g.unreachable(): // one that nobody can reach is not renewed
	case t.over || t.next > t.last:
	case now.Sub(t.began) >= min(t.limit, terms.Turn): // others wait at the server
	case terms.TTL != g.ttl || left < g.lease/2:
	case terms.Weight != g.weight || terms.Limit != g.limit || terms.AutoExtend != g.autoExtend:
	case terms.MaxHold > 0 || g.holder.maxHold > 0: // it counts from the start of the first
	default:
		h := g.newHandle()
		h.fence, h.own = t.take(), holders.Add(1)
		for _, other := range g.holder.shares {
			other.joined = true
		}
		return h
	}
	return nil
}

// Cut ends the context of a handle whose grant was passed on.
func (h *Handle) Cut() { h.cut(failure.Unlocked) }
