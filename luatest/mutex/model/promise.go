package model

import (
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// check is a call with all that there is to judge it by.
type check struct {
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
	loose                  string
}

// promises checks what must hold whatever the reference says.
func (j *check) promises() *explore.Fault {
	for _, check := range []func() *explore.Fault{
		j.oneHolder, j.toldIsTrue, j.fencesGrow, j.firstComeFirstServed, j.handsOn, j.neverShorter, j.goodError,
		j.nothingLeft,
	} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (j *check) name(holder int) string {
	switch holder {
	case none:
		return "nobody"
	case holderForeign:
		return "another program"
	}
	return j.config.tokenName(holder)
}

// oneHolder is M1: nobody but the holder itself gives the lock away.
func (j *check) oneHolder() *explore.Fault {
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
func (j *check) toldIsTrue() *explore.Fault {
	holds := func(token, lease int) *explore.Fault {
		if j.after.holder != token || j.after.left != forever && j.after.left < lease {
			return fault("M1", "%s was told that it holds the lock for %d ms, but %s has it for %d ms",
				j.name(token), lease, j.name(j.after.holder), j.after.left)
		}
		return nil
	}
	items := j.out.reply.Items
	number := func(i int) int { return int(items[i].Integer) }
	switch tag := j.tag(); {
	case tag == "GRANTED" && len(items) == 4, tag == "EXTENDED" && len(items) == 3:
		return holds(j.action.token, number(2))
	case tag == "HANDED" && len(items) == 5:
		return holds(j.config.tokenOf(items[1].Text), number(3))
	case tag == "RELEASED" || tag == "LEFT" || tag == "NOTHELD":
		if j.after.holder == j.action.token {
			return fault("M1", "%s was told %s, but it has the lock", j.name(j.action.token), tag)
		}
	}
	for _, m := range j.out.published {
		if m.received {
			token, lease, _, err := readMessage(m.payload)
			if err != nil {
				return err
			}
			return holds(j.config.tokenOf(token), lease)
		}
	}
	return nil
}

func (j *check) tag() string {
	if j.out.reply.Kind == resp.KindArray && len(j.out.reply.Items) > 0 {
		return j.out.reply.Items[0].Text
	}
	return ""
}

// granted is who got the lock by this call, or none.
func (j *check) granted() int {
	released := j.action.verb == verbRelease && j.action.token == j.before.holder
	if j.after.holder == none || j.after.holder == j.before.holder && !released {
		return none
	}
	return j.after.holder
}

// readMessage reads what a waiter is sent.
func readMessage(payload string) (token string, lease int, g grant, err *explore.Fault) {
	words := strings.Fields(payload)
	if len(words) != 4 {
		return "", 0, g, fault("M5", "the message %q is not a token, a fence, a lease and how many fences", payload)
	}
	var n [3]int64
	for i := range n {
		var ok bool
		if n[i], ok = explore.Integer(words[i+1]); !ok {
			return "", 0, g, fault("M5", "the message %q has no numbers", payload)
		}
	}
	return words[0], int(n[1]), grant{n[0], int(n[2])}, nil
}

// fencesGrow is M2: no number is owned by two grants, and all that a grant owns are higher than those of all grants
// before, whether the caller knew of them or not. Who is told of its grant once more owns no more numbers by that.
func (j *check) fencesGrow() *explore.Fault {
	last := j.config.counter()
	grows := func(g grant) *explore.Fault {
		first := g.fence - int64(g.owned) + 1
		if g.owned < 1 || first <= last || g.fence > fenceLimit {
			return fault("M2", "a grant owns %d numbers up to %d, and others had those up to %d", g.owned, g.fence, last)
		}
		last = g.fence
		return nil
	}
	for _, m := range j.out.published {
		_, _, g, err := readMessage(m.payload)
		if err == nil {
			err = grows(g)
		}
		if err != nil {
			return err
		}
	}
	if j.wrong {
		return nil
	}
	granted, items, at := j.granted(), j.out.reply.Items, 1
	if j.tag() == "HANDED" {
		at = 2
	}
	if tag := j.tag(); (tag == "GRANTED" || tag == "HANDED") && len(items) == at+3 {
		g := grant{items[at].Integer, int(items[at+2].Integer)}
		switch {
		case granted == none && g.owned != 1:
			return fault("M2", "%s is told of its grant once more, and owns %d numbers", j.name(j.after.holder), g.owned)
		case granted != none:
			if f := grows(g); f != nil {
				return f
			}
		}
	}
	if granted != none && (j.after.counter <= j.config.counter() || j.after.counter < last) {
		return fault("M2", "%s got the lock, and the fence counter is at %d after %d", j.name(granted),
			j.after.counter, last)
	}
	return nil
}

// firstComeFirstServed is M4: who got the lock stood before all live waiters, or took the place of one that did.
func (j *check) firstComeFirstServed() *explore.Fault {
	who := j.granted()
	if who == none || j.wrong {
		return nil
	}
	a := j.action
	inherits := a.verb == verbRelease && a.token != j.before.holder && a.successor == who && j.before.place(who) < 0
	for _, w := range j.before.queue {
		if int(w.token) == who || inherits && int(w.token) == a.token {
			return nil
		}
		if j.alive(w) {
			return fault("M4", "%s got the lock before %s, which waits for longer", j.name(who), j.name(int(w.token)))
		}
	}
	return nil
}

// alive says whether a waiter had to be granted the lock at its turn.
func (j *check) alive(w waiter) bool {
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
func (j *check) handsOn() *explore.Fault {
	a := j.action
	left := a.verb == verbRelease && j.before.holder == none && j.before.place(a.token) >= 0
	released := a.verb == verbRelease && j.before.holder == a.token
	acquires := a.verb == verbAcquire && j.before.holder == none && !j.memory
	if j.after.holder != none || j.wrong || j.before.counter >= fenceLimit || !left && !released && !acquires {
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
func (j *check) neverShorter() *explore.Fault {
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

// goodError is M8 and M9: an error has a code, comes with no grant, and is no refusal of a release or of an extend for want
// of memory.
func (j *check) goodError() *explore.Fault {
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
	case code == "BADFENCE" && j.before.counter >= fenceLimit:
		return nil
	case code == "OOM" && j.memory:
		if j.refusable() {
			return nil
		}
		return fault("M8", "%s is refused for want of memory: %s", j.name(j.action.token), text)
	}
	return fault("M9", "an error without a reason: %s", text)
}

// refusable says whether a call may be refused for want of memory. Whoever has the lock is told so, and may extend it and
// give it back, as may whoever waits.
func (j *check) refusable() bool {
	return j.action.verb == verbAcquire && (j.before.holder != j.action.token || j.before.counter == 0)
}

// nothingLeft is M10: one token has one place; and what nobody needs any more is gone.
func (j *check) nothingLeft() *explore.Fault {
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

// retained checks that what the call touched lives on for as long as it must. The first grant of a slot of time renews
// it; the others leave at least what that one left. Whatever is not a grant renews it always.
func (j *check) retained(e *expected) *explore.Fault {
	granted := j.granted() != none
	queueLeast, fenceLeast := int64(queueRetain), max(fenceRetain, j.config.fenceKept())
	if j.config.Slot && granted {
		queueLeast = j.config.queueKept()
		if j.before.counter > 0 {
			fenceLeast = j.config.fenceKept()
		}
	}
	queued := len(j.after.queue) > 0
	if queued && (e.stood || granted) && (j.queueLeft < queueLeast || j.queueLeft > queueRetain) {
		return fault("M10", "the queue lives for %d ms, not %d to %d", j.queueLeft, queueLeast, queueRetain)
	}
	// With a key deleted before, the others in the queue may have no records. An expiry that is lacking is no state.
	if queued && (e.stood || granted) && j.waitersLeft >= 0 &&
		(j.waitersLeft < queueLeast || j.waitersLeft > queueRetain) {
		return fault("M10", "the waiters' records live for %d ms, not %d to %d", j.waitersLeft, queueLeast, queueRetain)
	}
	fenceMost := max(fenceRetain, j.config.fenceKept())
	if j.before.counter > 0 && !granted && e.answer.fence == fenceNone {
		fenceLeast = j.config.fenceKept()
	}
	if j.after.counter > 0 && (j.fenceLeft < fenceLeast || j.fenceLeft > fenceMost) {
		return fault("M2", "the fence counter lives for %d ms, not %d to %d", j.fenceLeft, fenceLeast, fenceMost)
	}
	return nil
}

// sameQueue compares two queues.
func sameQueue(a, b []waiter) bool { return slices.Equal(a, b) }
