// Package waiting brings calls that want a lock to their turn. It keeps one local queue for each name: of all the calls
// of a client that want a name, one at the most is registered at the server, and the others cost it nothing.
//
// A call drives itself, in its caller's goroutine: see run.go. A release names the next of the local queue as its
// successor: see handoff.go. It knows no primitive.
package waiting

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/release"
)

// Config is what a client decides for its waits.
type Config struct {
	Poll     time.Duration // how often the next in the server's queue asks
	Presence time.Duration // how long the server believes a silent waiter alive
	NewToken func() string // makes a token of the client's own
}

// Messages tells how the server can reach this client.
type Messages interface {
	Mode() (primitive.Wake, string)
	Watch()
	Unwatch()
}

// Queues are the local queues of a client. They are safe for concurrent use.
type Queues struct {
	sender   *call.Sender
	clock    *clock.Clock
	config   Config
	messages Messages
	leases   *lease.Set
	releases *release.Releaser
	sink     event.Sink // called in the goroutine of a caller, without a lock
	events   *event.Background

	life    chan struct{}  // closed by Close
	running sync.WaitGroup // waits, and calls that their waits did not wait for

	mu         sync.Mutex // guards the rest, the queues and the waiters
	queues     map[id]*queue
	registered map[string]*waiter // by token: those that the server may know
	recent     recent
	own        map[own]struct{} // tokens of callers that acquire by them now
	closed     bool
}

// id is what a local queue is for. Of two primitives on one name none may get the other's grant by a release, which can
// name only its own kind; the server refuses one of them.
type id struct{ primitive, key string }

func idOf(r primitive.Resource) id { return id{r.Primitive(), r.Key()} }

// own is a token that the caller chose, on one name.
type own struct{ key, token string }

// Parts are the layers below.
type Parts struct {
	Sender   *call.Sender
	Clock    *clock.Clock
	Sink     event.Sink
	Events   *event.Background
	Releases *release.Releaser
}

// New makes Queues. Use connects them.
func New(config Config, p Parts) *Queues {
	return &Queues{
		sender: p.Sender, clock: p.Clock, config: config, releases: p.Releases, sink: p.Sink, events: p.Events,
		life: make(chan struct{}), queues: make(map[id]*queue), registered: make(map[string]*waiter),
		recent: recent{terms: make(map[string]lease.Terms)}, own: make(map[own]struct{}),
	}
}

// Use sets the two layers that call back. It comes before every other method.
func (s *Queues) Use(leases *lease.Set, messages Messages) { s.leases, s.messages = leases, messages }

// queue is everybody of this client who has one name, or wants it. All of it is guarded by Queues.mu.
type queue struct {
	s        *Queues
	resource primitive.Resource // of any of them: for its kind
	// While there are holders, or releases whose outcome is not known, newcomers wait here: the release names the first.
	holders   []*lease.Grant
	releasing int
	head      *waiter      // the one that is registered at the server, or named to it by a release
	burst     *burst       // of several that ask together, before everybody else
	room      int          // how many may ask together: the last answer to a question was a grant
	open      *lease.Grant // that others may join, see join.go; nil: none
	parked    list.List    // of *waiter, in the order of arrival
	moved     clock.Instant
	timer     *time.Timer
}

// queueOf finds or makes the queue of a name. It is called with s.mu held.
func (s *Queues) queueOf(r primitive.Resource) *queue {
	at := idOf(r)
	q := s.queues[at]
	if q == nil {
		q = &queue{s: s, resource: r}
		s.queues[at] = q
	}
	return q
}

// busy reports whether local callers wait for a local holder, or for the outcome of its release. Where grants do not
// exclude each other, nobody does: the server knows whether there is room.
func (q *queue) busy() bool {
	return q.resource.Excludes() && (q.releasing > 0 || len(q.holders) > 0)
}

// empty drops a queue that nobody needs. It is called with s.mu held.
func (q *queue) empty() {
	if q.releasing == 0 && len(q.holders) == 0 && q.head == nil && q.burst == nil && q.parked.Len() == 0 {
		if at := idOf(q.resource); q.s.queues[at] == q {
			delete(q.s.queues, at)
		}
		if q.timer != nil {
			q.timer.Stop()
		}
	}
}

// add counts a grant as held. It gives those that the new one proves to be over. It is called with s.mu held.
func (q *queue) add(g *lease.Grant) (over []*lease.Grant) {
	if q.resource.Excludes() {
		for _, other := range q.holders {
			if other.Fence() < g.Fence() {
				over = append(over, other)
			}
		}
	}
	q.holders = append(q.holders, g)
	q.moved = q.s.clock.Now()
	return over
}

