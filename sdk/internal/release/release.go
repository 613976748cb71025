// Package release gives back what tokens have at the server: locks, places in queues, and grants that nobody heard of.
// It is the one place that does. It goes on until the server has answered, or the lease is over by itself, also after
// the caller has returned; with a bounded number of goroutines, however many tokens there are.
package release

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

const (
	// workers is how many pipelines of releases are under way at the most.
	workers = 4
	// batchSize is how many releases share a pipeline.
	batchSize = 128
	// minPause and maxPause are between two tries of one release.
	minPause = 50 * time.Millisecond
	maxPause = time.Second
	// maxStuck is how many more may be under way because they are overdue.
	maxStuck = 16
	// stuckAfter is how long a pipeline may take before what it carries is sent again by another.
	stuckAfter = 5 * time.Second
)

// Answer is the outcome of one try.
type Answer struct {
	Reply    primitive.Released
	Err      error         // explained; nil if the server answered
	Sent     clock.Instant // no later than when the server ran it
	Answered clock.Instant
}

// Heirs are who waits for what is released. Only the first try of an item names a successor: by the next one it asks for
// itself.
type Heirs interface {
	// Name gives the successor, nil if there is none, and the channel on which the caller's waiters listen.
	Name() (channel string, next *primitive.Request)
	// Tried is called with the outcome of the first try, before the item is over.
	Tried(Answer)
}

// Item is the release of one token.
type Item struct {
	Resource primitive.Resource
	Name     string
	Token    string
	Until    clock.Instant // when the server has forgotten the token by itself
	// Context is for the values that go-redis hooks look for; nil is none.
	Context context.Context
	// Echoes is how often a release that found nothing is repeated, each after Echo: the acquire that it undoes may be on
	// its way still.
	Echoes int
	Echo   time.Duration
	Heirs  Heirs // nil: there are none

	// guarded by Releaser.mu
	begun bool
	told  bool // Tried was called
	// answered: reply is the outcome, and what is repeated only lets others in.
	answered bool
	unsure   bool // a try without an answer may have run
	sending  int  // tries under way
	at       clock.Instant
	pause    time.Duration
	queued   bool
	done     chan struct{} // closed at the end; made when somebody waits for it
	reply    primitive.Released
	err      error
	over     bool
}

// Outcome is how a release ended.
type Outcome struct {
	Reply primitive.Released
	// Unsure: a try before the answered one may have run, so NotHeld may mean that it did.
	Unsure bool
	Err    error // nil if the server answered
}

// Releaser works on items. It is safe for concurrent use.
type Releaser struct {
	sender *call.Sender
	clock  *clock.Clock
	events *event.Background

	mu      sync.Mutex
	items   map[id]*Item // all that are not over
	queue   []*Item      // those that wait for their next try
	busy    int          // workers, those that are stuck apart
	stuck   int          // workers whose pipeline is overdue
	timer   *time.Timer
	next    clock.Instant // when the timer fires; 0: it does not
	drained chan struct{}
}

type id struct{ key, token string }

// New makes a Releaser.
func New(sender *call.Sender, c *clock.Clock, events *event.Background) *Releaser {
	return &Releaser{sender: sender, clock: c, events: events, items: make(map[id]*Item)}
}

// Has reports whether a token is being released.
func (r *Releaser) Has(key, token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.items[id{key, token}] != nil
}

// add takes note of an item. The release of a token that is under way already is one: it gives that.
func (r *Releaser) add(it *Item) (*Item, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := id{it.Resource.Key(), it.Token}
	if old := r.items[key]; old != nil {
		return old, false
	}
	r.items[key] = it
	return it, true
}

