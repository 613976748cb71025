// Package event carries what happens in the engine to whoever listens: the caller's own functions. They may be slow, panic
// or call the client, so none is called under a lock, or by a goroutine that others wait for.
package event

import (
	"context"
	"sync"
	"time"
)

// Kind is what happened.
type Kind uint8

// What can happen.
const (
	Enqueued      Kind = iota // the call found the lock taken, and waits
	Acquired                  // the call has the lock
	Refused                   // TryLock found it taken
	GaveUp                    // a wait ended without the lock
	HandedOff                 // a release gave the lock to a call of the same client
	Extended                  // the lease was raised
	ExtendFailed              // a renewal failed, and is tried again
	Lost                      // the lock is not ours any more
	Released                  // the lock was given back
	Abandoned                 // a lock that was renewed became unreachable
	Leftover                  // a release was given up: its lease ends by itself
	Retrying                  // a waiter found the server away, and asks again
	Muted                     // a message channel is not available, and is polled instead
	Unconfirmed               // Unlock ended the hold, and the server has not confirmed its release yet
	LeaderChanged             // an election of this client was won or lost
)

// Way is how a grant came.
type Way uint8

// The ways in which a grant comes.
const (
	ByAsking  Way = iota // the answer to the waiter's own question
	ByMessage            // the message of another client's release
	Directly             // the answer to a release of the same client
	Locally              // another call of this client passed its grant on, without asking the server
)

// Event is one thing that happened. Fields that mean nothing for its kind are zero.
type Event struct {
	Kind Kind
	Name string
	// Primitive is the word for the kind of lock.
	Primitive string
	Hold      uint64 // of a Holder that this client was granted; 0: none
	Way       Way
	Contended bool // the call had to wait
	Leader    bool
	Fence     int64
	Lease     time.Duration
	Waited    time.Duration
	Held      time.Duration
	Left      time.Duration
	Err       error
}

// Detach gives the values of a context, without its end.
func Detach(ctx context.Context) context.Context {
	if ctx.Done() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// Sink gets events. It must contain panics.
type Sink func(context.Context, Event)

// maxBacklog is how many events wait for a slow sink before those that may be missed are dropped.
const maxBacklog = 4096

// Background hands events to a sink in the order in which they were added, from a goroutine that exists while there
// are any: the engine's own goroutines never wait for the sink.
type Background struct {
	sink    Sink
	listens func(Kind) bool // nobody wants the others

	mu      sync.Mutex
	backlog []entry
	running bool
}

type entry struct {
	ctx context.Context
	e   Event
}

// NewBackground makes a Background.
func NewBackground(sink Sink, listens func(Kind) bool) *Background {
	return &Background{sink: sink, listens: listens}
}

// Add hands over an event. Renewals are dropped while the sink is thousands of events behind; losses never are.
func (b *Background) Add(ctx context.Context, e Event) {
	if !b.listens(e.Kind) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.backlog) >= maxBacklog && (e.Kind == Extended || e.Kind == ExtendFailed) {
		return
	}
	b.backlog = append(b.backlog, entry{ctx, e})
	if !b.running && len(b.backlog) > 0 {
		b.running = true
		go b.run()
	}
}

func (b *Background) run() {
	finished := false
	defer func() {
		if !finished { // runtime.Goexit in the sink: the others are told by another goroutine
			go b.run()
		}
	}()
	for {
		b.mu.Lock()
		if len(b.backlog) == 0 {
			b.backlog = nil
			b.running = false
			finished = true
			b.mu.Unlock()
			return
		}
		next := b.backlog[0]
		b.backlog[0] = entry{}
		b.backlog = b.backlog[1:]
		b.mu.Unlock()
		b.sink(next.ctx, next.e)
	}
}