// drop takes a grant back. It reports false if it did not count. It is called with s.mu held.
func (q *queue) drop(g *lease.Grant) bool {
	if q.open == g {
		q.open = nil
	}
	for i, other := range q.holders {
		if other == g {
			last := len(q.holders) - 1
			q.holders[i] = q.holders[last]
			q.holders[last] = nil
			q.holders = q.holders[:last]
			return true
		}
	}
	return false
}

// park puts a waiter at the end of the local queue. It is called with s.mu held.
func (q *queue) park(w *waiter) {
	w.state = parked
	w.place = q.parked.PushBack(w)
	if q.timer == nil {
		q.timer = time.AfterFunc(q.s.patience(), q.look)
	}
}

// patience is how long a local queue waits for a local holder before its first asks the server: the lock may have been
// released or deleted elsewhere.
func (s *Queues) patience() time.Duration { return s.config.Presence / 3 }

// look lets the first of the local queue ask, if nothing has moved for a while.
func (q *queue) look() {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	q.timer = nil
	if q.parked.Len() == 0 || q.s.closed {
		return
	}
	wait := q.s.patience()
	if idle := q.s.clock.Now().Sub(q.moved); q.head == nil && idle >= wait {
		q.ask(q.first())
	} else if idle < wait {
		wait -= idle
	}
	q.timer = time.AfterFunc(wait, q.look)
}

// first takes the first out of the local queue, to be its head. Nil if there is a head already, or nobody waits. It is
// called with s.mu held.
func (q *queue) first() *waiter {
	front := q.parked.Front()
	if q.head != nil || q.burst != nil || front == nil {
		return nil
	}
	w := q.take(front)
	q.register(w)
	return w
}

// take takes a waiter out of the local queue. It is called with s.mu held.
func (q *queue) take(e *list.Element) *waiter {
	w := q.parked.Remove(e).(*waiter)
	w.place = nil
	w.waited = true
	return w
}

// register makes a waiter the head. It is called with s.mu held.
func (q *queue) register(w *waiter) {
	q.head = w
	w.alike = q.s.registered[w.token]
	q.s.registered[w.token] = w
}

// unregister says that a waiter is the head no more. It is called with s.mu held.
func (q *queue) unregister(w *waiter) {
	if q.head == w {
		q.head = nil
	}
	first := q.s.registered[w.token]
	switch {
	case first == w && w.alike == nil:
		delete(q.s.registered, w.token)
	case first == w:
		q.s.registered[w.token] = w.alike
	default:
		for other := first; other != nil; other = other.alike {
			if other.alike == w {
				other.alike = w.alike
			}
		}
	}
	w.alike = nil
}

// ask lets a head ask the server now. It is called with s.mu held.
func (q *queue) ask(w *waiter) {
	if w != nil {
		q.moved = q.s.clock.Now()
		w.state = asking
		w.askAt = 0
		w.signal()
	}
}

// advance lets the first of the local queue ask, if nobody of the client asks for the name, or has it to the exclusion of
// others. It is called with s.mu held.
func (q *queue) advance() {
	if !q.busy() && q.head == nil && !q.askTogether() {
		q.ask(q.first())
	}
	q.empty()
}

// GrantLost lets the local queue go on without the Unlock of a lock that was lost. One whose maximal hold has ended is
// given back: the server keeps it for longer.
func (s *Queues) GrantLost(g *lease.Grant, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isMaxHold(why) {
		s.later(g)
		return
	}
	q := s.queueOf(g.Resource())
	q.drop(g)
	q.advance()
}

// GiveUp ends a grant, because the client is shut down, and releases it in the background.
func (s *Queues) GiveUp(g *lease.Grant) {
	if g.End(failure.Closed) {
		s.ReleaseLater(g)
	}
}

// ReleaseLater releases a grant that has ended in the background.
func (s *Queues) ReleaseLater(g *lease.Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later(g)
}

// later is called with s.mu held.
func (s *Queues) later(g *lease.Grant) {
	q := s.queueOf(g.Resource())
	q.drop(g)
	q.releasing++
	h := &handoff{s: s, q: q, grant: g, ctx: context.Background()}
	s.releases.Go(h.item(g.Resource(), g.Name(), g.Token(), s.until(g)))
}

// Close ends every wait, and refuses new ones. It reports false if it was called before.
func (s *Queues) Close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.closed = true
	close(s.life)
	for _, q := range s.queues {
		if q.timer != nil {
			q.timer.Stop()
		}
		for e := q.parked.Front(); e != nil; e = e.Next() {
			e.Value.(*waiter).signal()
		}
		if q.head != nil {
			q.head.signal()
		}
		q.burst.signal()
	}
	return true
}

// Wait waits after Close until no wait is left, or ctx ends.
func (s *Queues) Wait(ctx context.Context) bool {
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
