// Package lease keeps the grants of a client until they end: their deadlines, renewals and loss, and the local calls that
// hold them.
//
// There are two levels. A Grant is what the server gave to one token: to it belong the lease, the deadline, the renewals
// and the loss. A Holder is the local call that has the grant now: to it belong its fence, its maximal hold, and whether
// it was unlocked. Several Handles share a Holder where a lock is re-entrant or attached. One Grant has several Holders,
// one after the other, in a turn: see turn.go.
package lease

import (
	"context"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

// Drift is what a deadline keeps from the server's own expiry: clocks run at different speeds, and expiry has a
// granularity. 1 % + 2 ms, as in the description of the Redlock algorithm on redis.io.
func Drift(lease time.Duration) time.Duration { return lease/100 + 2*time.Millisecond }

// Terms are what a caller wants of a lock.
type Terms struct {
	Resource primitive.Resource
	Name     string        // as the caller gave it
	TTL      time.Duration // what acquire and renewals ask for; 0: nobody knows, the lock is attached
	// AutoExtend renews the lease for as long as the lock is held, MaxHold at the most (0: without a limit).
	AutoExtend bool
	MaxHold    time.Duration
	// Turn is for how long a grant may serve other calls of this client without asking the server: one after the other if it
	// excludes, beside each other if not; 0: never.
	Turn time.Duration
	// Replicas is on how many replicas renewals have to be before they count.
	Replicas call.Replicas
	// Weight is how many permits the grant takes, and Limit how many there are, where the primitive has them.
	Weight, Limit int64
}

// Term is one reply that says until when a token has the lock.
type Term struct {
	primitive.Grant
	Since clock.Instant // no later than the server's decision
	Way   event.Way
}

// Deadline is until when the grant is certainly ours.
func (t Term) Deadline() clock.Instant { return t.Since.Add(t.Lease - Drift(t.Lease)) }

// Grant is what the server gave to one token.
type Grant struct {
	set      *Set
	resource primitive.Resource
	name     string
	token    string

	mu         sync.Mutex // guards the rest, and the Holder
	deadline   clock.Instant
	lease      time.Duration
	ttl        time.Duration
	longest    clock.Instant // the server may keep the grant until then
	weight     int64         // 0: nobody knows
	least      int64         // what a shrink may have left of it
	limit      int64
	autoExtend bool
	scheduled  bool // in the schedule and in set.grants
	replicas   call.Replicas
	holder     *Holder
	turn       turn

	timing timing // guarded by Set.mu

	// first is the first holder and its handle: most grants have no others, and are one object with them.
	first struct {
		holder Holder
		handle Handle
		shares [1]*Handle
	}
}

// Holder is the local call that has a grant.
type Holder struct {
	id      uint64 // of all holders of this process; 0: it was attached
	fence   int64
	parent  context.Context // for the values that events carry; it is not heeded
	since   clock.Instant
	maxHold time.Duration
	// deadline is what the grant's was when this holder passed it on; what became of it later is not its own.
	deadline clock.Instant
	end      error // nil while it holds: failure.Unlocked, or a reason of failure.Lost
	shares   []*Handle
}

// Name is the lock's name, as the caller gave it.
func (g *Grant) Name() string { return g.name }

// Token is the grant's token, also after its end.
func (g *Grant) Token() string { return g.token }

// Resource is what was granted.
func (g *Grant) Resource() primitive.Resource { return g.resource }

// Longest is until when the server may keep the grant: after that there is nothing to release.
func (g *Grant) Longest() clock.Instant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.longest
}

// Fence is the holder's number.
func (g *Grant) Fence() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.holder.fence
}

// Held is how long ago the last holder got the lock.
func (g *Grant) Held() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.set.clock.Now().Sub(g.holder.since)
}

// Over reports whether the lease may have ended by itself. That of a lock that was taken elsewhere is not known.
func (g *Grant) Over() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.deadline > 0 && g.set.clock.Now() >= g.deadline
}

// Now is the time by which the grant is measured.
func (g *Grant) Now() clock.Instant { return g.set.clock.Now() }

// attached reports whether the lock was taken elsewhere, and its lease is not known.
func (g *Grant) attached() bool { return g.ttl == 0 }

