// Package state asks for the state of a name, whatever kind of lock it is.
package state

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Primitive is a kind of lock.
type Primitive string

// The kinds, by the words that the metrics of the SDK have for them. On the server an RWMutex is a semaphore with the
// largest limit.
const (
	Unknown   Primitive = ""
	Mutex     Primitive = "mutex"
	Semaphore Primitive = "semaphore"
	RWMutex   Primitive = "rwmutex"
)

// Counts reports whether several may hold a lock of this kind at once.
func (p Primitive) Counts() bool { return p == Semaphore || p == RWMutex }

// Most is the largest limit, and the weight of a writer.
const Most = math.MaxInt32

// State is what the server knows of a name. Where several may hold it, owner, fence and times of Status are those of the
// grant that has been held the longest.
type State struct {
	redilock.Status
	Primitive Primitive                 // Unknown: nobody holds it, and nothing tells
	Semaphore *redilock.SemaphoreStatus // nil: it is a mutex, or unknown
}

// Busy reports whether somebody holds the lock, or waits for it.
func (s State) Busy() bool { return s.Held || s.Queued > 0 }

// Used is how much of the lock is in use, for people; "" for a mutex, and where nobody holds it and nobody knows its limit.
func (s State) Used() string {
	switch {
	case s.Semaphore == nil, !s.Held && s.Semaphore.Limit == 0:
		return ""
	case s.Primitive == RWMutex:
		return readers(s.Semaphore)
	case s.Semaphore.Limit == 0: // the record of it is lost
		return fmt.Sprintf("%d/?", s.Semaphore.Used)
	default:
		return fmt.Sprintf("%d/%d", s.Semaphore.Used, s.Semaphore.Limit)
	}
}

func readers(s *redilock.SemaphoreStatus) string {
	switch {
	case len(s.Holders) == 0:
		return ""
	case s.Holders[0].Weight == Most:
		return "writer"
	case s.Held == 1:
		return "1 reader"
	default:
		return fmt.Sprintf("%d readers", s.Held)
	}
}

// Weight is what one grant of a semaphore or an RWMutex takes, in words.
func Weight(p Primitive, weight int64) string {
	switch {
	case weight == 0:
		return "no record"
	case p != RWMutex:
		return fmt.Sprintf("weight %d", weight)
	case weight == Most:
		return "writer"
	default:
		return "reader"
	}
}

// Others is how many hold it besides the one that Status tells of.
func (s State) Others() int64 {
	if s.Semaphore == nil || !s.Held {
		return 0
	}
	return max(s.Semaphore.Held-1, 0)
}

// maxRounds bounds how often a name is asked about that changes its kind all the time.
const maxRounds = 3

// Ask asks for the state of a name. Whoever knows of what kind it is saves a call: a mutex that is free is asked for its
// permits only if the kind is Unknown, because there may be calls that wait for some. The error is that of
// [redilock.Client.Inspect].
func Ask(ctx context.Context, c *redilock.Client, name string, kind Primitive) (State, error) {
	if kind.Counts() {
		s, err := askSemaphore(ctx, c, name)
		if err == nil && s.Busy() || err != nil && !errors.Is(err, redilock.ErrWrongType) {
			return s, err
		}
	}
	var wrong error
	for range maxRounds {
		m, err := c.Inspect(ctx, name)
		switch {
		case err == nil && (m.Held || m.Queued > 0):
			return State{Status: m, Primitive: Mutex}, nil
		case err == nil && kind == Mutex:
			return State{Status: m}, nil
		case err != nil && !errors.Is(err, redilock.ErrWrongType):
			return State{}, err
		}
		wrong = err
		s, err := askSemaphore(ctx, c, name)
		switch {
		case err == nil && s.Busy():
			return s, nil
		case wrong == nil && (err == nil || errors.Is(err, redilock.ErrWrongType) || errors.Is(err, redilock.ErrDenied)):
			return free(m, s, kind), nil
		case err != nil:
			return State{}, err
		}
		// A sorted set that nobody holds: it is no semaphore, or it was given back between the two questions.
	}
	return State{}, wrong
}

// free is the state of a name that nobody holds. Its kind is what the caller knows, or what is left of a semaphore.
func free(m redilock.Status, s State, kind Primitive) State {
	switch {
	case s.Semaphore == nil || s.Semaphore.Limit == 0 && !kind.Counts():
		return State{Status: m}
	case s.Semaphore.Limit == 0:
		s.Primitive = kind
	}
	s.Fence = m.Fence
	return s
}

// askSemaphore gives no Semaphore with an error.
func askSemaphore(ctx context.Context, c *redilock.Client, name string) (State, error) {
	all, err := c.InspectSemaphore(ctx, name)
	if err != nil {
		return State{}, err
	}
	return OfSemaphore(all), nil
}

// OfSemaphore is the state of a semaphore or an RWMutex.
func OfSemaphore(all redilock.SemaphoreStatus) State {
	s := State{Primitive: Semaphore, Semaphore: &all, Status: redilock.Status{
		Name: all.Name, Key: all.Key, Held: len(all.Holders) > 0, Queued: all.Queued,
		Waiters: make([]redilock.Waiter, len(all.Waiters)),
	}}
	if all.Limit == Most {
		s.Primitive = RWMutex
	}
	for i, h := range all.Holders {
		if i == 0 || h.Fence > 0 && (s.Fence == 0 || h.Fence < s.Fence) {
			s.Owner, s.Fence, s.Remaining, s.HeldFor = h.Owner, h.Fence, h.Remaining, h.HeldFor
		}
	}
	for i, w := range all.Waiters {
		s.Waiters[i] = redilock.Waiter{Owner: w.Owner, Presence: w.Presence}
	}
	return s
}
