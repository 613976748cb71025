package redilock

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

const (
	// renewBatch is how many extends go into one pipeline.
	renewBatch = 500
	// renewSlack is how much earlier than due a renewal goes along with those that are.
	renewSlack = 10 * time.Millisecond
	// minRenewPause is how soon a renewal that failed is tried again, at the soonest.
	minRenewPause = 10 * time.Millisecond
)

// leases watches over all held locks of a client: one heap, one timer, no goroutine per lock. A lock that is to be
// extended is renewed when a third of its lease has passed, and again until that succeeds; every lock ends at its
// deadline.
type leases struct {
	c *Client

	mu     sync.Mutex
	due    dueHeap
	timer  *time.Timer
	next   time.Time // when the timer fires; zero: it does not
	closed bool
}

// timing is a lock's place in the schedule.
type timing struct {
	renewAt  time.Time // zero: it is not to be renewed
	deadline time.Time
	index    int // in the heap, from 1; 0: not in it
}

func (t *timing) due() time.Time {
	if !t.renewAt.IsZero() && t.renewAt.Before(t.deadline) {
		return t.renewAt
	}
	return t.deadline
}

func newLeases(c *Client) *leases { return &leases{c: c} }

// add begins to watch over a new grant.
func (ls *leases) add(h *hold) {
	// A grant by message is only for the waiter's presence, and counts from the waiter's last question: it is made whole in
	// time, off the caller's path.
	h.mu.Lock()
	short := h.lease < h.ttl || h.pushed && time.Since(h.granted) > h.lease/10
	h.mu.Unlock()
	ls.watch(h, h.m.opts.autoExtend || short)
}

// renewed takes note of an extend that succeeded.
func (ls *leases) renewed(h *hold) { ls.watch(h, h.m.opts.autoExtend) }

// watch puts a lock into the schedule, or where it belongs now, and says whether it is to be renewed.
func (ls *leases) watch(h *hold, renew bool) {
	h.mu.Lock()
	deadline, ended := h.deadline, h.end != nil
	renew = renew && !h.capped() // with the maximal hold in sight there is nothing more to ask for
	h.mu.Unlock()
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ended || ls.closed {
		return
	}
	h.timing.deadline = deadline
	h.timing.renewAt = time.Time{}
	if renew {
		now := time.Now()
		h.timing.renewAt = now.Add(deadline.Sub(now) / 3)
	}
	ls.place(h)
}

// again sets a renewal that was sent before to when that part of what is left until the deadline has passed, but not at
// once.
func (t *timing) again(part time.Duration) {
	now := time.Now()
	t.renewAt = now.Add(max(t.deadline.Sub(now)/part, minRenewPause+renewSlack))
}

// place puts a lock where it belongs in the heap, and sets the timer. It is called with ls.mu held.
func (ls *leases) place(h *hold) {
	if h.timing.index == 0 {
		heap.Push(&ls.due, h)
	} else {
		heap.Fix(&ls.due, h.timing.index-1)
	}
	ls.arm()
}

func (ls *leases) remove(h *hold) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if h.timing.index > 0 {
		heap.Remove(&ls.due, h.timing.index-1)
	}
	// The timer stays: firing once for nothing is cheaper than being set for every lock.
}

// arm sets the timer to the first that is due, if it would fire later. It is called with ls.mu held.
func (ls *leases) arm() {
	if len(ls.due) == 0 {
		return
	}
	at := ls.due[0].timing.due()
	if !ls.next.IsZero() && !at.Before(ls.next) {
		return
	}
	ls.next = at
	if ls.timer == nil {
		ls.timer = time.AfterFunc(time.Until(at), ls.fire)
	} else {
		ls.timer.Reset(time.Until(at))
	}
}

