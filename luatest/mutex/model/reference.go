package model

import "slices"

// lockState is a lock as the protocol describes it: who holds it, who waits. Times are ms from now.
type lockState struct {
	holder  int   // a token, none or holderForeign
	left    int   // of the lease; forever if the key has no expiry
	counter int64 // of fences; 0 if there is none
	queue   []waiter
}

const forever = -1

func (l *lockState) clone() lockState {
	c := *l
	c.queue = slices.Clone(l.queue)
	return c
}

// pttl is what a reply says is left of the lease: 0 if nobody holds the lock.
func (l *lockState) pttl() int {
	if l.holder == none {
		return 0
	}
	return l.left
}

// raise makes the lease last at least so long.
func (l *lockState) raise(lease int) int {
	if l.left < lease { // forever, too: nothing but a foreign PERSIST made it so
		l.left = lease
	}
	return l.left
}

func (l *lockState) place(token int) int {
	return slices.IndexFunc(l.queue, func(w waiter) bool { return int(w.token) == token })
}

// fence says which number a reply must have.
type fence uint8

const (
	fenceNone fence = iota
	fenceSame       // of the grant that stands
	fenceNew        // higher than any before
)

// answer is what a call must answer.
type answer struct {
	tag     string
	fence   fence
	number  int64 // the fence itself
	owned   int   // how many numbers the grant owns; 0 if the answer does not say
	token   int   // of HANDED
	numbers []int
	code    string // of an error; there is nothing else then
}

// grant is what a token gets.
type grant struct {
	fence int64
	owned int
}

// sent is a message that a call must publish.
type sent struct {
	client, token, lease int
	grant
	received bool
}

// expected is what a call must do.
type expected struct {
	answer     answer
	after      lockState
	sent       []sent
	stood      bool // somebody was put into the queue, or renewed: its retention starts anew
	unfinished bool // a call may drop only so many dead waiters, and this one did
}

// reference is the protocol, for one call.
type reference struct {
	expected
	deaf  uint // the clients whose subscription is gone, a bit each
	sweep int  // dead waiters that a call may drop
	own   int  // the caller's channel, a client, or none
	clock int64
	lock  *lockState
	last  grant
	full  bool // a grant failed, because there is no higher number
}

// call gives what a call must do in a state.
func (c *Config) call(a *action, before *lockState, deaf uint) expected {
	r := &reference{deaf: deaf, sweep: c.sweep(), own: none, clock: c.clock()}
	r.after = before.clone()
	r.lock = &r.after
	client := a.token / c.Tokens
	switch a.verb {
	case verbAcquire:
		r.acquire(a, client)
	case verbExtend:
		r.extend(a)
	case verbRelease:
		if a.channel {
			r.own = client
		}
		r.release(a, client)
	}
	return r.expected
}

func (r *reference) reply(tag string, numbers ...int) {
	r.answer = answer{tag: tag, token: none, numbers: numbers}
}

// granted answers with the grant that was just made.
func (r *reference) granted(tag string, lease int) {
	r.reply(tag, lease)
	r.answer.fence, r.answer.number, r.answer.owned = fenceNew, r.last.fence, r.last.owned
}

// stands answers that a token has the lock already. Of the numbers of its grant it is told the last one. If the counter
// is gone, the holder gets a new fence, a higher one.
func (r *reference) stands(tag string, lease int) {
	r.reply(tag, lease)
	r.answer.fence, r.answer.owned = fenceSame, 1
	if r.lock.counter == 0 {
		r.answer.fence = fenceNew
		r.lock.counter = r.clock
	}
	r.answer.number = r.lock.counter
}

// acquire: GRANTED when it is ours, or ours already; else to the first live waiter; else to us if nobody waits.
func (r *reference) acquire(a *action, client int) {
	l := r.lock
	if l.holder == a.token {
		r.stands("GRANTED", l.raise(a.lease))
		return
	}
	if l.holder == none {
		who, _, all := r.handOff(a.token, a.lease, a.fences)
		if who == a.token || who == none && all && r.grant(a.token, a.lease, a.fences) {
			r.granted("GRANTED", a.lease)
			return
		}
		if r.full {
			r.answer = answer{code: "BADFENCE", token: none}
			return
		}
	}
	if a.presence == 0 {
		r.reply("HELD", l.pttl())
		return
	}
	channel := none
	if a.wake != wakePoll {
		channel = client
	}
	position := r.stand(a.token, len(l.queue), a, channel)
	r.reply("QUEUED", l.pttl(), position)
}

// extend raises a lease that is ours.
func (r *reference) extend(a *action) {
	switch l := r.lock; l.holder {
	case a.token:
		r.stands("EXTENDED", l.raise(a.lease))
		r.answer.owned = 0
	case none:
		r.reply("NOTHELD", -2)
	default:
		r.reply("NOTHELD", l.left)
	}
}

