package waiting

import (
	"container/list"
	"context"
	"errors"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

// state is where a waiter stands.
type state uint8

const (
	asking state = iota // it is the head, and asks the server
	parked              // in the local queue
	named               // it is the head, and a release under way names it: the outcome says how it goes on
	among               // those that ask together: the answers say how it goes on
	gone                // its call has returned: whatever comes for it is given back
)

// waiter is one call of Lock.
type waiter struct {
	q        *queue
	terms    lease.Terms
	ctx      context.Context // of the call: the parent of the lock's own
	wait     context.Context // ends with ctx, or with the patience of the caller
	token    string
	ownToken bool // the caller's: others may have the same on another name
	since    clock.Instant
	wake     chan struct{} // holds one: look at your state

	// used by the waiter's goroutine alone
	lastErr   error         // of the last question, if it failed
	answered  bool          // some question was answered
	contended bool          // it has said that it waits
	sentAt    clock.Instant // when the last question was sent, if it is under way still
	sending   bool

	// guarded by Queues.mu
	state      state
	place      *list.Element // in queue.parked
	alike      *waiter       // another with the same token
	waited     bool          // it has waited already, so a server that is away is waited for
	subscribed bool          // a call was sent that tells the server how to reach it
	known      bool          // the server may know its token
	unsure     bool          // a question without an answer may be on its way still
	calls      int           // under way, which the waiter did not wait for
	departed   bool          // its release has begun
	at         position
	askAt      clock.Instant // when to ask next; 0: now
	message    *lease.Term   // that it has the lock, to be judged
	handle     *lease.Handle // the lock
	way        event.Way
	over       error // the grant was of no use
}

// position is where a waiter stands in the server's queue, as of its last answered call.
type position struct {
	place    int64         // 1 is next; 0: it does not stand there, or does not know
	wait     time.Duration // until a lease ends; 0: ask again at once; negative: it has no expiry
	sent     clock.Instant // when that call was sent: a grant that came by message is younger, unless it may be stale
	answered clock.Instant // when its answer came: a grant by a release that was sent later is younger
	// stale: an earlier call had told the server already how to reach the waiter. A message that arrives now may be of an
	// older grant that had ended, by its lease or by a foreign DEL, when the server answered that it waits: so it says no
	// more than that asking is worth it.
	stale bool
}

// primitive is the word for what it wants.
func (w *waiter) primitive() string { return w.terms.Resource.Primitive() }

// signal wakes the waiter's goroutine.
func (w *waiter) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// request is what acquire, or a release that names the waiter, asks for.
func (w *waiter) request(presence time.Duration, mode primitive.Wake, channel string) primitive.Request {
	return primitive.Request{
		Token: w.token, Lease: w.terms.TTL, Presence: presence, Wake: mode, Channel: channel, Fences: fences(w.terms),
		Weight: w.terms.Weight, Limit: w.terms.Limit,
	}
}

// fences is how many numbers a grant should own: one for each call that it may serve.
func fences(terms lease.Terms) int {
	if terms.Turn > 0 {
		return lease.MostFences
	}
	return 1
}

// full reports whether a grant is not half over. One that is would be of little use: asking renews it to the full lease.
func (s *Queues) full(t lease.Term) bool { return t.Deadline().Sub(s.clock.Now()) > t.Lease/2 }

// judge says whether a message is a grant to be used. It is called with s.mu held.
func (s *Queues) judge(w *waiter) (lease.Term, bool) {
	t := *w.message
	w.message = nil
	switch {
	case t.Since == 0 && !w.at.stale: // by message: it came after the last answered call was sent
		t.Since, t.Way = w.at.sent, event.ByMessage
	case t.Since == 0 || t.Since < w.at.answered: // it may have ended when the server answered that we wait
		return t, false
	}
	return t, s.full(t)
}

// claim gives a waiter its lock, unless its call has ended: a context that ended first wins. It is called with s.mu
// held. It reports false if the grant has to be given back; over are the grants that it proves to have ended.
func (s *Queues) claim(w *waiter, t lease.Term) (ok bool, over []*lease.Grant) {
	if w.state == gone || w.wait.Err() != nil || s.closed {
		return false, nil
	}
	t.Token = w.token
	h := s.leases.Start(w.ctx, w.terms, t)
	if h == nil {
		w.over = failure.TooLate
		return false, nil
	}
	w.handle, w.way = h, t.Way
	w.q.unregister(w)
	over = w.q.add(h.Grant())
	if !w.q.resource.Excludes() {
		w.q.share(w.terms, h.Grant())
		w.q.advance() // there may be room for the next
	}
	return true, over
}

// lose ends grants that a younger one proves to be over.
func lose(over []*lease.Grant) {
	for _, g := range over {
		_ = g.Lose(failure.Taken)
	}
}

func isMaxHold(err error) bool { return errors.Is(err, failure.MaxHold) }

// pollIn is how long a waiter keeps still: the next in the queue looks for the end of the holder's lease, the others say
// that they are alive. Those may be the next one by now, behind a holder that died without handing on; so they look one
// poll after the lease that they know of, or, if they know of none, after one like their own. It is called with s.mu held.
func (s *Queues) pollIn(w *waiter) time.Duration {
	const soon = time.Millisecond
	c, at := s.config, w.at
	switch {
	case at.wait == 0:
		return soon
	case at.place > 1 && at.wait < 0:
		return min(w.terms.TTL+c.Poll, c.Presence/3)
	case at.place > 1:
		return min(at.wait+c.Poll, c.Presence/3)
	case len(w.q.holders) > 0 && w.q.busy(): // its Unlock tells; this is for a lock that was released elsewhere
		return c.Presence / 3
	case at.wait < 0:
		return c.Poll
	default:
		return min(at.wait+soon, c.Poll)
	}
}

// recent remembers the tokens of the last waiters that have gone, so that a message for one of them can be answered: it
// is a grant that nobody waits for.
type recent struct {
	terms  map[string]lease.Terms
	tokens []string
	next   int
}

// maxRecent bounds what is remembered.
const maxRecent = 1024

func (r *recent) add(token string, terms lease.Terms) {
	if _, ok := r.terms[token]; ok {
		return
	}
	if len(r.tokens) < maxRecent {
		r.tokens = append(r.tokens, token)
	} else {
		delete(r.terms, r.tokens[r.next])
		r.tokens[r.next] = token
		r.next = (r.next + 1) % maxRecent
	}
	r.terms[token] = terms
}