// fire does what is due.
func (ls *leases) fire() {
	var over, renew []*hold
	ls.mu.Lock()
	now := time.Now()
	ls.next = time.Time{}
	for !ls.closed && len(ls.due) > 0 {
		h := ls.due[0]
		t := &h.timing
		if !now.Before(t.deadline) {
			heap.Pop(&ls.due)
			over = append(over, h)
			continue
		}
		if t.renewAt.IsZero() || t.renewAt.After(now.Add(renewSlack)) {
			break
		}
		renew = append(renew, h)
		// Should this one not be answered: another on a connection of its own, well before the deadline.
		t.again(4)
		heap.Fix(&ls.due, 0)
	}
	ls.arm()
	ls.mu.Unlock()
	// All of them end before anybody is told, and what is due is sent before: a log may be slow.
	over = slices.DeleteFunc(over, func(h *hold) bool { return !h.finish(ErrLost) })
	ls.renew(renew)
	for _, h := range over {
		h.lost(errOver)
	}
}

// renew sends the extends of some locks, together, without waiting for the replies.
func (ls *leases) renew(holds []*hold) {
	var calls []scripts.Sendable
	of := make(map[scripts.Sendable]*hold, len(holds))
	for _, h := range holds {
		h.mu.Lock()
		lease := h.ttl
		h.mu.Unlock()
		if limit := h.m.opts.maxHold; h.m.opts.autoExtend && limit > 0 {
			left := time.Until(h.granted.Add(limit))
			if left < minTTL {
				continue // its maximal hold is over, or about to be
			}
			lease = min(lease, left+2*driftOf(left)) // so that this is the last one
		}
		call := mutexv1.NewExtend(h.m.keys, mutexv1.ExtendArgs{Token: h.token, Lease: lease})
		calls = append(calls, call)
		of[call] = h
	}
	if len(calls) == 0 {
		return
	}
	ctx := ls.c.life
	go func() {
		for _, group := range scripts.ByNode(ctx, ls.c.rdb, calls) {
			for len(group) > 0 {
				n := min(len(group), renewBatch)
				batch := group[:n]
				group = group[n:]
				go ls.send(ctx, batch, of)
			}
		}
	}()
}

func (ls *leases) send(ctx context.Context, calls []scripts.Sendable, of map[scripts.Sendable]*hold) {
	sent := time.Now()
	scripts.Pipeline(ctx, ls.c.rdb, calls...)
	for _, call := range calls {
		h := of[call]
		reply, err := call.(*scripts.Call[mutexv1.ExtendReply]).Result()
		if err == nil {
			_ = h.extended(reply, sent, 0) // a loss is told to the lock itself
			continue
		}
		ls.failed(h, explain(err))
	}
}

// failed lets a renewal be tried again, soon and until the deadline.
func (ls *leases) failed(h *hold, err error) {
	h.mu.Lock()
	ended, fence := h.end != nil, h.fence
	h.mu.Unlock()
	ls.mu.Lock()
	ended = ended || ls.closed
	if h.timing.index > 0 && !ended {
		later := h.timing.renewAt
		if h.timing.again(10); later.Before(h.timing.renewAt) {
			h.timing.renewAt = later
		}
		ls.place(h)
	}
	ls.mu.Unlock()
	if ended {
		return
	}
	ls.c.opts.log.Debug("redilock: extend failed, trying again", "lock", h.m.name, "fence", fence, "error", err)
	ls.c.emit(ls.c.opts.trace.ExtendFailed, Event{
		Name: h.m.name, Fence: fence, Held: time.Since(h.granted), Err: err,
	})
}

func (ls *leases) close() {
	ls.mu.Lock()
	ls.closed = true
	holds := ls.due
	ls.due = nil
	for _, h := range holds {
		h.timing.index = 0
	}
	if ls.timer != nil {
		ls.timer.Stop()
	}
	ls.mu.Unlock()
	for _, h := range holds {
		h.close()
	}
}

// dueHeap orders locks by when something has to be done for them.
type dueHeap []*hold

func (d dueHeap) Len() int           { return len(d) }
func (d dueHeap) Less(i, j int) bool { return d[i].timing.due().Before(d[j].timing.due()) }

func (d dueHeap) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].timing.index, d[j].timing.index = i+1, j+1
}

func (d *dueHeap) Push(x any) {
	h := x.(*hold)
	*d = append(*d, h)
	h.timing.index = len(*d)
}

func (d *dueHeap) Pop() any {
	old := *d
	last := len(old) - 1
	h := old[last]
	old[last] = nil
	*d = old[:last]
	h.timing.index = 0
	return h
}