// bound keeps the deadline of a renewed lock within its maximal hold. It is called with g.mu held.
func (g *Grant) bound() {
	if g.limited() {
		g.deadline = g.holder.since.Add(g.holder.maxHold)
	}
}

// limited reports whether the maximal hold ends the lock before its lease. It is called with g.mu held.
func (g *Grant) limited() bool {
	h := g.holder
	return h.maxHold > 0 && h.since.Add(h.maxHold) <= g.deadline
}

// overReason says why a lock ended whose deadline has passed. It is called with g.mu held.
func (g *Grant) overReason() error {
	if g.limited() {
		return failure.MaxHold
	}
	return failure.Expired
}

// Extended applies the reply to an extend that was sent at that time. ttl is what the caller asked for, 0 if the schedule
// did. It gives the reason of a loss.
func (g *Grant) Extended(r primitive.Extended, sent clock.Instant, ttl time.Duration) error {
	if r.Outcome != primitive.Confirmed {
		return g.Lose(failure.Taken)
	}
	e, err := g.raise(r, sent, ttl)
	if err == nil {
		g.tell(e)
	}
	return err
}

func (g *Grant) raise(r primitive.Extended, sent clock.Instant, ttl time.Duration) (event.Event, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holder.end != nil {
		return event.Event{}, g.holder.end
	}
	g.turn.heard(r.Fence)
	if g.attached() && ttl > 0 {
		g.ttl = ttl
	}
	if g.holder.fence == 0 { // attached: nobody knew it
		g.holder.fence = r.Fence
	}
	t := Term{Grant: primitive.Grant{Lease: r.Left}, Since: sent}
	g.longest = max(g.longest, g.set.clock.Now().Add(r.Left))
	if d := t.Deadline(); d > g.deadline {
		g.deadline, g.lease = d, r.Left
		g.bound()
	}
	g.set.schedule(g, g.autoExtend && !g.unreachable())
	return g.event(event.Extended), nil
}

// event describes the grant. It is called with g.mu held.
func (g *Grant) event(kind event.Kind) event.Event {
	return event.Event{
		Kind: kind, Primitive: g.resource.Primitive(), Name: g.name, Hold: g.holder.id,
		Fence: g.holder.fence, Lease: g.lease, Held: g.set.clock.Now().Sub(g.holder.since),
	}
}

// tell hands an event to who listens, with the values of the call that holds now.
func (g *Grant) tell(e event.Event) {
	g.mu.Lock()
	parent := g.holder.parent
	g.mu.Unlock()
	g.set.events.Add(parent, e)
}

// Lose ends a grant that is not ours any more, or not certainly. It gives the reason, or why it had ended before.
func (g *Grant) Lose(why error) error {
	shares, end := g.finish(why)
	if shares != nil {
		g.set.lost(g, shares, why)
	}
	return end
}

// End ends a grant without telling anybody but its handles. It reports false if it had ended before.
func (g *Grant) End(why error) bool {
	shares, _ := g.finish(why)
	return shares != nil
}

// finish ends the grant, its holder and the contexts of its handles, which it gives. Nil, and why, if it has ended before.
func (g *Grant) finish(why error) (ended []*Handle, end error) {
	g.mu.Lock()
	if g.holder.end != nil {
		defer g.mu.Unlock()
		return nil, g.holder.end
	}
	g.holder.end = why
	shares := append([]*Handle{}, g.holder.shares...)
	g.holder.shares = nil
	g.set.remove(g)
	for _, h := range shares {
		h.ended = why
	}
	g.mu.Unlock()
	for _, h := range shares {
		h.cut(why)
	}
	return shares, why
}

// CheckDeadline ends the grant if its time is over: a timer may be late.
func (g *Grant) CheckDeadline() {
	now := g.set.clock.Now()
	g.mu.Lock()
	over := g.deadline > 0 && now >= g.deadline && g.holder.end == nil && !g.set.isClosed()
	why := g.overReason()
	g.mu.Unlock()
	if over {
		_ = g.Lose(why)
	}
}

// unreachable reports whether nobody can reach a handle any more. It is called with g.mu held.
func (g *Grant) unreachable() bool {
	for _, h := range g.holder.shares {
		if !h.unreachable {
			return false
		}
	}
	return true
}

// Lease is how long the server keeps the grant, as it said last.
func (g *Grant) Lease() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lease
}
