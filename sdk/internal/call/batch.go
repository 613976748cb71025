package call

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

const (
	// maxSends is how many calls or batches are under way before others gather to share a pipeline. Measured: with one the
	// server idles while a reply is read, with more there is less to share.
	maxSends = 2
	// maxBatch bounds a pipeline, so that the last reply is not long after the first.
	maxBatch = 128
	// gatherTimeout is how long a call waits for those under way. One that does not come back (a connection broke, a
	// reply was lost) delays the others by no more than this.
	gatherTimeout = 20 * time.Millisecond
)

// batches lets concurrent calls share pipelines. A call that finds few others under way is sent at once; those that come
// meanwhile gather, and go together when one of them is back. So a lone caller pays nothing, and many do not wait for
// each other's round trips.
type batches struct {
	rdb redis.UniversalClient
	// apart: no call may wait for another, because one may never come back.
	apart   bool
	workers workers

	mu      sync.Mutex
	sends   int
	waiting []*ticket
	gather  *time.Timer // fires while calls wait
	armed   bool
	pending pending
	used    []*ticket
}

// enter reports whether the caller may send a call by itself; then leave must follow.
func (b *batches) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sends >= maxSends {
		return false
	}
	b.sends++
	return true
}

// leave ends a send of a caller's own. Those that have gathered go next.
func (b *batches) leave() {
	b.mu.Lock()
	if batch := b.next(nil); len(batch) > 0 {
		b.mu.Unlock()
		b.workers.give(job{b: b, batch: batch})
		return
	}
	b.mu.Unlock()
}

// next ends a send, and begins another if calls have gathered. It appends them to batch, and is called with b.mu held.
func (b *batches) next(batch []*ticket) []*ticket {
	if len(b.waiting) == 0 || b.sends > maxSends {
		b.sends--
		return batch
	}
	return b.take(batch)
}

// take moves calls that have gathered to batch. It is called with b.mu held.
func (b *batches) take(batch []*ticket) []*ticket {
	n := min(len(b.waiting), maxBatch)
	for _, t := range b.waiting[:n] {
		t.sent = true
	}
	batch = append(batch, b.waiting[:n]...)
	rest := copy(b.waiting, b.waiting[n:])
	clear(b.waiting[rest:])
	b.waiting = b.waiting[:rest]
	return batch
}

// submit lets a worker send a call, now or with others.
func (b *batches) submit(t *ticket, within time.Duration) {
	b.mu.Lock()
	if within > 0 {
		b.pending.add(b, t, within)
	}
	switch {
	case b.apart:
		t.sent = true
	case b.sends < maxSends:
		b.sends++
		t.sent = true
	default:
		b.waiting = append(b.waiting, t)
		t.since = time.Now()
		b.arm()
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	b.workers.give(job{b: b, one: t})
}

// resend sends a call once more that failed in a batch, apart from the others.
func (b *batches) resend(t *ticket, within time.Duration) {
	if within > 0 {
		b.mu.Lock()
		b.pending.add(b, t, within)
		b.mu.Unlock()
	}
	b.workers.give(job{b: b, one: t, again: true})
}

// arm sets the timer for those that have gathered. It is called with b.mu held.
func (b *batches) arm() {
	if b.armed || len(b.waiting) == 0 {
		return
	}
	b.armed = true
	left := gatherTimeout - time.Since(b.waiting[0].since)
	if b.gather == nil {
		b.gather = time.AfterFunc(left, b.overdue)
		return
	}
	b.gather.Reset(left)
}

// overdue sends those that have gathered for too long.
func (b *batches) overdue() {
	b.mu.Lock()
	b.armed = false
	var batch []*ticket
	if len(b.waiting) > 0 && time.Since(b.waiting[0].since) >= gatherTimeout {
		b.sends++
		batch = b.take(nil)
	}
	b.arm()
	b.mu.Unlock()
	if len(batch) > 0 {
		b.workers.give(job{b: b, batch: batch})
	}
}

// withdraw ends the wait of a ticket's caller. It reports whether the call was over by then, or was never sent; if
// neither, late is called once it is over.
func (b *batches) withdraw(t *ticket, late func()) (over, unsent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.over {
		return true, false
	}
	b.pending.remove(t)
	if !t.sent {
		if i := slices.Index(b.waiting, t); i >= 0 {
			b.waiting = slices.Delete(b.waiting, i, i+1)
			return false, true
		}
	}
	t.left, t.late = true, late
	return false, false
}

// job is what a worker has to send: one call, or a batch.
type job struct {
	b     *batches
	one   *ticket
	batch []*ticket
	again bool // the call failed in a batch
}

// do sends a job, and those that gather meanwhile.
func (j job) do(scratch *scratch) {
	b := j.b
	if j.again || b.apart {
		defer b.settle(scratch, j)
		j.send(scratch)
		return
	}
	if j.one != nil {
		scratch.batch = append(scratch.batch[:0], j.one)
	} else {
		scratch.batch = append(scratch.batch[:0], j.batch...)
	}
	for len(scratch.batch) > 0 {
		b.flight(scratch)
	}
}

// flight sends the batch of scratch, tells its callers, and fills scratch with the next one.
func (b *batches) flight(scratch *scratch) {
	returned := false
	defer func() {
		if returned {
			return
		}
		b.settle(scratch, job{b: b, batch: scratch.batch}) // runtime.Goexit in a hook: another worker goes on
		b.leave()
	}()
	if len(scratch.batch) == 1 {
		job{b: b, one: scratch.batch[0]}.send(scratch)
	} else {
		job{b: b, batch: scratch.batch}.send(scratch)
	}
	b.mu.Lock()
	b.tell(scratch.batch)
	clear(scratch.batch)
	scratch.batch = b.next(scratch.batch[:0])
	b.mu.Unlock()
	returned = true
}

// send sends the calls of a job.
func (j job) send(scratch *scratch) {
	if j.one != nil {
		send(j.one.ctx, j.b.rdb, j.one.call, j.again)
		return
	}
	scratch.calls = scratch.calls[:0]
	for _, t := range j.batch {
		t.shared = true
		scratch.calls = append(scratch.calls, t.call)
	}
	ctx := context.WithoutCancel(j.batch[0].ctx) // the end of one caller's context is not the others'
	if end := lastEnd(j.batch); !end.IsZero() {
		bounded, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		ctx = bounded
	}
	guarded(scratch.calls, func() { scripts.Pipeline(ctx, j.b.rdb, scratch.calls...) })
	clear(scratch.calls)
}

// lastEnd is when the last caller of a batch will have given up; zero if one of them may wait for ever.
func lastEnd(batch []*ticket) (last time.Time) {
	for _, t := range batch {
		end, ends := t.ctx.Deadline()
		if !t.deadline.IsZero() && (!ends || t.deadline.Before(end)) {
			end, ends = t.deadline, true
		}
		if !ends {
			return time.Time{}
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}

// settle tells the callers of a job.
func (b *batches) settle(scratch *scratch, j job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if j.one != nil {
		scratch.batch = append(scratch.batch[:0], j.one)
		b.tell(scratch.batch)
	} else {
		b.tell(j.batch)
	}
	clear(scratch.batch)
	scratch.batch = scratch.batch[:0]
}

// tell ends tickets. It is called with b.mu held.
func (b *batches) tell(tickets []*ticket) {
	for _, t := range tickets {
		t.over = true
		if t.left {
			if t.late != nil {
				go t.late()
			}
			continue
		}
		b.pending.remove(t)
		t.wake <- true
	}
}