// Go releases in the background, at once.
func (r *Releaser) Go(it *Item) {
	first, fresh := r.add(it)
	if !fresh {
		if it.Heirs != nil {
			go it.Heirs.Tried(under(r)) // the caller may hold what Tried needs
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enqueue(first, 0)
}

// Do releases, with the first try in the caller's goroutine and with the values of ctx, and waits for the end: for that
// long at the most, while the work goes on. A second Do for the same token waits for the first one's end.
func (r *Releaser) Do(ctx context.Context, it *Item, patience time.Duration) (Outcome, bool) {
	mine := it
	it, fresh := r.add(it)
	deadline := r.clock.Now().Add(patience)
	if fresh {
		bounded, cancel := context.WithTimeout(event.Detach(ctx), patience) // a dialer, and repeats, know no other limit
		r.try(bounded, it)
		cancel()
	} else {
		if mine.Heirs != nil {
			mine.Heirs.Tried(under(r))
		}
		r.mu.Lock()
		if it.queued {
			it.at = 0
			r.work()
		}
		r.mu.Unlock()
	}
	r.mu.Lock()
	if it.over {
		defer r.mu.Unlock()
		return it.outcome(), true
	}
	if it.done == nil {
		it.done = make(chan struct{})
	}
	r.mu.Unlock()
	timer := time.NewTimer(max(deadline.Sub(r.clock.Now()), 0))
	defer timer.Stop()
	select {
	case <-it.done:
		return it.outcome(), true
	case <-timer.C:
		r.mu.Lock()
		defer r.mu.Unlock()
		if it.answered {
			return it.outcome(), true
		}
		return Outcome{Err: it.err}, false
	}
}

// under is the answer for an item whose token is being released already.
func under(r *Releaser) Answer {
	now := r.clock.Now()
	return Answer{Err: failure.Unavailable, Sent: now, Answered: now}
}

// outcome is called once the item is over.
func (it *Item) outcome() Outcome { return Outcome{it.reply, it.unsure, it.err} }

// call makes the call of the next try. first is true for the first.
func (r *Releaser) call(it *Item) (c primitive.Call[primitive.Released], first bool) {
	r.mu.Lock()
	first = !it.begun
	it.begun = true
	it.sending++
	r.mu.Unlock()
	if first && it.Heirs != nil {
		channel, next := it.Heirs.Name()
		return it.Resource.Release(it.Token, channel, next), true
	}
	return it.Resource.Release(it.Token, "", nil), first
}

// try makes one try in the caller's goroutine.
func (r *Releaser) try(ctx context.Context, it *Item) {
	c, first := r.call(it)
	sent := r.clock.Now()
	answer, unsure := Answer{Err: failure.Unavailable}, true // of a hook that ends this goroutine
	defer func() {
		answer.Sent, answer.Answered = sent, r.clock.Now()
		r.tried(it, first, answer)
		r.settle(it, answer, unsure)
	}()
	reply, abandoned, err := call.Do(ctx, r.sender, c, call.Limits{Inline: true})
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, failure.Unavailable) { // ours, and nobody else's
		err = fmt.Errorf("%w: %w", failure.Unavailable, call.ErrNoAnswer)
	}
	answer.Reply, answer.Err = reply, err
	unsure = abandoned || err != nil && c.MayHaveRun() || err == nil && c.Repeated()
}

// tried tells the outcome of the first try, once.
func (r *Releaser) tried(it *Item, first bool, a Answer) {
	r.mu.Lock()
	tell := first && !it.told && it.Heirs != nil
	it.told = it.told || first
	r.mu.Unlock()
	if tell {
		it.Heirs.Tried(a)
	}
}

// settle applies the outcome of a try. The item is over if the server answered, if time cannot heal the error, or if
// there is nothing left to release.
func (r *Releaser) settle(it *Item, a Answer, unsure bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it.sending--
	it.unsure = it.unsure || unsure
	switch {
	case it.over:
	case a.Err == nil || it.answered:
		if !it.answered {
			it.answered, it.reply, it.err = true, a.Reply, nil
		}
		if a.Err == nil && a.Reply.More { // a repeat that fails is nothing to mend: whoever asks finds the room
			r.enqueue(it, 0)
			return
		}
		r.finish(it)
		if it.Echoes > 0 && it.reply.Outcome == primitive.NotHeld {
			r.enqueue(&Item{
				Resource: it.Resource, Name: it.Name, Token: it.Token, Until: it.Until, Context: it.Context,
				Echoes: it.Echoes - 1, Echo: it.Echo,
			}, it.Echo)
		}
	case !call.Heals(a.Err), r.clock.Now() >= it.Until:
		it.err = a.Err
		r.finish(it)
		if r.clock.Now() < it.Until {
			r.leftover(it)
		}
	default:
		it.err = a.Err
		it.pause = min(max(2*it.pause, minPause), maxPause)
		r.enqueue(it, min(it.pause, it.Until.Sub(r.clock.Now())))
	}
}

// leftover tells of a release that was given up, or is not over. It is called with r.mu held.
func (r *Releaser) leftover(it *Item) {
	r.events.Add(context.Background(), event.Event{
		Kind: event.Leftover, Name: it.Name, Primitive: it.Resource.Primitive(), Err: it.err,
		Left: it.Until.Sub(r.clock.Now()),
	})
}

// finish ends an item. It is called with r.mu held.
func (r *Releaser) finish(it *Item) {
	it.over = true
	if key := (id{it.Resource.Key(), it.Token}); r.items[key] == it {
		delete(r.items, key)
	}
	if it.done != nil {
		close(it.done)
	}
	if len(r.items) == 0 && r.drained != nil {
		close(r.drained)
		r.drained = nil
	}
}

// enqueue lets an item be tried after a pause. It is called with r.mu held.
func (r *Releaser) enqueue(it *Item, pause time.Duration) {
	if it.queued || it.over {
		return
	}
	it.queued = true
	now := r.clock.Now()
	it.at = now.Add(pause)
	r.queue = append(r.queue, it)
	if pause > 0 {
		r.arm(now, it.at)
	} else if r.busy < workers {
		r.busy++
		go r.worker()
	}
}

// Wait waits until nothing is left to be released, or ctx ends. It reports whether all was done.
func (r *Releaser) Wait(ctx context.Context) bool {
	r.mu.Lock()
	if len(r.items) == 0 {
		r.mu.Unlock()
		return true
	}
	if r.drained == nil {
		r.drained = make(chan struct{})
	}
	drained := r.drained
	r.mu.Unlock()
	select {
	case <-drained:
		return true
	case <-ctx.Done():
		return false
	}
}

// TellLeft tells of what is not given back by now. The work on it goes on: it costs a timer while the server is away.
func (r *Releaser) TellLeft() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, it := range r.items {
		r.leftover(it)
	}
}
