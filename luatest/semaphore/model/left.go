package model

import (
	"slices"

	"github.com/zferentz/go-redilock/luatest/explore"
)

// addsUp holds the empty field to the records: it has the sum and the number of those that belong to holders. What was lost
// is never too little: the records that there are never come to more.
func (j *check) addsUp() *explore.Fault {
	s := &j.after
	if s.keys[roleMembers] != good || !j.changed() {
		return nil
	}
	used, count, holders := 0, 0, 0
	for token := range j.config.tokens() {
		if s.left[token] == notHeld {
			continue
		}
		holders++
		if s.place(token) >= 0 {
			return fault("M10", "%s holds, and waits as well", j.name(token))
		}
		if r := s.records[token]; r.kind == ofHolder {
			used, count = used+int(r.weight), count+1
		}
	}
	exact := !j.before.damaged
	if exact && holders > 0 && (used != s.used || count != s.count || count != holders) {
		return fault("M10", "%d holders have %d records of %d permits, and the empty field says %d of %d",
			holders, count, used, s.count, s.used)
	}
	if holders > 0 && (used > s.used || count > s.count) {
		return fault("M10", "the records of %d holders come to %d, and the empty field says %d to %d",
			count, used, s.count, s.used)
	}
	return nil
}

// changed says whether the call wrote anything.
func (j *check) changed() bool {
	a, b := &j.before, &j.after
	return a.left != b.left || a.records != b.records || a.summed != b.summed || a.used != b.used || a.count != b.count ||
		!slices.Equal(a.queue, b.queue)
}

// nothingLeft is M10: what nobody needs any more is gone.
func (j *check) nothingLeft() *explore.Fault {
	a, s := j.action, &j.after
	if j.before.wrong() || j.out.reply.Code() != "" {
		return nil
	}
	if a.verb == verbRelease && s.place(a.token) >= 0 {
		return fault("M10", "%s has left, and stands in the queue", j.name(a.token))
	}
	if j.config.Bound == 0 && a.verb != verbInspect && (a.verb == verbAcquire || j.tag() != "NOTHELD") &&
		slices.Contains(s.left[:], -1) {
		return fault("M10", "a lease is over, and its holder stays")
	}
	for token := range j.config.tokens() {
		r := s.records[token]
		lone := r.kind != noRecord && s.place(token) < 0 && s.left[token] == notHeld
		if lone && j.before.records[token].kind == noRecord {
			return fault("M10", "%s has a record, and neither holds nor waits", j.name(token))
		}
		next := s.count > 0 && s.keys[roleHolders] == absent // the next call finds that nobody holds, and sweeps
		if lone && s.passes == 0 && !next && !j.before.damaged && j.changed() {
			return fault("M10", "the record of %s is left over, and nobody sweeps it", j.name(token))
		}
	}
	// With leases that it did not get to, the next call finds that nobody holds.
	empty := len(s.queue) == 0 && s.keys[roleHolders] == absent && (j.config.Bound == 0 || s.count == 0)
	if empty && s.keys[roleMembers] != absent && a.verb == verbRelease && j.tag() == "RELEASED" {
		return fault("M10", "nobody holds and nobody waits, and records stay")
	}
	return nil
}

// retained checks that what the call touched lives on for as long as it must, and that no call shortens it.
func (j *check) retained() *explore.Fault {
	if j.before.wrong() {
		return nil
	}
	c, s := j.config, &j.after
	latest, stood := int64(0), false
	for token := range c.tokens() {
		latest = max(latest, int64(s.left[token]))
		r := s.records[token]
		stood = stood || r.kind == ofWaiter && j.before.records[token] != r && r.left == presenceMS
	}
	least := func(role int, now, retention int64) *explore.Fault {
		if s.keys[role] != absent && j.expires[role] < now {
			return fault("M10", "the %s key lives for %d ms, not %d", roleNames[role], j.expires[role], now)
		}
		return nil
	}
	moved := j.before.left != s.left
	if j.before.keys[roleMembers] == good {
		if f := least(roleMembers, c.kept(retainMS), retainMS); f != nil {
			return f
		}
	}
	if moved && latest > 0 {
		if f := least(roleMembers, retainMS+latest, retainMS); f != nil {
			return f
		}
	}
	if stood {
		if f := least(roleMembers, retainMS, retainMS); f != nil {
			return f
		}
		if f := least(rolePending, retainMS, retainMS); f != nil {
			return f
		}
	}
	fence := int64(0)
	for token := range c.tokens() {
		if j.granted(token) || j.before.left[token] < s.left[token] {
			fence = fenceRetain
		}
	}
	if j.before.keys[roleFence] != absent {
		fence = max(fence, c.kept(fenceRetain))
	}
	if s.keys[roleFence] != absent && j.expires[roleFence] < fence {
		return fault("M2", "the fence counter lives for %d ms, not %d", j.expires[roleFence], fence)
	}
	return nil
}
