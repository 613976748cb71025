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
	before state
	after  state
	out    outcome
	deaf   uint

	expires [roles]int64 // ms that are left of each key, after the call
}

func fault(promise, format string, args ...any) *explore.Fault {
	return explore.Faultf(promise, format, args...)
}

func (j *check) name(token int) string { return j.config.tokenName(token) }

func (j *check) tag() string {
	if j.out.reply.Kind == resp.KindArray && len(j.out.reply.Items) > 0 {
		return j.out.reply.Items[0].Text
	}
	return ""
}

// wrong says whether a key was of a wrong type.
func (s *state) wrong() bool { return slices.Contains(s.keys[:], wrong) }

// promises checks what must hold whatever the reference says.
func (j *check) promises() *explore.Fault {
	for _, check := range []func() *explore.Fault{
		j.hold, j.toldIsTrue, j.fencesGrow, j.inTurn, j.nobodyStranded, j.neverShorter, j.goodError,
		j.addsUp, j.nothingLeft, j.retained,
	} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

// granted says whether a token got its grant by this call.
func (j *check) granted(token int) bool {
	a := j.action
	return j.after.live(token) && (!j.before.live(token) || a.verb == verbRelease && a.token == token)
}

// hold is M1: the weights held are never more than the limit of the last that was granted, nor than the largest that was
// ever asked for. It notes what each token holds now. Nobody but a token itself, or time, ends its grant.
func (j *check) hold() *explore.Fault {
	a, limit := j.action, 0
	for token := range j.config.tokens() {
		if j.before.live(token) && !j.after.live(token) && (a.verb != verbRelease || a.token != token) {
			return fault("M1", "%s held a grant, did not release it, and has none", j.name(token))
		}
		held := &j.after.held[token]
		switch {
		case !j.after.live(token):
			*held = 0
		case j.granted(token):
			w := j.before.records[token]
			*held = w.weight
			ours := a.verb == verbAcquire && a.token == token || a.verb == verbRelease && a.successor == token
			if ours {
				*held, w.limit = int8(a.weight), int8(a.limit)
			}
			if !ours && w.kind != ofWaiter {
				return fault("M1", "%s got a grant, and nobody asked for it", j.name(token))
			}
			limit = max(limit, int(w.limit))
		case a.verb == verbShrink && a.token == token && j.tag() == "SHRUNK":
			*held = min(*held, int8(a.weight))
		}
	}
	most := slices.Max(j.config.Limits)
	if limit > 0 {
		most = min(most, limit)
	}
	if n := j.after.inUse(); n > most {
		return fault("M1", "%d permits are held, of %d", n, most)
	}
	return nil
}

// toldIsTrue is M1 from where a client stands: who is told that it has a grant has one, for as long as it was told.
func (j *check) toldIsTrue() *explore.Fault {
	holds := func(token int, lease int64) *explore.Fault {
		if token == none || int64(j.after.left[token]) < lease {
			return fault("M1", "somebody was told of a grant of %d ms, and it is not so: %s", lease, j.out.reply)
		}
		return nil
	}
	items := j.out.reply.Items
	list := resp.Reply{}
	if len(items) > 0 {
		list = items[len(items)-1]
	}
	switch tag := j.tag(); {
	case tag == "GRANTED" && len(items) == 4, tag == "EXTENDED" && len(items) == 3:
		return holds(j.action.token, items[2].Integer)
	case tag == "RELEASED" || tag == "LEFT" || tag == "NOTHELD":
		if j.after.live(j.action.token) {
			return fault("M1", "%s was told %s, and holds", j.name(j.action.token), tag)
		}
		fallthrough
	case tag == "SHRUNK":
		for _, g := range list.Items {
			if f := holds(j.config.tokenOf(g.Items[0].Text), g.Items[2].Integer); f != nil {
				return f
			}
		}
	}
	for _, m := range j.out.published {
		if !m.received {
			continue
		}
		words := strings.Fields(m.payload)
		if len(words) != 4 {
			return fault("M5", "the message %q is not a token, a fence, a lease and how many fences", m.payload)
		}
		lease, _ := explore.Integer(words[2])
		if f := holds(j.config.tokenOf(words[0]), lease); f != nil {
			return f
		}
	}
	return nil
}

// fencesGrow is M2: no number is owned by two grants, and all that a grant owns are higher than those before. A token that
// holds keeps its fence, unless its record was lost.
func (j *check) fencesGrow() *explore.Fault {
	type owned struct{ from, to int64 }
	var all []owned
	own := func(fence, n int64) { all = append(all, owned{fence - n + 1, fence}) }
	items := j.out.reply.Items
	if tag := j.tag(); tag == "GRANTED" && len(items) == 4 {
		if j.before.live(j.action.token) {
			if items[3].Integer != 1 {
				return fault("M2", "a repeat owns %s numbers", items[3])
			}
		} else {
			own(items[1].Integer, items[3].Integer)
		}
	} else if tag != "" && items[len(items)-1].Kind == resp.KindArray && j.action.verb != verbInspect {
		for _, g := range items[len(items)-1].Items {
			if j.granted(j.config.tokenOf(g.Items[0].Text)) {
				own(g.Items[1].Integer, g.Items[3].Integer)
			} else if g.Items[3].Integer != 1 {
				return fault("M2", "a repeat owns %s numbers", g.Items[3])
			}
		}
	}
	for _, m := range j.out.published {
		words := strings.Fields(m.payload)
		fence, _ := explore.Integer(words[1])
		n, _ := explore.Integer(words[len(words)-1])
		own(fence, n)
	}
	slices.SortFunc(all, func(a, b owned) int { return int(a.to - b.to) })
	last := j.config.counter()
	for _, o := range all {
		if o.from <= last || o.from > o.to || o.to > fenceLimit {
			return fault("M2", "a grant owns the numbers %d to %d, and others had those up to %d", o.from, o.to, last)
		}
		last = o.to
	}
	for token := range j.config.tokens() {
		b, a := j.before.records[token], j.after.records[token]
		switch {
		case !j.before.live(token) || !j.after.live(token) || a.kind != ofHolder:
		case !j.granted(token) && b.kind == ofHolder && a.fence != b.fence:
			return fault("M2", "the fence of %s went from %d to %d", j.name(token), b.fence, a.fence)
		case (j.granted(token) || b.kind != ofHolder) && a.fence <= j.config.counter():
			return fault("M2", "%s has the fence %d after %d", j.name(token), a.fence, j.config.counter())
		}
	}
	return nil
}

// alive says whether a waiter had to be granted at its turn.
func (j *check) alive(s *state, token int) bool {
	a, w := j.action, s.records[token]
	if token == a.token {
		return a.verb == verbAcquire
	}
	if a.verb == verbRelease && token == a.successor {
		return true // its process lives
	}
	if w.kind != ofWaiter || w.left < 0 {
		return false
	}
	told := (a.verb == verbRelease || a.verb == verbShrink) && a.channel && int(w.channel) == a.token/j.config.Tokens
	return w.wake != wakePush || told || j.deaf&(1<<w.channel) == 0
}

// inTurn is M4: who was granted stood before all live waiters that were not, or took the place of one that did.
func (j *check) inTurn() *explore.Fault {
	a := j.action
	if j.before.wrong() {
		return nil
	}
	first := none
	for _, t := range j.before.queue {
		token := int(t)
		inherited := a.verb == verbRelease && token == a.token && a.successor != none && !j.before.live(token) &&
			j.before.place(a.successor) < 0 && !j.before.live(a.successor)
		switch {
		case inherited && j.granted(a.successor), j.granted(token):
			if first != none {
				return fault("M4", "%s was granted before %s, which waits for longer", j.name(token), j.name(first))
			}
		case (inherited || j.alive(&j.before, token)) && first == none:
			first = token
		}
	}
	for token := range j.config.tokens() {
		inherits := a.verb == verbRelease && a.successor == token && j.before.place(a.token) >= 0
		if j.granted(token) && j.before.place(token) < 0 && !inherits && first != none {
			return fault("M4", "%s was granted before %s, which waits", j.name(token), j.name(first))
		}
	}
	return nil
}

// nobodyStranded is M5: a call that may admit does not leave anybody at the head of the queue that fits, unless it says that
// it is to be called again.
func (j *check) nobodyStranded() *explore.Fault {
	admits := j.action.verb == verbAcquire || j.action.verb == verbRelease || j.tag() == "SHRUNK"
	if !admits || j.tag() == "" || j.tag() == "GRANTED" && j.before.live(j.action.token) || j.before.wrong() ||
		j.before.memory || len(j.after.queue) == 0 || j.after.counter >= fenceLimit {
		return nil
	}
	if holders := j.after.holders(); holders > 0 && j.after.count > holders {
		return nil // another program removed a holder: nothing is granted until all the others have gone
	}
	items := j.out.reply.Items
	again := j.config.Bound > 0 && (j.tag() == "GRANTED" || j.action.verb == verbAcquire && items[1].Integer == 0 ||
		len(items) > 2 && items[len(items)-2].Integer == 1)
	r := reference{config: j.config, s: new(state)}
	*r.s = j.after.clone()
	r.look(none, none)
	head := int(j.after.queue[0])
	w := j.after.records[head]
	if a := j.action; a.verb == verbAcquire && head == a.token {
		w.weight, w.limit = int8(a.weight), int8(a.limit) // it may have asked once, without renewing its place
	}
	dead := head != j.action.token && (w.kind != ofWaiter || w.left < 0 || w.weight > w.limit)
	if !again && (dead || r.fits(int(w.weight), int(w.limit))) {
		return fault("M5", "%s is left at the head of the queue, dead or although it fits: %d of %d permits are in use",
			j.name(head), j.after.inUse(), w.limit)
	}
	return nil
}

// neverShorter is M7.
func (j *check) neverShorter() *explore.Fault {
	for token := range j.config.tokens() {
		was, is := j.before.left[token], j.after.left[token]
		if j.before.live(token) && !j.granted(token) && j.after.live(token) && is < was {
			return fault("M7", "the lease of %s went from %d ms to %d", j.name(token), was, is)
		}
	}
	return nil
}

// goodError is M8 and M9: an error has a code, comes with no grant to its caller, and is no refusal of a release, a shrink
// or an extend for want of memory.
func (j *check) goodError() *explore.Fault {
	code, text := j.out.reply.Code(), j.out.reply.Text
	a := j.action
	switch {
	case code == "":
		return nil
	case strings.Contains(text, "script:") || code == "ERR":
		return fault("M9", "a run-time error: %s", text)
	case j.granted(a.token):
		return fault("M9", "the answer is the error %q, but %s got a grant", text, j.name(a.token))
	case code == "WRONGTYPE" && j.before.wrong(), code == "BADFENCE" && j.before.counter >= fenceLimit,
		code == "BADARG" && a.verb == verbAcquire:
		return nil
	case code == "OOM" && j.before.memory:
		if a.verb == verbAcquire && !j.before.live(a.token) ||
			j.before.live(a.token) && j.before.records[a.token].kind == noRecord && a.verb == verbAcquire {
			return nil
		}
		return fault("M8", "%s is refused for want of memory: %s", j.name(a.token), text)
	}
	return fault("M9", "an error without a reason: %s", text)
}
