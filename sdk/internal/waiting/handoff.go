package waiting

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/release"
)

// handoff is the first try of a release. It names the first of the local queue as the successor: with nobody else waiting
// the lock passes on in one round trip. Until its outcome is known, queue.releasing counts it, and nobody asks beside it.
type handoff struct {
	s      *Queues
	q      *queue
	ctx    context.Context // of whoever releases
	grant  *lease.Grant    // that ends; nil: a place in the server's queue is given back
	leaver *waiter         // that gives its place back, or a grant that came too late; nil: none

	next   *waiter
	stale  bool       // see position
	passed lease.Term // what next was given
	fence  int64      // of next: the first of the grant's
	hold   uint64     // of next
	given  bool
}

// item is the release.
func (h *handoff) item(r primitive.Resource, name, token string, until clock.Instant) *release.Item {
	return &release.Item{
		Resource: r, Name: name, Token: token, Until: until,
		Heirs: h, Context: h.ctx,
	}
}

// Name chooses the successor.
func (h *handoff) Name() (string, *primitive.Request) {
	mode, channel := h.s.messages.Mode()
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	if h.leaver != nil { // so that the next can be the head
		h.q.unregister(h.leaver)
	}
	if h.s.closed {
		return channel, nil
	}
	w := h.q.first()
	if w == nil {
		return channel, nil
	}
	h.next, h.stale = w, w.subscribed
	w.state, w.known = named, true
	w.subscribed = w.subscribed || channel != ""
	r := w.request(h.s.config.Presence, mode, channel)
	return channel, &r
}

// Tried applies the outcome: it gives the lock to the waiter that has it now, or lets the successor go on.
func (h *handoff) Tried(a release.Answer) {
	s := h.s
	s.mu.Lock()
	h.q.releasing--
	if h.leaver != nil {
		h.q.unregister(h.leaver)
	}
	over := h.apply(a)
	h.q.advance()
	s.mu.Unlock()
	lose(over)
	if h.given && h.grant != nil {
		s.events.Add(h.ctx, event.Event{
			Kind: event.HandedOff, Primitive: h.q.resource.Primitive(), Name: h.next.terms.Name, Way: event.Directly,
			Hold: h.hold, Fence: h.fence, Lease: h.passed.Lease, Held: h.grant.Held(),
		})
	}
}

// apply is called with s.mu held.
func (h *handoff) apply(a release.Answer) (over []*lease.Grant) {
	s, w := h.s, h.next
	at := position{
		place: a.Reply.Position, wait: -time.Millisecond, sent: a.Sent, answered: a.Answered, stale: h.stale,
	}
	for _, g := range a.Reply.Grants {
		t := lease.Term{Grant: g, Since: a.Sent, Way: event.Directly}
		if w != nil && g.Token == w.token {
			if !s.full(t) {
				continue // it asks
			}
			ok, ended := s.claim(w, t)
			if ok {
				h.given, h.passed = true, t
				was := w.handle.Event(event.HandedOff)
				h.fence, h.hold = was.Fence, was.Hold
				w.signal()
				over = append(over, ended...)
				h.next, w = w, nil
				continue
			}
			s.dismiss(w)
			w = nil
			continue
		}
		s.deliver(t)
		if h.q.resource.Excludes() { // the one that has it now was before the successor
			at.place = 1
		}
	}
	switch {
	case w == nil:
	case w.state == gone: // its call has returned meanwhile
		s.dismiss(w)
	default:
		w.at = at
		w.state = asking
		w.askAt = 0 // where the reply tells no place, it asks for itself
		if at.place > 0 {
			w.askAt = s.clock.Now().Add(s.pollIn(w))
		}
		w.signal()
	}
	return over
}

// dismiss gives back what a named waiter has, whose call has returned or is about to. It is called with s.mu held.
func (s *Queues) dismiss(w *waiter) {
	if w.state != gone {
		w.state = asking // its own goroutine finds out why, and leaves
		w.signal()
		return
	}
	s.depart(w)
}

// Tell gives grants to the waiters that they are for. They are of the answer to a call of this client, sent at that time.
func (s *Queues) Tell(grants []primitive.Grant, sent clock.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range grants {
		s.deliver(lease.Term{Grant: g, Since: sent, Way: event.Directly})
	}
}

// Deliver hands a message to the waiter that it is for. A message for a token that nobody waits for is a grant all the
// same: it is given back.
func (s *Queues) Deliver(g primitive.Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver(lease.Term{Grant: g})
}

// deliver is called with s.mu held.
func (s *Queues) deliver(t lease.Term) {
	found := false
	for w := s.registered[t.Token]; w != nil; w = w.alike {
		found = true
		if w.ownToken { // the message does not say of which name it tells
			w.askAt = 0
		} else if w.message == nil {
			w.message = &t
		}
		if w.state == gone && !w.departed {
			s.depart(w)
		}
		w.signal()
	}
	if terms, gone := s.recent.terms[t.Token]; gone && !found {
		s.giveBack(context.Background(), terms, t.Token, false)
	}
}

// AskNow makes all registered waiters ask.
func (s *Queues) AskNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.registered {
		w.poke()
	}
}

// poke lets a waiter ask now. It is called with s.mu held.
func (w *waiter) poke() {
	for ; w != nil; w = w.alike {
		w.askAt = 0
		w.signal()
	}
}
