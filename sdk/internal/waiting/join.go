package waiting

import (
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
)

// Where grants do not exclude each other, and a turn is asked for, calls of one client that stand together share a grant,
// each with a number of its own: one round trip lets all of them in.

// share lets those at the front of the local queue join a grant that is new, up to the first that wants something else. It
// is called with s.mu held.
func (q *queue) share(terms lease.Terms, g *lease.Grant) {
	if terms.Turn == 0 {
		return
	}
	q.open = g
	for e := q.parked.Front(); e != nil; {
		w, next := e.Value.(*waiter), e.Next()
		if w.wait.Err() == nil { // else it is about to leave
			if !q.join(w) {
				return
			}
			q.take(e)
			w.signal()
		}
		e = next
	}
}

// join lets a waiter share the grant that is open, if there is one. Nobody may be before it. It is called with s.mu held.
func (q *queue) join(w *waiter) bool {
	if q.open == nil || w.ownToken || w.wait.Err() != nil {
		return false
	}
	h := q.open.Join(w.terms)
	if h == nil {
		return false
	}
	w.handle, w.way = h, event.Locally
	return true
}
