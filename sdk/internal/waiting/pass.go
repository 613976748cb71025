package waiting

import (
	"context"

	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
)

// Pass unlocks a handle by passing its grant on to the first of the local queue, if the turn allows that. It reports
// false if nothing was done: then the grant goes back to the server, which gives it to whoever is next of all clients.
func (s *Queues) Pass(ctx context.Context, h *lease.Handle) bool {
	g := h.Grant()
	s.mu.Lock()
	next, w := s.pass(g, h)
	s.mu.Unlock()
	if w == nil {
		return false
	}
	w.signal()
	e := next.Event(event.HandedOff)
	e.Way, e.Lease, e.Held = event.Locally, g.Lease(), h.Held()
	s.events.Add(context.WithoutCancel(ctx), e)
	return true
}

// pass gives the waiter that has the grant now. It is called with s.mu held.
func (s *Queues) pass(g *lease.Grant, h *lease.Handle) (*lease.Handle, *waiter) {
	q := s.queues[idOf(g.Resource())]
	// A head came before those in the local queue, and is about to be served by the server.
	if q == nil || s.closed || !q.resource.Excludes() || q.head != nil || q.releasing > 0 {
		return nil, nil
	}
	if len(q.holders) != 1 || q.holders[0] != g { // it is lost, or a younger grant proves that it is
		return nil, nil
	}
	for e := q.parked.Front(); e != nil; e = e.Next() {
		w := e.Value.(*waiter)
		if w.wait.Err() != nil {
			continue // it is about to leave
		}
		if w.ownToken { // its caller knows another token than the grant's
			return nil, nil
		}
		next := h.Pass(w.ctx, w.terms)
		if next == nil {
			return nil, nil
		}
		h.Cut() // before the next one can run
		q.parked.Remove(e)
		w.place = nil
		w.handle, w.way = next, event.Locally
		q.moved = s.clock.Now()
		return next, w
	}
	return nil, nil
}