// release gives back the lock, or the place in the queue, and is safe to repeat.
func (r *reference) release(a *action, client int) {
	l, s := r.lock, a.successor
	if l.holder == a.token {
		l.holder = none
		who, untold, all := r.handOff(s, a.lease, a.fences)
		if s != none && who == none && all && r.grant(s, a.lease, a.fences) { // nobody else waits
			who = s
		}
		if s != none && who == s { // or it waited on its own account, and was the first
			r.granted("HANDED", l.left)
			r.answer.token = s
			return
		}
		position := 0
		if s != none {
			position = r.stand(s, len(l.queue), a, client)
		}
		if untold {
			r.granted("HANDED", l.left)
			r.answer.token = who
			return
		}
		r.reply("RELEASED", position)
		return
	}
	if place := l.place(a.token); place >= 0 {
		r.leave(a, client, place)
		return
	}
	switch {
	case s != none && l.holder == s:
		r.handed(s, a.lease)
	case s != none && l.place(s) >= 0:
		r.reply("RELEASED", l.place(s)+1)
	default:
		r.reply("NOTHELD")
	}
}

// leave is the release of a token that stands in the queue. Its successor takes its place, unless it has one already, or
// the lock itself. Who leaves a free lock's queue hands the lock on.
func (r *reference) leave(a *action, client, place int) {
	l, s := r.lock, a.successor
	l.queue = slices.Delete(l.queue, place, place+1)
	position := 0
	switch {
	case s == none && l.holder == none:
		r.own = none // LEFT has no room for a grant that the caller were to tell: it is published
		r.handOff(none, 0, 0)
	case s == none:
	case s == l.holder:
		r.handed(s, a.lease)
		return
	case l.holder == none:
		r.stand(s, place, a, client)
		r.own = none
		if who, _, _ := r.handOff(s, a.lease, a.fences); who == s {
			r.granted("HANDED", l.left)
			r.answer.token = s
			return
		}
		position = l.place(s) + 1
	default:
		position = r.stand(s, place, a, client)
	}
	r.reply("LEFT", position)
}

// handed answers that the successor has the lock already.
func (r *reference) handed(successor, lease int) {
	r.stands("HANDED", r.lock.raise(lease))
	r.answer.token = successor
}

// grant gives the free lock to a token, unless there is no higher number left. The fence is the clock, or the next number
// where the clock is not past the last. The numbers that are owned besides are from the past, after the last fence: where
// that is not known, there are none.
func (r *reference) grant(token, lease, wish int) bool {
	l := r.lock
	if l.counter >= fenceLimit {
		r.full = true
		return false
	}
	r.last = grant{max(r.clock, l.counter+1), 1}
	if l.counter > 0 {
		r.last.owned = int(min(int64(wish), r.last.fence-l.counter))
	}
	l.holder, l.left, l.counter = token, lease, r.last.fence
	return true
}

// stand puts a token at a place in the queue, or renews it where it stands, as an action asks, and gives its position.
func (r *reference) stand(token, place int, a *action, channel int) int {
	l := r.lock
	who := waiter{
		int8(token), int8(a.presence), int8(min(a.lease, a.presence)), int8(a.fences), a.wake, int8(channel),
	}
	if at := l.place(token); at >= 0 {
		place = at
		l.queue[at] = who
	} else {
		l.queue = slices.Insert(l.queue, place, who)
	}
	r.stood = true
	return place + 1
}

// handOff grants the free lock to the first live waiter, whose token it gives, and says whether the caller has to tell
// it. All is false if it stopped before it saw the end of the queue. Who is named in the call itself is alive, whatever is
// known of it, and gets its lease in full.
func (r *reference) handOff(named, lease, wish int) (who int, untold, all bool) {
	l := r.lock
	for range r.sweep {
		if len(l.queue) == 0 {
			return none, false, true
		}
		head := l.queue[0]
		token := int(head.token)
		if token == named {
			head.lease, head.fences, head.wake = int8(lease), int8(wish), wakePoll
		}
		if token != named && head.left < 0 {
			l.queue = l.queue[1:]
			continue
		}
		if !r.grant(token, int(head.lease), int(head.fences)) {
			return none, false, false
		}
		l.queue = l.queue[1:]
		if head.wake == wakePoll {
			return token, false, true
		}
		known := head.wake == wakePush || head.wake == wakeBroadcast
		if known && r.own != none && int(head.channel) == r.own {
			return token, true, true
		}
		received := r.deaf&(1<<head.channel) == 0
		r.sent = append(r.sent, sent{int(head.channel), token, int(head.lease), r.last, received})
		if received || head.wake != wakePush {
			return token, false, true
		}
		l.holder, l.left = none, 0 // nobody listens: its process is gone
	}
	r.unfinished = true
	return none, false, false
}
