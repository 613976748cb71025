package waiting

import (
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// fewTogether is how many local calls ask together after one was granted what it asked for; twice as many do when all of
// them were, up to mostTogether. Where several clients find much room at once, each so gets about as much of it as the
// others.
const (
	fewTogether  = 16
	mostTogether = 32
)

// burst is several of the local queue that ask for a name in one pipeline, without queueing at the server, because there may
// be room: one of the client was granted what it asked for. They ask for the same, so the grants go to the first of
// them, whichever token they were for; the others go back to the front of the local queue, and the first of all registers.
//
// Everything is guarded by Queues.mu.
type burst struct {
	s       *Queues
	q       *queue
	sent    clock.Instant
	asked   []question
	left    int  // pipelines may be split: answers that are to come
	overdue bool // nobody waits for the answers any more, see giveUp
}

// question is what one of them asks.
type question struct {
	w     *waiter
	token string
	call  primitive.Call[primitive.Acquired]
}

// askTogether lets the first of the local queue ask together, if there may be room for several. It is called with s.mu held.
func (q *queue) askTogether() bool {
	if q.resource.Excludes() || q.room == 0 || q.burst != nil || q.parked.Len() < 2 || q.s.closed {
		return false
	}
	var several []*waiter
	for e := q.parked.Front(); e != nil && len(several) < q.room; e = e.Next() {
		w := e.Value.(*waiter)
		if w.wait.Err() != nil {
			continue // it is about to leave
		}
		if !w.alikeTo(several) {
			break
		}
		several = append(several, w)
	}
	if len(several) < 2 {
		return false
	}
	b := &burst{s: q.s, q: q, sent: q.s.clock.Now(), left: len(several)}
	calls := make([]scripts.Sendable, len(several))
	for i, w := range several {
		q.take(w.place)
		w.state = among
		c := w.terms.Resource.Acquire(w.request(0, primitive.Poll, ""))
		b.asked = append(b.asked, question{w, w.token, c})
		calls[i] = c
	}
	q.burst, q.moved = b, b.sent
	q.s.running.Add(1) // until the answers are there
	timer := time.AfterFunc(q.s.config.Presence, b.giveUp)
	q.s.sender.Together(event.Detach(several[0].ctx), calls, mostTogether, func(part []scripts.Sendable) {
		b.answered(len(part), timer)
	})
	return true
}

// alikeTo reports whether a waiter asks for what the others ask for, so that a grant for one of them serves any.
func (w *waiter) alikeTo(others []*waiter) bool {
	if w.ownToken || w.terms.Turn > 0 { // by a turn it shares what another gets, see join.go
		return false
	}
	if len(others) == 0 {
		return true
	}
	a, b := w.terms, others[0].terms
	return a.TTL == b.TTL && a.Weight == b.Weight && a.Limit == b.Limit
}

// answered is called for each pipeline that is over.
func (b *burst) answered(n int, timer *time.Timer) {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.left -= n; b.left > 0 {
		return
	}
	defer s.running.Done()
	timer.Stop()
	if b.overdue {
		b.late()
		return
	}
	b.settle()
}

// settle gives the grants to the first that still wait. It is called with s.mu held.
func (b *burst) settle() {
	var grants []primitive.Grant
	var waiting []*waiter
	for _, one := range b.asked {
		reply, err := one.call.Reply()
		switch {
		case err != nil && one.call.MayHaveRun():
			b.abandon(one)
		case err == nil && reply.Outcome == primitive.Granted:
			reply.Grant.Token = one.token
			t := lease.Term{Grant: reply.Grant, Since: b.sent}
			if one.call.Repeated() && b.s.clock.Now() >= t.Deadline() { // the repeats took longer than the lease
				b.abandon(one)
				break
			}
			grants = append(grants, reply.Grant)
		}
		if one.w.state != gone {
			waiting = append(waiting, one.w)
		}
	}
	// While somebody is behind the burst, nobody asks: claim does not let the queue go on.
	var rest []*waiter
	granted := len(grants)
	for _, w := range waiting {
		if len(grants) == 0 || w.wait.Err() != nil {
			rest = append(rest, w)
			continue
		}
		b.give(w, grants[0])
		grants = grants[1:]
	}
	for _, g := range grants { // those who asked have left meanwhile
		b.s.giveBack(event.Detach(b.asked[0].w.ctx), b.asked[0].w.terms, g.Token, false)
	}
	if granted < len(b.asked) {
		b.end(rest, 0)
	} else {
		b.end(rest, min(2*b.q.room, mostTogether))
	}
}

// abandon gives back what a question may have brought of which nobody knows. Whoever asked it goes on with another token: in
// the local queue it would not ask for what the old one may have, and keep it from those before it. It is called with s.mu
// held.
func (b *burst) abandon(one question) {
	b.s.giveBack(event.Detach(one.w.ctx), one.w.terms, one.token, true)
	one.w.token = b.s.config.NewToken()
}

// give makes a grant the lock of a waiter, whose own token goes to whoever asked with the grant's. It is called with s.mu
// held.
func (b *burst) give(w *waiter, g primitive.Grant) {
	for i := range b.asked {
		if other := b.asked[i].w; other.token == g.Token {
			other.token = w.token
			break
		}
	}
	w.token = g.Token
	if ok, _ := b.s.claim(w, lease.Term{Grant: g, Since: b.sent}); !ok {
		b.s.giveBack(w.ctx, w.terms, g.Token, false)
	}
	w.signal()
}

// end puts those that got nothing back to the front of the local queue, and lets it go on. It is called with s.mu held.
func (b *burst) end(rest []*waiter, room int) {
	q := b.q
	for i := len(rest) - 1; i >= 0; i-- {
		w := rest[i]
		if w.state == among && w.handle == nil {
			w.state = parked
			w.place = q.parked.PushFront(w)
		}
	}
	q.burst, q.room = nil, room
	q.advance()
}

// giveUp lets the queue go on without the answers.
func (b *burst) giveUp() {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.left <= 0 {
		return
	}
	b.overdue = true
	rest := make([]*waiter, 0, len(b.asked))
	for _, one := range b.asked {
		b.abandon(one)
		rest = append(rest, one.w)
	}
	b.end(rest, 0)
}

// late gives back what the answers bring that nobody waits for any more. The questions may have run after what giveUp gave
// back. It is called with s.mu held.
func (b *burst) late() {
	for _, one := range b.asked {
		reply, err := one.call.Reply()
		if err == nil && reply.Outcome == primitive.Granted || err != nil && one.call.MayHaveRun() {
			b.s.giveBack(event.Detach(one.w.ctx), one.w.terms, one.token, err != nil)
		}
	}
}

// signal wakes everybody of it, if there is one. It is called with s.mu held.
func (b *burst) signal() {
	if b == nil {
		return
	}
	for _, one := range b.asked {
		one.w.signal()
	}
}
