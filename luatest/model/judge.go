package model

import (
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// judge finds what a call did wrong, by the promises first, then by the reference.
func (j *judged) judge() *Fault {
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
func (j *judged) refused() *Fault {
	dropped := len(j.before.queue) - len(j.after.queue)
	if dropped < 0 || !sameQueue(j.before.queue[dropped:], j.after.queue) || j.after.left != j.before.left {
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
func (j *judged) compare(want *expected) *Fault {
	if text := j.config.show(&want.answer, j.fenceOf(&want.answer)); text != j.out.reply.String() {
		return fault("reply", "it answers %s, not %s", j.out.reply, text)
	}
	if f := j.fence(&want.answer); f != nil {
		return f
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
		words := strings.Fields(m.payload) // three, or a promise would have complained
		if m.client != s.client || words[0] != j.config.tokenName(s.token) || words[2] != fmt.Sprint(s.lease) {
			return fault("messages", "client %d was sent %q, not %s's grant for %d ms to client %d",
				m.client, m.payload, j.name(s.token), s.lease, s.client)
		}
		if last := i == len(want.sent)-1; last && s.received && words[1] != fmt.Sprint(j.counter) {
			return fault("M2", "the message %q does not have the fence %d", m.payload, j.counter)
		}
	}
	return nil
}

// fenceOf is the fence that the reply has, so that it can be shown in what was wanted; fence judges it.
func (j *judged) fenceOf(want *answer) int64 {
	if want.fence == fenceNone {
		return 0
	}
	i := 1
	if want.tag == "HANDED" {
		i = 2
	}
	if len(j.out.reply.Items) <= i {
		return 0
	}
	return j.out.reply.Items[i].Integer
}

// fence judges the fence of a reply: that of the grant, which is the counter's.
func (j *judged) fence(want *answer) *Fault {
	f, last := j.fenceOf(want), j.config.counter()
	switch {
	case want.fence == fenceNone:
	case f != j.counter:
		return fault("M2", "the fence of the answer is %d, the counter is at %d", f, j.counter)
	case want.fence == fenceSame && f != last:
		return fault("M3", "the fence of the same grant went from %d to %d", last, f)
	case want.fence == fenceNew && f <= last:
		return fault("M2", "the fence %d does not follow on %d", f, last)
	case want.fence == fenceNew && !j.before.counter && f <= epochMS*1000:
		return fault("M2", "the fence of a new counter is %d, which is not after the clock's %d", f, int64(epochMS*1000))
	}
	return nil
}

// show prints an answer as a reply is printed.
func (c *Config) show(a *answer, fence int64) string {
	return c.reply(a, fence).String()
}

func (c *Config) reply(a *answer, fence int64) resp.Reply {
	items := []resp.Reply{resp.String(a.tag)}
	if a.token != none {
		items = append(items, resp.String(c.tokenName(a.token)))
	}
	if a.fence != fenceNone {
		items = append(items, resp.Integer(fence))
	}
	for _, n := range a.numbers {
		items = append(items, resp.Integer(int64(n)))
	}
	return resp.Array(items...)
}

// states prints a lock.
func (j *judged) states(l *lockState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s as the holder", j.name(l.holder))
	if l.holder != none {
		fmt.Fprintf(&b, " (%d ms left)", l.left)
	}
	for i, w := range l.queue {
		fmt.Fprintf(&b, ", %d. %s (presence %d ms, grant %d ms, %s)",
			i+1, j.name(int(w.token)), w.left, w.lease, wakeNames[w.wake])
	}
	if !l.counter {
		b.WriteString(", no fence counter")
	}
	return b.String()
}

// inspect holds the script that only reads to what the state is.
func (j *judged) inspect() *Fault {
	l := &j.before
	holder, left := "", -2
	if l.holder == holderForeign {
		holder, left = foreignName, l.left
	} else if l.holder != none {
		holder, left = j.config.tokenName(l.holder), l.left
	}
	counter := int64(0)
	if l.counter {
		counter = j.config.counter()
	}
	waiters := make([]resp.Reply, len(l.queue))
	for i, w := range l.queue {
		waiters[i] = resp.Array(resp.String(j.config.tokenName(int(w.token))), resp.Integer(int64(max(w.left, 0))))
	}
	want := resp.Array(resp.String("STATUS"), resp.String(holder), resp.Integer(int64(left)), resp.Integer(counter),
		resp.Integer(int64(len(l.queue))), resp.Array(waiters...))
	if !want.Equal(j.out.reply) {
		return fault("reply", "it answers %s, not %s", j.out.reply, want)
	}
	return nil
}

// repeated checks M3 on the reference, to which every call is held: the same call once more, at once, answers the same
// and changes nothing.
func (c *Config) repeated(a *action, first *expected, deaf uint) *Fault {
	if first.unfinished {
		return nil // the next call sweeps on
	}
	second := c.call(a, &first.after, deaf)
	x, y := &first.after, &second.after
	if x.holder != y.holder || x.holder != none && x.left != y.left || !sameQueue(x.queue, y.queue) {
		return fault("M3", "a repeated call changes the state")
	}
	same := c.show(&first.answer, 0) == c.show(&second.answer, 0)
	switch tag := second.answer.tag; {
	case second.answer.fence == fenceNew || len(second.sent) > 0:
		return fault("M3", "a repeated call grants again")
	case same:
	case a.verb == verbRelease && a.successor == none && tag == "NOTHELD":
	case a.verb == verbRelease && a.successor != none && tag == "RELEASED" && y.place(a.successor) >= 0:
	case a.verb == verbRelease && a.successor != none && tag == "HANDED" && y.holder == a.successor:
	default:
		return fault("M3", "a repeated call answers %s after %s", c.show(&second.answer, 0), c.show(&first.answer, 0))
	}
	return nil
}
