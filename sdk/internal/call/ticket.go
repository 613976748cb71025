package call

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// ticket is a call that somebody else's goroutine sends.
type ticket struct {
	call scripts.Sendable
	ctx  context.Context
	wake chan bool // true: it is over; false: it takes too long

	// guarded by batches.mu until the call is over
	since      time.Time // when it began to wait for others
	sent       bool
	shared     bool // in a pipeline
	over       bool
	left       bool // the caller has returned
	late       func()
	deadline   time.Time // in batches.pending, if listed
	listed     bool
	prev, next *ticket
}

// newTicket takes a ticket from those that were used before. They belong to one client: so do their channels.
func (b *batches) newTicket(ctx context.Context, c scripts.Sendable) *ticket {
	b.mu.Lock()
	var t *ticket
	if last := len(b.used) - 1; last >= 0 {
		t, b.used[last] = b.used[last], nil
		b.used = b.used[:last]
	}
	b.mu.Unlock()
	if t == nil {
		t = &ticket{wake: make(chan bool, 2)}
	}
	t.call, t.ctx = c, ctx
	return t
}

// maxUsed is how many tickets are kept for later.
const maxUsed = 256

// recycle gives back a ticket that is over, and that nobody else knows any more.
func (b *batches) recycle(t *ticket) {
	for len(t.wake) > 0 {
		<-t.wake
	}
	*t = ticket{wake: t.wake}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.used) < maxUsed {
		b.used = append(b.used, t)
	}
}

// pending is the calls of callers that do not wait for ever, the first to run out in front. One timer looks after all of
// them, and is set anew when it fires: not for every call. It is guarded by batches.mu.
type pending struct {
	front, back *ticket
	timer       *time.Timer
	at          time.Time // when the timer fires; zero: it does not
}

// add lists a ticket.
func (p *pending) add(b *batches, t *ticket, within time.Duration) {
	t.deadline, t.listed = time.Now().Add(within), true
	after := p.back
	for after != nil && after.deadline.After(t.deadline) {
		after = after.prev
	}
	t.prev = after
	if after == nil {
		t.next, p.front = p.front, t
	} else {
		t.next, after.next = after.next, t
	}
	if t.next == nil {
		p.back = t
	} else {
		t.next.prev = t
	}
	if p.at.IsZero() || t.deadline.Before(p.at) {
		p.arm(b)
	}
}

// remove forgets a ticket, if it is listed.
func (p *pending) remove(t *ticket) {
	if !t.listed {
		return
	}
	if t.prev == nil {
		p.front = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		p.back = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.prev, t.next, t.listed = nil, nil, false
}

// arm sets the timer to the first to run out.
func (p *pending) arm(b *batches) {
	p.at = time.Time{}
	if p.front == nil {
		return
	}
	p.at = p.front.deadline
	if p.timer == nil {
		p.timer = time.AfterFunc(time.Until(p.at), b.expire)
		return
	}
	p.timer.Reset(time.Until(p.at))
}

// expire wakes the callers that have waited long enough.
func (b *batches) expire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.pending
	for now := time.Now(); p.front != nil && !p.front.deadline.After(now); {
		t := p.front
		p.remove(t)
		t.wake <- false
	}
	p.arm(b)
}
