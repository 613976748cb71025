package model

import (
	"fmt"
	"slices"

	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// fault finds what a call did wrong, by the promises first, then by the reference.
func (j *check) fault() *explore.Fault {
	if f := j.promises(); f != nil {
		return f
	}
	if j.before.wrong() {
		return nil // what is answered then is one of several things; the promises bound it
	}
	if j.action.verb == verbInspect {
		return j.inspect()
	}
	if j.out.reply.Code() == "OOM" {
		return j.refused()
	}
	want := j.config.call(j.action, &j.before, j.deaf)
	if f := j.compare(&want); f != nil {
		return f
	}
	return j.config.repeated(j.action, &want, j.deaf)
}

// refused checks that a call that was refused for want of memory changed nothing, but for those that are gone.
func (j *check) refused() *explore.Fault {
	a, b := j.config.settled(&j.before), j.config.settled(&j.after)
	a.queue = slices.DeleteFunc(a.queue, func(t int8) bool {
		return !slices.Contains(b.queue, t) && !j.alive(&j.before, int(t))
	})
	b.limit, b.counter = a.limit, max(a.counter, b.counter)
	if text := differ(j.config, &a, &b); text != "" {
		return fault("M9", "the call was refused, and yet it changed something: %s", text)
	}
	return nil
}

// settled is a state without the holders whose lease is over.
func (c *Config) settled(s *state) state {
	r := &reference{config: &Config{Clients: c.Clients, Tokens: c.Tokens}, s: new(state)}
	*r.s = s.clone()
	r.look(none, none)
	return *r.s
}

// differ says how two settled states differ, as far as those are concerned that hold or wait.
func differ(c *Config, want, got *state) string {
	for token := range c.tokens() {
		if want.left[token] != got.left[token] || (want.live(token) || want.place(token) >= 0) &&
			want.records[token] != got.records[token] {
			return fmt.Sprintf("%s has %d ms and %v, not %d and %v", c.tokenName(token), got.left[token], got.records[token],
				want.left[token], want.records[token])
		}
	}
	switch {
	case !slices.Equal(want.queue, got.queue):
		return fmt.Sprintf("%v wait, not %v", got.queue, want.queue)
	case want.counter != got.counter:
		return fmt.Sprintf("the counter is at %d, not %d", got.counter, want.counter)
	case want.used != got.used || want.unknown != got.unknown || want.count != got.count ||
		got.summed && want.limit != got.limit:
		return fmt.Sprintf("%d permits of %d holders are in use, the limit is %d, not %d of %d, %d", got.used, got.count,
			got.limit, want.used, want.count, want.limit)
	}
	return ""
}

// compare holds the call to the reference.
func (j *check) compare(want *expected) *explore.Fault {
	if code := want.reply.Code(); code != j.out.reply.Code() || code == "" && !want.reply.Equal(j.out.reply) {
		return fault("reply", "it answers %s, not %s", j.out.reply, want.reply)
	}
	a, b := j.config.settled(&want.after), j.config.settled(&j.after)
	if text := differ(j.config, &a, &b); text != "" {
		return fault("state", "%s", text)
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

// inspect holds the script that only reads to what the state is.
func (j *check) inspect() *explore.Fault {
	if j.config.Bound > 0 && slices.Contains(j.before.left[:], -1) {
		return nil // it counts those that it did not get to
	}
	if want := j.status(); !want.Equal(j.out.reply) {
		return fault("reply", "it answers %s, not %s", j.out.reply, want)
	}
	return nil
}

// status is what inspect is to answer.
func (j *check) status() resp.Reply {
	c := j.config
	s := c.settled(&j.before)
	held := 0
	var holders []resp.Reply
	for left := range int8(leaseMS + 1) {
		for token := range c.tokens() {
			if s.left[token] == left {
				held++
				r := s.records[token]
				if r.kind != ofHolder {
					r = record{}
				}
				holders = append(holders, resp.Array(resp.String(c.tokenName(token)), resp.Integer(r.fence),
					resp.Integer(int64(r.weight)), resp.Integer(int64(left))))
			}
		}
	}
	var waiters []resp.Reply
	for _, t := range s.queue {
		w := s.records[t]
		if w.kind != ofWaiter {
			w = record{}
		}
		left := int64(max(w.left, 0))
		if w.left == farAhead {
			left = 1<<31 - 1
		}
		waiters = append(waiters, resp.Array(resp.String(c.tokenName(int(t))), resp.Integer(int64(w.weight)),
			resp.Integer(int64(w.limit)), resp.Integer(left)))
	}
	n := func(n int) resp.Reply { return resp.Integer(int64(n)) }
	return resp.Array(resp.String("STATUS"), n(s.used), n(s.limit), n(held), n(s.count-s.unknown), n(len(s.queue)),
		resp.Integer(c.clock()), resp.Array(holders...), resp.Array(waiters...))
}

// repeated checks M3 on the reference, to which every call is held: the same call once more, at once, changes nothing, and
// grants nothing more.
func (c *Config) repeated(a *action, first *expected, deaf uint) *explore.Fault {
	before := first.before
	if first.more || first.passed > 0 || first.reply.Code() != "" || before.count > before.holders() {
		return nil // the next call goes on
	}
	if a.verb == verbExtend && !before.live(a.token) {
		return nil // it writes nothing; how long to wait depends on leases that are over
	}
	second := c.call(a, &first.after, deaf)
	x, y := c.settled(&first.after), c.settled(&second.after)
	if t := a.token; a.verb == verbExtend && x.live(t) && x.records[t].kind != ofHolder {
		y.counter = x.counter // nobody knows its fence, so it gets a new one each time
		first.reply.Items[1] = second.reply.Items[1]
	}
	if text := differ(c, &x, &y); text != "" || len(second.sent) > 0 {
		return fault("M3", "a repeated call grants again, or changes the state: %s", text)
	}
	one, two := first.reply.Items, second.reply.Items
	same := len(one) == len(two) && one[0].Equal(two[0]) && (len(one) == 1 || one[1].Equal(two[1]))
	if a.verb != verbRelease && !same || a.verb == verbRelease && two[0].Text != "NOTHELD" && two[0].Text != "RELEASED" {
		return fault("M3", "a repeated call answers %s after %s", second.reply, first.reply)
	}
	return nil
}
