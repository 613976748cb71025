// Package linear runs concurrent clients of one semaphore on a real server, by the scripts themselves, and asks porcupine
// whether a semaphore that does one call at a time could have answered all that.
//
// The model does in plain Go what the protocol says: permits, the queue, and who is admitted by which call. So a history is
// refused if there were too many permits in use at any moment, if somebody was overtaken, or if a call found no room where
// there was. A lease that is left to run out may end from so long after the call on that got it, and has ended so long after
// the answer.
package linear

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// kind is what was asked, and what came of it.
type kind uint8

const (
	granted  kind = iota // an acquire: it holds now
	queued               // an acquire: it waits, at its place
	held                 // an acquire that does not wait: others have or want what there is
	released             // it was ours; the successor holds, waits, or there is none
	left                 // it waited
	lost                 // a release: it neither held nor waited
	extended             // it is ours
	gone                 // an extend or a shrink: it is not ours
	shrunk               // it holds so many
	ended                // its lease has ended
)

var kindNames = [...]string{
	"granted", "queued", "held", "released", "left", "lost", "extended", "gone", "shrunk", "ended",
}

// event is an operation as the model knows it. Grants have numbers in a window.
type event struct {
	kind   kind
	grant  uint8
	weight uint8
	fence  int64
	next   uint8 // of a release: the successor's grant; 0: none
	wants  uint8 // its weight
	place  uint8 // at which it waits; 0: it holds
	told   int64 // its fence then
}

func (e event) String() string {
	text := fmt.Sprintf("%s %d", kindNames[e.kind], e.grant)
	if e.weight > 0 {
		text += fmt.Sprintf(" (of %d)", e.weight)
	}
	if e.fence > 0 {
		text += fmt.Sprintf(" fence %d", e.fence)
	}
	if e.next > 0 {
		text += fmt.Sprintf(", next %d (of %d) at place %d, fence %d", e.next, e.wants, e.place, e.told)
	}
	return text
}

// limit is how many permits there are.
const limit = 3

// grants is how many a window has at the most.
const grants = 64

// state is a semaphore.
type state struct {
	weights [grants]uint8 // of those that hold
	floor   [grants]int64 // when it was granted: a number that its fence is above
	queue   [8]uint8      // grants that wait; 0: the end
	wants   [8]uint8      // their weights
	last    int64         // the highest fence that anybody was told
}

func (s *state) used() int {
	n := 0
	for _, weight := range s.weights {
		n += int(weight)
	}
	return n
}

func (s *state) grant(g, weight uint8) { s.weights[g], s.floor[g] = weight, s.last }

// admit grants to those that wait, in their order, while they fit.
func (s *state) admit() {
	for s.queue[0] != 0 && s.used()+int(s.wants[0]) <= limit {
		s.grant(s.queue[0], s.wants[0])
		s.remove(0)
	}
}

func (s *state) remove(at int) {
	copy(s.queue[at:], s.queue[at+1:])
	copy(s.wants[at:], s.wants[at+1:])
	s.queue[len(s.queue)-1] = 0
}

// place is where a grant waits, from 1; 0: nowhere.
func (s *state) place(g uint8) uint8 { return uint8(slices.Index(s.queue[:], g) + 1) }

// stand puts a grant at the tail, unless it waits already.
func (s *state) stand(g, weight uint8) uint8 {
	if place := s.place(g); place > 0 {
		return place
	}
	at := slices.Index(s.queue[:], 0)
	s.queue[at], s.wants[at] = g, weight
	return uint8(at + 1)
}

// hears has somebody told of a fence: whether it can be that of a grant.
func (s *state) hears(g uint8, fence int64) bool {
	ok := fence > s.floor[g]
	s.last = max(s.last, fence)
	return ok
}

// acquire is what an acquire does: it says whether it holds, and where it waits.
func (s *state) acquire(g, weight uint8, waits bool) (holds bool, place uint8) {
	if s.weights[g] > 0 {
		return true, 0
	}
	s.admit()
	if s.weights[g] == 0 && s.queue[0] == 0 && s.used()+int(weight) <= limit {
		s.grant(g, weight)
	}
	if s.weights[g] == 0 && waits {
		place = s.stand(g, weight)
	}
	return s.weights[g] > 0, place
}

// release is what a release does beside what it answers of its own.
func (s *state) release(e event) bool {
	s.weights[e.grant] = 0
	s.admit()
	if e.next == 0 {
		return true
	}
	holds, place := s.acquire(e.next, e.wants, true)
	return holds == (e.place == 0) && place == e.place && (!holds || s.hears(e.next, e.told))
}

// step is what an event does, and whether it can happen.
func (s state) step(e event) (state, bool) {
	ours := s.weights[e.grant] > 0
	switch e.kind {
	case granted:
		holds, _ := s.acquire(e.grant, e.weight, false)
		return s, holds && s.hears(e.grant, e.fence)
	case queued:
		holds, place := s.acquire(e.grant, e.weight, true)
		return s, !holds && place == e.place
	case held:
		holds, _ := s.acquire(e.grant, e.weight, false)
		return s, !holds
	case released:
		return s, s.release(e) && ours
	case left:
		place := s.place(e.grant)
		if place == 0 || ours {
			return s, false
		}
		s.remove(int(place) - 1)
		s.admit()
		return s, true
	case lost:
		s.admit()
		return s, !ours && s.place(e.grant) == 0
	case extended:
		return s, ours && s.hears(e.grant, e.fence)
	case gone:
		return s, !ours
	case shrunk:
		if !ours || e.weight > s.weights[e.grant] {
			return s, false
		}
		s.weights[e.grant] = e.weight
		s.admit()
		return s, true
	case ended:
		s.weights[e.grant] = 0
		return s, true
	}
	return s, false
}

// model is one semaphore for porcupine. Histories are of one each.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, input, _ any) (bool, any) {
		next, ok := s.(state).step(input.(event))
		return ok, next
	},
	DescribeOperation: func(input, _ any) string { return input.(event).String() },
	DescribeState: func(s any) string {
		now := s.(state)
		return fmt.Sprintf("%d in use, %v wait, highest fence %d", now.used(), now.queue, now.last)
	},
}
