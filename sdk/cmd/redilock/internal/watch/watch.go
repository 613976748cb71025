// Package watch turns looks at a lock, one after the other, into what happened in between.
package watch

import (
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
)

// Kind is what happened.
type Kind string

// What can happen. Held and Free are what the first look finds.
const (
	Held     Kind = "held"
	Free     Kind = "free"
	Acquired Kind = "acquired"
	Handed   Kind = "handed"   // by its holder to one that waited
	Released Kind = "released" // before its lease was over
	Expired  Kind = "expired"  // gone, and its lease was over, as far as was known
	Missed   Kind = "missed"   // a grant, or several, that came and went between two looks
	Shrunk   Kind = "shrunk"   // a grant gave some of its permits back
	Used     Kind = "used"     // more or less is in use, of a semaphore with more holders than a look lists
	Waiting  Kind = "waiting"  // others wait now than did, or none
)

// Event is one thing that happened.
type Event struct {
	Kind      Kind
	Owner     string        // of the lock that was acquired, handed, released or expired; "": another program
	From      string        // of a lock that was handed: who had it
	Fence     int64         // of the grant
	Remaining time.Duration // of the lease; negative: no expiry
	Count     int64         // how many wait
	Weight    int64         // of the grant, in permits; 0: it is a mutex
	// What is in use after it, of how many permits, and of what kind of lock; "" for a mutex.
	Used, Limit int64
	Primitive   state.Primitive
}

// Look is the state of a lock at one moment.
type Look struct {
	Sent     time.Time // when it was asked for
	Answered time.Time // when the answer was there; zero: at once
	state.State
}

// First tells what the first look found.
func First(l Look) []Event {
	if l.Semaphore != nil && l.Held {
		return permits(Look{}, l, Held)
	}
	events := []Event{{Kind: Free, Fence: l.Fence}}
	if l.Held {
		events[0] = Event{Kind: Held, Owner: l.Owner, Fence: l.Fence, Remaining: l.Remaining}
	}
	if l.Queued > 0 {
		events = append(events, Event{Kind: Waiting, Count: l.Queued})
	}
	return events
}

// Between tells what happened between two looks.
//
// Every grant raises the fence, so a lock that was taken and given back while it is free in both is noticed, though nothing
// is known of who had it. Who is told apart from whom by owner and fence; two grants of another program that raises no
// fence are one here.
//
// Of a semaphore each holder is told by itself. What came and went while others hold it is not noticed.
func Between(before, after Look) []Event {
	if before.Semaphore != nil || after.Semaphore != nil {
		return permits(before, after, Acquired)
	}
	var events []Event
	add := func(e Event) { events = append(events, e) }
	same := before.Held && after.Held && before.Owner == after.Owner && before.Fence == after.Fence
	if !same {
		ended := ending(before, after)
		handed := after.Held && ended == Released && waited(before, after.Owner)
		if before.Held && !handed {
			add(Event{Kind: ended, Owner: before.Owner, Fence: before.Fence})
		}
		switch {
		case handed:
			add(Event{
				Kind: Handed, Owner: after.Owner, From: before.Owner, Fence: after.Fence, Remaining: after.Remaining,
			})
		case after.Held:
			add(Event{Kind: Acquired, Owner: after.Owner, Fence: after.Fence, Remaining: after.Remaining})
		case after.Fence > before.Fence:
			add(Event{Kind: Missed, Fence: after.Fence})
		}
	}
	if before.Queued != after.Queued {
		add(Event{Kind: Waiting, Count: after.Queued})
	}
	return events
}

// ending is how the lock was given up: its lease cannot have ended before what was left of it. The answer that it is gone
// may be from any time since it was asked for.
func ending(before, after Look) Kind { return endingOf(before.Remaining, before, after) }

func endingOf(left time.Duration, before, after Look) Kind {
	seen := after.Sent
	if after.Answered.After(seen) {
		seen = after.Answered
	}
	if left >= 0 && !seen.Before(before.Sent.Add(left)) {
		return Expired
	}
	return Released
}

// waited reports whether an owner stood in the queue.
func waited(l Look, owner string) bool {
	for _, w := range l.Waiters {
		if w.Owner == owner && owner != "" {
			return true
		}
	}
	return false
}
