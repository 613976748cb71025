package model

import (
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// fault finds what a call did wrong, by the promises first, then by the reference.
func (j *check) fault() *explore.Fault {
	if f := j.promises(); f != nil {
		return f
	}
	if j.wrong {
		return nil // what is answered then is one of several things; the promises bound it
	}
	if j.action.verb == verbInspect {
		return j.inspect()
	}
	want := j.config.call(j.action, &j.before, j.deaf)
	if j.out.reply.Code() == "OOM" {
		return j.refused()
	}
	if f := j.compare(&want); f != nil {
		return f
	}
	return j.retained(&want)
}

// refused checks that a call that was refused for want of memory changed nothing, but for dead waiters dropped.
func (j *check) refused() *explore.Fault {
	dropped := len(j.before.queue) - len(j.after.queue)
	if dropped < 0 || !sameQueue(j.before.queue[dropped:], j.after.queue) || j.after.left != j.before.left ||
		j.after.counter != j.before.counter {
		return fault("M9", "the call was refused, and yet it changed something: %s", j.states(&j.after))
	}
	for _, w := range j.before.queue[:dropped] {
		if j.alive(w) {
			return fault("M4", "the call was refused, and yet %s lost its place", j.name(int(w.token)))
		}
	}
	return nil
}

// compare holds the call to the reference.
func (j *check) compare(want *expected) *explore.Fault {
	if code := want.answer.code; code != "" && code != j.out.reply.Code() {
		return fault("reply", "it answers %s, not the error %s", j.out.reply, code)
	} else if text := j.config.show(&want.answer); code == "" && text != j.out.reply.String() {
		return fault("reply", "it answers %s, not %s", j.out.reply, text)
	}
	a, b := &want.after, &j.after
	if a.holder != b.holder || a.holder != none && a.left != b.left || a.counter != b.counter ||
		!sameQueue(a.queue, b.queue) {
		return fault("state", "it leaves %s, not %s", j.states(b), j.states(a))
	}
	if len(want.sent) != len(j.out.published) {
		return fault("messages", "%d were published, not %d", len(j.out.published), len(want.sent))
	}
	for i, s := range want.sent {
		m := j.out.published[i]
		text := fmt.Sprintf("%s %d %d %d", j.config.tokenName(s.token), s.fence, s.lease, s.owned)
		if m.client != s.client || m.payload != text {
			return fault("messages", "client %d was sent %q, not client %d %q", m.client, m.payload, s.client, text)
		}
	}
	return nil
}

// show prints an answer as a reply is printed.
func (c *Config) show(a *answer) string {
	if a.code != "" {
		return "the error " + a.code
	}
	items := []resp.Reply{resp.String(a.tag)}
	if a.token != none {
		items = append(items, resp.String(c.tokenName(a.token)))
	}
	if a.fence != fenceNone {
		items = append(items, resp.Integer(a.number))
	}
	for _, n := range a.numbers {
		items = append(items, resp.Integer(int64(n)))
	}
	if a.owned > 0 {
		items = append(items, resp.Integer(int64(a.owned)))
	}
	return resp.Array(items...).String()
}

// states prints a lock.
func (j *check) states(l *lockState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s as the holder", j.name(l.holder))
	if l.holder != none {
		fmt.Fprintf(&b, " (%d ms left)", l.left)
	}
	for i, w := range l.queue {
		fmt.Fprintf(&b, ", %d. %s (presence %d ms, grant %d ms of %d numbers, %s)",
			i+1, j.name(int(w.token)), w.left, w.lease, w.fences, wakeNames[w.wake])
	}
	fmt.Fprintf(&b, ", the fence counter at %d", l.counter)
	return b.String()
}

// inspect holds the script that only reads to what the state is.
func (j *check) inspect() *explore.Fault {
	l := &j.before
	holder, left := "", -2
	if l.holder == holderForeign {
		holder, left = foreignName, l.left
	} else if l.holder != none {
		holder, left = j.config.tokenName(l.holder), l.left
	}
	waiters := make([]resp.Reply, len(l.queue))
	for i, w := range l.queue {
		left := presenceLeft(w, j.config.epoch())
		waiters[i] = resp.Array(resp.String(j.config.tokenName(int(w.token))), resp.Integer(left))
	}
	want := resp.Array(resp.String("STATUS"), resp.String(holder), resp.Integer(int64(left)), resp.Integer(l.counter),
		resp.Integer(j.config.clock()), resp.Integer(int64(len(l.queue))), resp.Array(waiters...))
	if !want.Equal(j.out.reply) {
		return fault("reply", "it answers %s, not %s", j.out.reply, want)
	}
	return nil
}

// presenceLeft is what a reply says is left of a presence.
func presenceLeft(w waiter, now int64) int64 {
	if w.left == farAhead {
		return min(presentForever-now, longestMS)
	}
	return int64(max(w.left, 0))
}

// longestMS is the longest time that a reply tells of.
const longestMS = 1<<31 - 1

// repeated checks M3 on the reference, to which every call is held: the same call once more, at once, answers the same
// and changes nothing.
func (c *Config) repeated(a *action, first *expected, deaf uint) *explore.Fault {
	if first.unfinished {
		return nil // the next call sweeps on
	}
	second := c.call(a, &first.after, deaf)
	x, y := &first.after, &second.after
	if x.holder != y.holder || x.holder != none && x.left != y.left || x.counter != y.counter ||
		!sameQueue(x.queue, y.queue) {
		return fault("M3", "a repeated call changes the state")
	}
	once := first.answer
	once.owned = min(once.owned, 1) // what a lost reply reserved is not used
	same := c.show(&once) == c.show(&second.answer)
	switch tag := second.answer.tag; {
	case second.answer.fence == fenceNew || len(second.sent) > 0:
		return fault("M3", "a repeated call grants again")
	case same:
	case a.verb == verbRelease && a.successor == none && tag == "NOTHELD":
	case a.verb == verbRelease && a.successor != none && tag == "RELEASED" && y.place(a.successor) >= 0:
	case a.verb == verbRelease && a.successor != none && tag == "HANDED" && y.holder == a.successor:
	default:
		return fault("M3", "a repeated call answers %s after %s", c.show(&second.answer), c.show(&first.answer))
	}
	return nil
}
