package model

import (
	"encoding/json"
	"slices"

	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// wanted is what a call had to do. Where the reference does not say, because a key is of a wrong type or because memory
// is out, it is to change nothing.
func (j *check) wanted() expected {
	refused := j.out.reply.Code() == "OOM"
	if j.wrong || refused && j.refusable() || j.action.verb == verbInspect {
		return expected{after: j.before.clone()}
	}
	before := j.before
	if j.config.Slot && before.counter > 0 {
		before.counter -= usualGap // no scenario has two calls in a few microseconds
	}
	return j.config.call(j.action, &before, j.deaf)
}

// wantedError is the error that the reference does not foresee, but that may be. Servers agree on the text of the first.
func wantedError(j *check) object {
	if j.wrong {
		return object{"error": explore.ErrWrongType}
	}
	return object{"code": "OOM"}
}

// end says what must be left after the call that went wrong.
func (w *writer) end(t *step, want *expected) {
	a, j := t.action, &t.check
	for client := range w.config.Clients {
		if w.deaf&(1<<client) == 0 {
			w.messages(client)
		}
	}
	whole := len(w.fences) == 1 && !j.damaged && !j.wrong // the keys of one lock, and each as the reference has it
	if whole {
		w.add(scenario.Step{State: w.state(a.lock, want)})
	}
	if j.memory {
		w.do("there is memory again", "CONFIG", "SET", "maxmemory", 0)
	}
	if j.wrong && !j.wrongLock {
		holder := any(nil)
		switch j.before.holder {
		case none:
		case holderForeign:
			holder = foreignName
		default:
			holder = j.name(j.before.holder)
		}
		w.add(scenario.Step{Do: w.values("GET", w.key(a.lock, roleLock)), Reply: w.json(holder)})
	}
	if !j.wrong {
		w.inspect(a.lock, &want.after)
		w.drain(a.lock, want)
	}
	if !whole {
		w.do("and the end of it", "FLUSHDB")
		w.add(scenario.Step{State: &[]scenario.Key{}})
		return
	}
	w.add(scenario.Step{State: w.state(a.lock, want)})
}

// inspect says who must hold the lock, who waits, and what is left of their presences.
func (w *writer) inspect(lock int, l *lockState) {
	j := check{config: w.config}
	holder, left := "", any(-2)
	if l.holder != none {
		holder, left = j.name(l.holder), between(l.left)
	}
	if l.holder == holderForeign {
		holder = foreignName
	}
	fence := any(object{"integer": object{"min": 0}})
	if l.counter == 0 {
		fence = 0
	} else if w.fences[lock] != "" {
		fence = object{"var": w.fences[lock]}
	}
	waiters := []any{}
	for _, one := range l.queue {
		waiters = append(waiters, []any{w.config.tokenName(int(one.token)), w.presence(one)})
	}
	s := scenario.Step{
		Call: scriptNames[verbInspect], Args: []scenario.Value{},
		Reply: w.json([]any{"STATUS", holder, left, fence, object{"integer": object{"min": 1}}, len(l.queue), waiters}),
	}
	w.send(lock, s)
}

// presence is what inspect says is left of a presence.
func (w *writer) presence(one waiter) any {
	if one.left == farAhead {
		return longestMS
	}
	return between(max(int(one.left), 0))
}

// drain deletes the lock again and again until nobody waits: what is granted to each waiter, and how it is told, shows
// what was known of it.
func (w *writer) drain(lock int, want *expected) {
	l := want.after.clone()
	w.listen(0)
	for len(l.queue) > 0 && l.counter < fenceLimit {
		l.holder, l.left = none, 0
		if l.counter > 0 && !w.config.Ahead && l.counter < fenceLimit {
			l.counter = w.config.counter() - usualGap // it is some time since the last grant
		}
		w.do("who is the next, and what is known of it", "DEL", w.key(lock, roleLock))
		probe := action{verb: verbAcquire, lock: lock, token: w.config.tokens(), lease: 1, fences: 1, successor: none}
		t := step{action: &probe, check: check{config: w.config, action: &probe, before: l}}
		next := w.config.call(&probe, &l, 0)
		w.call(&t, &next)
		l = next.after
	}
	want.after = l
}

// state lists the keys that must be left.
func (w *writer) state(lock int, want *expected) *[]scenario.Key {
	l := &want.after
	keys := []scenario.Key{}
	add := func(role int, kind string, pttl any) *scenario.Key {
		keys = append(keys, scenario.Key{Key: w.value(w.key(lock, role)), Type: kind, PTTL: w.json(pttl)})
		return &keys[len(keys)-1]
	}
	if l.holder != none {
		key := add(roleLock, "string", between(l.left))
		holder := foreignName
		if l.holder != holderForeign {
			holder = w.config.tokenName(l.holder)
		}
		key.Value = w.json(holder)
	}
	retained := func(ms, least int64) any {
		if least > 1 {
			least -= scenarioUnit / 5
		}
		return object{"integer": object{"min": least, "max": ms}}
	}
	if l.counter > 0 {
		most, least := max(fenceRetain, w.config.fenceKept()), int64(1)
		switch {
		case w.config.Long:
			least = most - scenarioUnit*scenarioSteps
		case want.answer.fence == fenceNew:
			least = most - fenceSlot
		case want.answer.fence == fenceSame:
			least = most
		}
		key := add(roleFence, "string", retained(most, least))
		if w.fences[lock] != "" {
			key.Value = w.json(object{"join": []any{object{"var": w.fences[lock]}}})
		}
	}
	if len(l.queue) == 0 {
		return &keys
	}
	queueLeast := int64(1)
	if want.stood {
		queueLeast = queueRetain
		if want.answer.fence == fenceNew || len(want.sent) > 0 ||
			want.after.holder != none && want.answer.tag == "RELEASED" {
			queueLeast -= queueSlot // a grant, which leaves the renewal to the first one of a slot
		}
	}
	var members []json.RawMessage
	for _, one := range l.queue {
		members = append(members, w.json(w.config.tokenName(int(one.token))))
	}
	add(roleQueue, "zset", retained(queueRetain, queueLeast)).Members = members
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, slices.Compare[json.RawMessage])
	add(roleWaiters, "hash", retained(queueRetain, queueLeast)).Fields = sorted
	return &keys
}
