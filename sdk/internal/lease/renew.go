package lease

import (
	"container/heap"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// renewBatch is how many extends go into one pipeline.
const renewBatch = 500

// maxSends is how many renewals of one grant are under way at the most. More would only keep a server busy that is slow.
const maxSends = 3

// timing is a grant's place in the schedule.
type timing struct {
	renewAt  clock.Instant // 0: it is not to be renewed
	deadline clock.Instant
	sends    int // renewals under way
	index    int // in the heap, from 1; 0: not in it
}

func (t *timing) due() clock.Instant {
	if t.renewAt != 0 && t.renewAt < t.deadline {
		return t.renewAt
	}
	return t.deadline
}

// again sets a renewal that was sent before to when that part of what is left until the deadline has passed, but not at
// once.
func (t *timing) again(now clock.Instant, part time.Duration) {
	t.renewAt = now.Add(max(t.deadline.Sub(now)/part, minRenewPause+renewSlack))
}

// place puts a grant where it belongs in the heap, and sets the timer. It is called with s.mu held.
func (s *Set) place(g *Grant) {
	if g.timing.index == 0 {
		heap.Push(&s.due, g)
	} else {
		heap.Fix(&s.due, g.timing.index-1)
	}
	s.arm()
}

// arm sets the timer to the first that is due, or to the next look at the clock, if it would fire later. It is called
// with s.mu held.
func (s *Set) arm() {
	if len(s.due) == 0 {
		return
	}
	now := s.clock.Now()
	at := min(s.due[0].timing.due(), now.Add(watchPeriod))
	if s.next != 0 && at >= s.next {
		return
	}
	s.next = at
	if s.timer == nil {
		s.timer = time.AfterFunc(at.Sub(now), s.fire)
	} else {
		s.timer.Reset(at.Sub(now))
	}
}

// fire does what is due.
func (s *Set) fire() {
	var over, renew []*Grant
	s.mu.Lock()
	now := s.clock.Now()
	s.next = 0
	for !s.closed && len(s.due) > 0 {
		g := s.due[0]
		t := &g.timing
		if now >= t.deadline {
			heap.Pop(&s.due)
			over = append(over, g)
			continue
		}
		if t.renewAt == 0 || t.renewAt > now.Add(renewSlack) {
			break
		}
		renew = append(renew, g)
		// Should this one not be answered: another on a connection of its own, well before the deadline.
		t.again(now, 4)
		if t.sends++; t.sends >= maxSends {
			t.renewAt = 0 // until one is answered
		}
		heap.Fix(&s.due, 0)
	}
	if !s.closed {
		s.arm()
	}
	s.mu.Unlock()
	for _, g := range over {
		g.over(now)
	}
	s.renew(renew)
}

// over ends a grant that the schedule has found to be at its deadline, unless that was raised meanwhile.
func (g *Grant) over(now clock.Instant) {
	g.mu.Lock()
	over := now >= g.deadline
	why := g.overReason()
	if !over && g.holder.end == nil {
		g.set.schedule(g, g.autoExtend && !g.unreachable())
	}
	g.mu.Unlock()
	if over {
		_ = g.Lose(why)
	}
}

// renewal is one extend of the schedule.
type renewal struct {
	grant *Grant
	call  primitive.Call[primitive.Extended]
	lease time.Duration
}

// renew sends the extends of some grants, together, without waiting for the replies.
func (s *Set) renew(grants []*Grant) {
	calls := make([]scripts.Sendable, 0, len(grants))
	var acknowledged []scripts.Sendable
	of := make(map[scripts.Sendable]renewal, len(grants))
	for _, g := range grants {
		want, ok := g.renewFor()
		if !ok {
			s.answered(g)
			continue
		}
		c := g.resource.Extend(want)
		of[c] = renewal{g, c, want.Lease}
		if g.Replicas().Count > 0 {
			acknowledged = append(acknowledged, c)
		} else {
			calls = append(calls, c)
		}
	}
	s.renewAcknowledged(acknowledged, of)
	if len(calls) == 0 {
		return
	}
	sent := s.clock.Now()
	s.sender.Together(s.life, calls, renewBatch, func(part []scripts.Sendable) {
		for _, c := range part { // all replies are applied before anybody is told of one
			r := of[c]
			s.answered(r.grant)
			reply, err := r.call.Reply()
			if err != nil {
				s.failed(r.grant, call.Explain(err))
				continue
			}
			_ = r.grant.Extended(reply, sent, 0) // a loss is told to the lock itself
		}
	})
}

// answered says that a renewal of a grant is over.
func (s *Set) answered(g *Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.timing.sends--
}

// renewFor is what a renewal asks for. It reports false if there is nothing to ask for.
func (g *Grant) renewFor() (primitive.Request, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holder.end != nil {
		return primitive.Request{}, false
	}
	lease := g.ttl
	if limit := g.holder.maxHold; limit > 0 {
		left := g.holder.since.Add(limit).Sub(g.set.clock.Now())
		if left < time.Millisecond {
			return primitive.Request{}, false // its maximal hold is over, or about to be
		}
		lease = min(lease, left+2*Drift(left)) // so that this is the last one
	}
	return g.request(lease), true
}

// failed lets a renewal be tried again, soon and until the deadline.
func (s *Set) failed(g *Grant, err error) {
	g.mu.Lock()
	if g.holder.end != nil || s.isClosed() {
		g.mu.Unlock()
		return
	}
	s.mu.Lock()
	if t := &g.timing; t.index > 0 {
		later := t.renewAt
		if t.again(s.clock.Now(), 10); later != 0 && later < t.renewAt {
			t.renewAt = later
		}
		s.place(g)
	}
	s.mu.Unlock()
	e := g.event(event.ExtendFailed)
	g.mu.Unlock()
	e.Lease, e.Err = 0, err
	g.tell(e)
}

// dueHeap orders grants by when something has to be done for them.
type dueHeap []*Grant

func (d dueHeap) Len() int           { return len(d) }
func (d dueHeap) Less(i, j int) bool { return d[i].timing.due() < d[j].timing.due() }

func (d dueHeap) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].timing.index, d[j].timing.index = i+1, j+1
}

func (d *dueHeap) Push(x any) {
	g := x.(*Grant)
	*d = append(*d, g)
	g.timing.index = len(*d)
}

func (d *dueHeap) Pop() any {
	old := *d
	last := len(old) - 1
	g := old[last]
	old[last] = nil
	*d = old[:last]
	g.timing.index = 0
	return g
}
