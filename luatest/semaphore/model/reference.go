package model

import (
	"fmt"
	"slices"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// grant is what a token gets.
type grant struct {
	token, lease int
	fence        int64
	owned        int
}

// sent is a message that a call must publish.
type sent struct {
	client   int
	received bool
	grant
}

// expected is what a call must do.
type expected struct {
	reply  resp.Reply // an error: of this code
	before *state
	after  state // without the holders whose lease is over, and without records that belong to nobody
	sent   []sent
	stood  bool // somebody was put into the queue, or renewed: its retention starts anew
	more   bool // the call says that others may fit
	// passed are holders whose lease is over that the call leaves, because it takes only so many: it is to be called again.
	passed int
}

// reference does what the protocol says, in plain Go. It keeps the sums as a caller finds them: without the holders whose
// lease is over, and zero where nobody holds.
type reference struct {
	expected
	config   *Config
	s        *state
	deaf     uint // clients that nobody listens for
	own      int  // whose channel the caller tells, a client, or none
	manyGone bool
	over     bool // some lease was over when the call came
	told     []grant
	code     string // of an error: nothing more is granted
}

// call gives what a call must do in a state where every key is as it should be.
func (c *Config) call(a *action, before *state, deaf uint) expected {
	r := &reference{config: c, deaf: deaf, own: none}
	r.before, r.after = before, before.clone()
	r.s = &r.after
	switch a.verb {
	case verbAcquire:
		r.look(a.token, none)
		r.acquire(a)
	case verbExtend:
		r.look(a.token, none)
		r.extend(a)
	case verbShrink:
		r.look(a.token, none)
		r.shrink(a)
	case verbRelease:
		if a.channel {
			r.own = a.token / c.Tokens
		}
		r.look(a.token, a.successor)
		r.release(a)
	}
	if r.code != "" && r.reply.Kind == 0 {
		r.reply = resp.Error(r.code)
	}
	return r.expected
}

// look drops the holders whose lease is over, of which a call takes only so many beside those that it is about.
func (r *reference) look(token, other int) {
	seen := 0
	for t, left := range r.s.left {
		if left != -1 {
			continue
		}
		r.over = true
		if seen < r.config.bound() {
			seen++
		} else if t != token && t != other {
			r.passed++
			continue
		}
		r.drop(t)
	}
	r.manyGone = seen == r.config.bound()
	r.settle()
}

// drop takes a token out of the holders, and its record with it.
func (r *reference) drop(token int) {
	s := r.s
	if rec := s.records[token]; rec.kind == ofHolder {
		s.used, s.count = max(s.used-int(rec.weight), 0), max(s.count-1, 0)
	} else if s.unknown > 0 {
		s.unknown, s.count = s.unknown-1, s.count-1
	}
	s.left[token], s.records[token] = notHeld, record{}
}

func (r *reference) size() int { return r.s.holders() }

// settle says what is in use where nobody holds: nothing.
func (r *reference) settle() {
	if r.size() == 0 {
		r.s.used, r.s.unknown, r.s.count = 0, 0, 0
	}
}

func (r *reference) fits(weight, limit int) bool {
	return r.s.unknown == 0 && r.s.count == r.size() && r.s.used+weight <= limit
}

// number is the next fence: the clock, or the next number where the clock is not past the last. The numbers that are owned
// besides are from the past, after the last fence: where that is not known, there are none.
func (r *reference) number(wish int) (fence int64, owned int, ok bool) {
	last := r.s.counter
	if last >= fenceLimit {
		r.code = "BADFENCE"
		return 0, 0, false
	}
	fence, owned = max(r.config.clock(), last+1), 1
	if last > 0 {
		owned = int(min(int64(wish), fence-last))
	}
	r.s.counter = fence
	return fence, owned, true
}

func (r *reference) grant(token, lease, weight, limit, wish int) (grant, bool) {
	fence, owned, ok := r.number(wish)
	if !ok {
		return grant{}, false
	}
	s := r.s
	s.left[token] = int8(lease)
	s.records[token] = record{kind: ofHolder, fence: fence, weight: int8(weight), limit: int8(limit), channel: none}
	s.used, s.count, s.limit = s.used+weight, s.count+1, limit
	return grant{token, lease, fence, owned}, true
}

// renew raises a lease, and restores a record if the weight is known.
func (r *reference) renew(token, lease, weight, limit int) (grant, bool) {
	s := r.s
	kept := max(lease, int(s.left[token]))
	rec := s.records[token]
	if rec.kind != ofHolder {
		fence, _, ok := r.number(1)
		if !ok {
			return grant{}, false
		}
		if weight > 0 {
			s.records[token] = record{kind: ofHolder, fence: fence, weight: int8(weight), limit: int8(limit), channel: none}
			if s.unknown > 0 {
				s.unknown--
			} else {
				s.count++
			}
			s.used, s.limit = s.used+weight, limit
		}
		rec.fence = fence
	}
	s.left[token] = int8(kept)
	return grant{token, kept, rec.fence, 1}, true
}

// caller is who is alive whatever is known of it, gets its lease in full, and is told by the reply.
type caller struct {
	action *action
	token  int
	got    *grant
}

// admit grants to those that wait, first come, first served, and stops at the first that does not fit. It says whether
// nobody waits any more.
func (r *reference) admit(own *caller) (empty bool) {
	s := r.s
	for range r.config.bound() {
		if len(s.queue) == 0 {
			return true
		}
		token := int(s.queue[0])
		w := s.records[token]
		if w.kind != ofWaiter {
			w = record{left: -1, channel: none}
		}
		ours := own != nil && own.token == token
		if ours {
			a := own.action
			w = record{weight: int8(a.weight), limit: int8(a.limit), lease: int8(a.lease), fences: int8(a.fences)}
		}
		if !ours && (w.left < 0 || w.weight > w.limit) {
			r.leave(token)
			continue
		}
		if !r.fits(int(w.weight), int(w.limit)) {
			r.more = r.manyGone
			return false
		}
		g, ok := r.grant(token, int(w.lease), int(w.weight), int(w.limit), int(w.fences))
		if !ok {
			return false
		}
		s.queue = s.queue[1:]
		switch {
		case ours:
			own.got = &g
		case w.wake == wakePoll:
		case (w.wake == wakePush || w.wake == wakeBroadcast) && r.own != none && int(w.channel) == r.own:
			r.told = append(r.told, g)
		default:
			received := r.deaf&(1<<w.channel) == 0
			r.sent = append(r.sent, sent{int(w.channel), received, g})
			if !received && w.wake == wakePush { // nobody listens: its process is gone
				r.drop(token)
			}
		}
	}
	r.more = len(s.queue) > 0
	return !r.more
}

// leave takes a token out of the queue.
func (r *reference) leave(token int) {
	s := r.s
	s.queue = slices.DeleteFunc(s.queue, func(t int8) bool { return int(t) == token })
	s.records[token] = record{}
}

// stand puts a token at a place in the queue, or renews it where it stands, as an action asks, and gives its position.
func (r *reference) stand(token, place int, a *action) int {
	s := r.s
	channel := none
	if a.wake != wakePoll {
		channel = a.token / r.config.Tokens
	}
	s.records[token] = record{
		kind: ofWaiter, left: int8(a.presence), lease: int8(min(a.lease, a.presence)), fences: int8(a.fences),
		weight: int8(a.weight), limit: int8(a.limit), wake: a.wake, channel: int8(channel),
	}
	if at := s.place(token); at >= 0 {
		place = at
	} else {
		s.queue = slices.Insert(s.queue, place, int8(token))
	}
	r.stood = true
	return place + 1
}

// nextEnd is when there may be room.
func (r *reference) nextEnd() int {
	if r.passed > 0 || r.size() == 0 {
		return 0
	}
	next := leaseMS
	for _, left := range r.s.left {
		if left != notHeld {
			next = min(next, int(left))
		}
	}
	return next + 1
}

func (r *reference) answer(tag string, numbers ...any) {
	items := []resp.Reply{resp.String(tag)}
	for _, n := range numbers {
		switch n := n.(type) {
		case int:
			items = append(items, resp.Integer(int64(n)))
		case int64:
			items = append(items, resp.Integer(n))
		case []grant:
			list := []resp.Reply{}
			for _, g := range n {
				list = append(list, resp.Array(resp.String(r.config.tokenName(g.token)), resp.Integer(g.fence),
					resp.Integer(int64(g.lease)), resp.Integer(int64(g.owned))))
			}
			items = append(items, resp.Array(list...))
		default:
			panic(fmt.Sprint(n))
		}
	}
	r.reply = resp.Array(items...)
}
