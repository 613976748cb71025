package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// Fault is what a call did wrong.
type Fault struct {
	Promise string // M1 to M10 of the design; or what the call should have answered
	Text    string
}

func (f *Fault) Error() string { return f.Promise + ": " + f.Text }

func fault(promise, format string, args ...any) *Fault {
	return &Fault{promise, fmt.Sprintf(format, args...)}
}

// judged is a call with all that there is to judge it by.
type judged struct {
	config *Config
	action *action
	before lockState
	after  lockState
	out    outcome
	deaf   uint

	memory, damaged, wrong bool // before: out of memory; companions were deleted or broken; a key is of a wrong type
	wrongLock              bool // the lock itself is
	queueLeft, waitersLeft int64
	fenceLeft              int64
	counter                int64 // after; 0 if there is none
	loose                  string
}

// promises checks what must hold whatever the reference says.
func (j *judged) promises() *Fault {
	for _, check := range []func() *Fault{
		j.oneHolder, j.toldIsTrue, j.fencesGrow, j.firstComeFirstServed, j.handsOn, j.neverShorter, j.goodError,
		j.nothingLeft,
	} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (j *judged) name(holder int) string {
	switch holder {
	case none:
		return "nobody"
	case holderForeign:
		return "another program"
	}
	return j.config.tokenName(holder)
}

// oneHolder is M1: nobody but the holder itself gives the lock away.
func (j *judged) oneHolder() *Fault {
	if j.before.holder == none || j.after.holder == j.before.holder {
		return nil
	}
	if j.action.verb == verbRelease && j.action.token == j.before.holder {
		return nil
	}
	return fault("M1", "%s held the lock, did not release it, and now %s has it",
		j.name(j.before.holder), j.name(j.after.holder))
}

// toldIsTrue is M1 from where a client stands: who is told that it holds the lock does, for as long as it was told.
func (j *judged) toldIsTrue() *Fault {
	holds := func(token, lease int) *Fault {
		if j.after.holder != token || j.after.left != forever && j.after.left < lease {
			return fault("M1", "%s was told that it holds the lock for %d ms, but %s has it for %d ms",
				j.name(token), lease, j.name(j.after.holder), j.after.left)
		}
		return nil
	}
	items := j.out.reply.Items
	number := func(i int) int { return int(items[i].Integer) }
	switch tag := j.tag(); {
	case (tag == "GRANTED" || tag == "EXTENDED") && len(items) == 3:
		return holds(j.action.token, number(2))
	case tag == "HANDED" && len(items) == 4:
		return holds(j.config.tokenOf(items[1].Text), number(3))
	case tag == "RELEASED" || tag == "LEFT" || tag == "NOTHELD":
		if j.after.holder == j.action.token {
			return fault("M1", "%s was told %s, but it has the lock", j.name(j.action.token), tag)
		}
	}
	for _, m := range j.out.published {
		if m.received {
			words := strings.Fields(m.payload)
			lease, err := strconv.Atoi(words[len(words)-1])
			if len(words) != 3 || err != nil {
				return fault("M5", "the message %q is not a token, a fence and a lease", m.payload)
			}
			return holds(j.config.tokenOf(words[0]), lease)
		}
	}
	return nil
}

func (j *judged) tag() string {
	if j.out.reply.Kind == resp.KindArray && len(j.out.reply.Items) > 0 {
		return j.out.reply.Items[0].Text
	}
	return ""
}

// granted is who got the lock by this call, or none.
func (j *judged) granted() int {
	released := j.action.verb == verbRelease && j.action.token == j.before.holder
	if j.after.holder == none || j.after.holder == j.before.holder && !released {
		return none
	}
	return j.after.holder
}

// fencesGrow is M2: every fence that anybody is told of a new grant is higher than all before.
func (j *judged) fencesGrow() *Fault {
	last := j.config.counter()
	grows := func(f int64) *Fault {
		if f <= last || f > 1<<53-1 {
			return fault("M2", "the fence %d does not follow on %d", f, last)
		}
		last = f
		return nil
	}
	for _, m := range j.out.published {
		words := strings.Fields(m.payload)
		if len(words) != 3 {
			return fault("M5", "the message %q is not a token, a fence and a lease", m.payload)
		}
		n, ok := integer(words[1])
		if !ok {
			return fault("M2", "the message %q has no fence", m.payload)
		}
		if f := grows(n); f != nil {
			return f
		}
	}
	if j.granted() == none || j.wrong {
		return nil
	}
	if j.counter <= j.config.counter() || j.counter < last {
		return fault("M2", "%s got the lock, and the fence counter is at %d after %d",
			j.name(j.granted()), j.counter, last)
	}
	return nil
}

// firstComeFirstServed is M4: who got the lock stood before all live waiters.
func (j *judged) firstComeFirstServed() *Fault {
	who := j.granted()
	if who == none || j.wrong {
		return nil
	}
	for _, w := range j.before.queue {
		if int(w.token) == who {
			return nil
		}
		if j.alive(w) {
			return fault("M4", "%s got the lock before %s, which waits for longer", j.name(who), j.name(int(w.token)))
		}
	}
	return nil
}

// alive says whether a waiter had to be granted the lock at its turn.
func (j *judged) alive(w waiter) bool {
	a := j.action
	if int(w.token) == a.token {
		return a.verb == verbAcquire
	}
	if a.verb == verbRelease && int(w.token) == a.successor {
		return true // its process lives
	}
	if w.left < 0 {
		return false
	}
	told := a.verb == verbRelease && a.token == j.before.holder && a.channel && int(w.channel) == a.token/j.config.Tokens
	return w.wake != wakePush || told || j.deaf&(1<<w.channel) == 0
}

// handsOn is M5: a release does not leave the lock to nobody while somebody waits, nor does an acquire, or who leaves a
// queue alone.
func (j *judged) handsOn() *Fault {
	a := j.action
	left := a.verb == verbRelease && j.before.holder == none && a.successor == none && j.before.place(a.token) >= 0
	released := a.verb == verbRelease && j.before.holder == a.token
	acquires := a.verb == verbAcquire && j.before.holder == none
	if j.after.holder != none || j.wrong || j.memory || !left && !released && !acquires {
		return nil
	}
	for i, w := range j.before.queue {
		if i == j.config.sweep() {
			return nil
		}
		if j.alive(w) {
			return fault("M5", "%s waits, and nobody got the lock", j.name(int(w.token)))
		}
	}
	return nil
}

// neverShorter is M7.
func (j *judged) neverShorter() *Fault {
	if j.before.holder == none || j.after.holder != j.before.holder || j.granted() != none {
		return nil
	}
	switch {
	case j.before.left == forever && (j.after.left == forever || j.before.holder != holderForeign):
	case j.before.left != forever && (j.after.left == forever || j.after.left >= j.before.left):
	default:
		return fault("M7", "the lease of %s went from %d ms to %d ms", j.name(j.after.holder), j.before.left, j.after.left)
	}
	return nil
}

// goodError is M8 and M9: an error has a code, comes with no grant, and not from a release for want of memory.
func (j *judged) goodError() *Fault {
	code, text := j.out.reply.Code(), j.out.reply.Text
	switch {
	case code == "":
		return nil
	case strings.Contains(text, "script:") || code == "ERR":
		return fault("M9", "a run-time error: %s", text)
	case j.granted() != none:
		return fault("M9", "the answer is the error %q, but %s got the lock", text, j.name(j.granted()))
	case code == "WRONGTYPE" && j.wrong:
		return nil
	case code == "OOM" && j.memory:
		holds := j.action.verb == verbRelease &&
			(j.before.holder == j.action.token || j.before.place(j.action.token) >= 0)
		if !holds {
			return nil
		}
		return fault("M8", "%s cannot give back what it has: %s", j.name(j.action.token), text)
	}
	return fault("M9", "an error without a reason: %s", text)
}

// nothingLeft is M10: one token has one place; and what nobody needs any more is gone.
func (j *judged) nothingLeft() *Fault {
	if j.after.holder >= 0 && j.after.place(j.after.holder) >= 0 {
		return fault("M10", "%s has the lock, and stands in the queue as well", j.name(j.after.holder))
	}
	if a := j.action; a.verb == verbRelease && !j.wrong && j.after.place(a.token) >= 0 {
		return fault("M10", "%s has left, and stands in the queue", j.name(a.token))
	}
	if j.loose != "" && !j.damaged {
		return fault("M10", "%s", j.loose)
	}
	return nil
}

// retained checks that what the call touched lives on for as long as it must.
func (j *judged) retained(e *expected) *Fault {
	if e.stood && (j.queueLeft != queueRetain || j.waitersLeft != queueRetain) {
		return fault("M10", "after somebody was queued the queue lives for %d ms and the waiters' records for %d, not %d",
			j.queueLeft, j.waitersLeft, queueRetain)
	}
	fresh := !j.before.counter && j.after.counter || j.tag() == "EXTENDED"
	if fresh && j.fenceLeft != fenceRetain {
		return fault("M10", "the fence counter lives for %d ms more, not %d", j.fenceLeft, fenceRetain)
	}
	return nil
}

// sameQueue compares two queues.
func sameQueue(a, b []waiter) bool { return slices.Equal(a, b) }
