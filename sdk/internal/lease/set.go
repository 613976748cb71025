package lease

import (
	"container/heap"
	"context"
	"runtime"
	"sync"
	"time"
	"weak"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
)

const (
	// renewSlack is how much earlier than due a renewal goes along with those that are.
	renewSlack = 10 * time.Millisecond
	// minRenewPause is how soon a renewal that failed is tried again, at the soonest.
	minRenewPause = 10 * time.Millisecond
	// watchPeriod is how often the clock is looked at while a lock is held: a timer sleeps as long as the machine does.
	watchPeriod = time.Second
)

// Owner is told of what the set decides by itself. It is called without a lock.
type Owner interface {
	// GrantLost says that a grant is not ours any more.
	GrantLost(g *Grant, why error)
}

// Set watches over all grants of a client: one heap, one timer, no goroutine per lock. A lock that is to be extended is
// renewed when a third of its lease has passed, and again until that succeeds; every lock ends at its deadline.
type Set struct {
	sender *call.Sender
	clock  *clock.Clock
	events *event.Background
	owner  Owner

	mu       sync.Mutex
	due      dueHeap
	grants   map[id]*Grant
	attached map[weak.Pointer[Handle]]struct{} // those with a context that the heap does not know
	timer    *time.Timer
	next     clock.Instant // when the timer fires; 0: it does not
	closed   bool
	life     context.Context
	stop     context.CancelFunc
}

// id names a grant: two names may have the same token, where callers choose it.
type id struct{ key, token string }

// NewSet makes a Set.
func NewSet(sender *call.Sender, c *clock.Clock, events *event.Background, owner Owner) *Set {
	s := &Set{
		sender: sender, clock: c, events: events, owner: owner,
		grants: make(map[id]*Grant), attached: make(map[weak.Pointer[Handle]]struct{}),
	}
	s.life, s.stop = context.WithCancel(context.Background())
	return s
}

// Start makes the handle of a new grant, and watches over its lease. Nil if its deadline has passed.
func (s *Set) Start(parent context.Context, terms Terms, t Term) *Handle {
	now := s.clock.Now()
	g := &Grant{
		set: s, resource: terms.Resource, name: terms.Name, token: t.Token, deadline: t.Deadline(), lease: t.Lease,
		ttl: terms.TTL, longest: now.Add(t.Lease), autoExtend: terms.AutoExtend, turn: newTurn(terms, t, now),
		replicas: terms.Replicas,
		weight:   terms.Weight, least: terms.Weight, limit: terms.Limit,
	}
	g.holder = &g.first.holder
	*g.holder = newHolder(parent, terms, g.turn.take(), t.Since)
	g.bound()
	if now >= g.deadline {
		return nil
	}
	h := &g.first.handle
	h.grant, h.holder = g, g.holder
	g.holder.shares = append(g.first.shares[:0], h)
	// A grant by message is only for the waiter's presence, and counts from the waiter's last question: it is renewed to the
	// full lease in time, off the caller's path.
	short := t.Lease < terms.TTL || t.Way == event.ByMessage && now.Sub(t.Since) > t.Lease/10
	g.mu.Lock()
	defer g.mu.Unlock()
	s.schedule(g, g.autoExtend || short)
	return h
}

// Attach makes the handle of a lock that was taken elsewhere. Nothing is known of its lease.
func (s *Set) Attach(terms Terms, token string) *Handle {
	if g := s.Find(terms.Resource.Key(), token); g != nil {
		if h := g.Attach(); h != nil {
			return h
		}
	}
	now := s.clock.Now()
	g := &Grant{
		set: s, resource: terms.Resource, name: terms.Name, token: token, autoExtend: terms.AutoExtend,
		turn:   turn{over: true},
		weight: terms.Weight, least: terms.Weight, limit: terms.Limit,
		replicas: terms.Replicas,
	}
	holder := newHolder(context.Background(), terms, 0, now)
	holder.id = 0 // nobody was told that it began
	g.holder = &holder
	h := g.newHandle()
	h.attached = true
	return h
}

// Find gives the grant that a token has in this client, nil if none.
func (s *Set) Find(key, token string) *Grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grants[id{key, token}]
}

// All gives the grants that are held.
func (s *Set) All() []*Grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Grant, 0, len(s.grants))
	for _, g := range s.grants {
		all = append(all, g)
	}
	return all
}

// schedule puts a grant where it belongs now, and says whether it is to be renewed. It is called with g.mu held.
func (s *Set) schedule(g *Grant, renew bool) {
	renew = renew && !g.limited() // with the maximal hold in sight there is nothing more to ask for
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if !g.scheduled {
		g.scheduled = true
		s.grants[id{g.resource.Key(), g.token}] = g
	}
	t := &g.timing
	t.deadline, t.renewAt = g.deadline, 0
	if renew {
		now := s.clock.Now()
		t.renewAt = now.Add(g.deadline.Sub(now) / 3)
	}
	s.place(g)
}

// remove takes a grant that has ended out of the schedule. It is called with g.mu held.
func (s *Set) remove(g *Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.timing.index > 0 {
		heap.Remove(&s.due, g.timing.index-1)
	}
	if key := (id{g.resource.Key(), g.token}); s.grants[key] == g {
		delete(s.grants, key)
	}
	// The timer stays: firing once for nothing is cheaper than being set for every lock.
}

func (s *Set) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// endWithSet ends the context of a handle that the heap does not know when the set is closed, if it still exists then.
func (s *Set) endWithSet(h *Handle) {
	p := weak.Make(h)
	runtime.AddCleanup(h, func(p weak.Pointer[Handle]) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.attached, p)
	}, p)
	s.mu.Lock()
	closed := s.closed
	s.attached[p] = struct{}{}
	s.mu.Unlock()
	if closed {
		go h.cut(failure.Closed)
	}
}

// Close stops watching. The contexts of the handles end, because nobody would end them in time; nothing is released.
func (s *Set) Close() {
	s.mu.Lock()
	s.closed = true
	s.stop()
	grants := make([]*Grant, 0, len(s.grants))
	for _, g := range s.grants {
		grants = append(grants, g)
		g.timing.index = 0
	}
	s.due = nil
	handles := make([]*Handle, 0, len(s.attached))
	for p := range s.attached {
		if h := p.Value(); h != nil {
			handles = append(handles, h)
		}
	}
	clear(s.attached)
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	for _, g := range grants {
		g.mu.Lock()
		handles = append(handles, g.holder.shares...)
		g.mu.Unlock()
	}
	for _, h := range handles {
		h.cut(failure.Closed)
	}
}

// lost tells of a grant that is not ours any more, once for each hold that ended with it.
func (s *Set) lost(g *Grant, shares []*Handle, why error) {
	s.owner.GrantLost(g, why)
	g.mu.Lock()
	e := g.event(event.Lost)
	g.mu.Unlock()
	e.Lease, e.Err = 0, why
	told := make(map[uint64]bool, len(shares))
	for _, h := range shares {
		if e.Hold, e.Fence = h.hold(), h.Fence(); !told[e.Hold] {
			told[e.Hold] = true
			g.tell(e)
		}
	}
	if len(shares) == 0 {
		g.tell(e)
	}
}
