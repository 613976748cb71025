// Package linear runs concurrent clients on a real server, writes down when each of their calls began and ended and what
// came of it, and asks porcupine whether one lock, that does one thing at a time, could have answered all that: whether the
// history is linearizable.
//
// The check is of what a program sees: not that the server keeps to itself what it has granted, but that nobody is given a
// lock that the SDK has promised to somebody else. So a lock that is left to run out may be granted anew from its Deadline
// on, and not before.
package linear

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// Kind is what happened to a lock.
type Kind uint8

// The kinds of operations. Those of a lock carry its fence; those of other programs carry a number of their own, which is
// negative.
const (
	Granted  Kind = iota // Lock or TryLock gave it: it was free, and the fence is higher than any before
	Held                 // TryLock or SET NX was refused: somebody has it
	Extended             // it was ours, and still is
	Unlocked             // it was ours, and is free now
	Lost                 // it was not ours any more
	Ended                // from some moment on it is not ours any more: its lease has ended, or the outcome is unknown
	Stolen               // a SET without NX: it belongs to another program now
	Taken                // a SET NX was done: it was free
	Deleted              // a DEL found it: it is free now
	Free                 // a DEL or Inspect found that nobody has it
	Seen                 // Inspect found that somebody has it
	Hidden               // perhaps it was handed to a waiter that lost it before it knew
)

var kindNames = [...]string{
	"granted", "held", "extended", "unlocked", "lost", "ended", "stolen", "taken", "deleted", "free", "seen",
	"hidden",
}

func (k Kind) String() string { return kindNames[k] }

// Event is an operation as the model knows it: its kind tells the call and its outcome.
type Event struct {
	Kind   Kind
	Holder int64 // a fence, or another program's number; 0 where it does not matter
}

func (e Event) String() string {
	if e.Holder == 0 {
		return e.Kind.String()
	}
	return fmt.Sprintf("%s %d", e.Kind, e.Holder)
}

// state is a lock: who has it, 0 if nobody, and the highest fence that was given out.
type state struct{ holder, fence int64 }

// Model is one lock for porcupine. Histories are of one lock each.
var Model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, input, _ any) (bool, any) {
		next, ok := s.(state).step(input.(Event))
		return ok, next
	},
	DescribeOperation: func(input, _ any) string { return input.(Event).String() },
	DescribeState: func(s any) string {
		return fmt.Sprintf("holder %d, highest fence %d", s.(state).holder, s.(state).fence)
	},
}

// step is what an event does to a lock, and whether it can happen to it.
func (s state) step(e Event) (state, bool) {
	switch e.Kind {
	case Granted:
		return state{e.Holder, e.Holder}, s.holder == 0 && e.Holder > s.fence
	case Held, Seen:
		return s, s.holder != 0
	case Extended:
		return s, s.holder == e.Holder
	case Unlocked:
		return state{0, s.fence}, s.holder == e.Holder
	case Lost:
		return s, s.holder != e.Holder
	case Ended:
		if s.holder == e.Holder {
			s.holder = 0
		}
		return s, true
	case Stolen:
		return state{e.Holder, s.fence}, true
	case Taken:
		return state{e.Holder, s.fence}, s.holder == 0
	case Deleted:
		return state{0, s.fence}, s.holder != 0
	case Hidden:
		if s.holder == 0 {
			s.holder = e.Holder
		}
		return s, true
	case Free:
		return s, s.holder == 0
	}
	return s, false
}
