package release

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// work starts a worker for what is due, and sets the timer for what is not. It is called with r.mu held.
func (r *Releaser) work() {
	now := r.clock.Now()
	next, due := clock.Instant(0), false
	for _, it := range r.queue {
		if it.at <= now {
			due = true
		} else if next == 0 || it.at < next {
			next = it.at
		}
	}
	if due && r.busy < workers {
		r.busy++
		go r.worker()
	}
	if next != 0 {
		r.arm(now, next)
	}
}

// arm sets the timer, if it would fire later. It is called with r.mu held.
func (r *Releaser) arm(now, at clock.Instant) {
	if r.next != 0 && r.next <= at {
		return
	}
	r.next = at
	if r.timer == nil {
		r.timer = time.AfterFunc(at.Sub(now), r.wake)
		return
	}
	r.timer.Reset(at.Sub(now))
}

func (r *Releaser) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = 0
	r.work()
}

// take takes a batch of what is due. It is called with r.mu held.
func (r *Releaser) take() []*Item {
	now := r.clock.Now()
	var batch []*Item
	rest := r.queue[:0]
	for _, it := range r.queue {
		switch {
		case it.over:
			it.queued = false
		case it.at <= now && now >= it.Until && it.begun:
			it.queued = false
			r.finish(it)
		case it.at <= now && len(batch) < batchSize:
			it.queued = false
			batch = append(batch, it)
		default:
			rest = append(rest, it)
		}
	}
	clear(r.queue[len(rest):])
	r.queue = rest
	return batch
}

// worker sends batches until nothing is due.
func (r *Releaser) worker() {
	for {
		r.mu.Lock()
		batch := r.take()
		if len(batch) == 0 {
			r.busy--
			r.work()
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		if !r.send(batch) {
			return
		}
	}
}

// attempt is one try of one item in a pipeline.
type attempt struct {
	item  *Item
	call  primitive.Call[primitive.Released]
	first bool
}

// send sends a batch in pipelines, and returns when all of them are over. What is not answered in time is given to
// another worker meanwhile, which takes this one's place: then it reports false.
func (r *Releaser) send(batch []*Item) (goOn bool) {
	calls := make([]scripts.Sendable, len(batch))
	of := make(map[scripts.Sendable]attempt, len(batch))
	for i, it := range batch {
		c, first := r.call(it)
		calls[i] = c
		of[c] = attempt{it, c, first}
	}
	sent := r.clock.Now()
	parts := make(chan []scripts.Sendable, len(calls))
	ctx := context.Background() // a pipeline of many has the values of the first
	if first := batch[0].Context; first != nil {
		ctx = event.Detach(first)
	}
	r.sender.Together(ctx, calls, batchSize, func(part []scripts.Sendable) { parts <- part })
	stuck := time.NewTimer(stuckAfter)
	defer stuck.Stop()
	replaced := false
	for left := len(calls); left > 0; {
		select {
		case part := <-parts:
			left -= len(part)
			for _, c := range part {
				r.answered(of[c], sent)
				delete(of, c)
			}
		case <-stuck.C:
			r.mu.Lock()
			if replaced = r.stuck < maxStuck; replaced {
				r.stuck++
				r.busy--
			}
			r.mu.Unlock()
			for _, a := range of {
				r.overdue(a, sent)
			}
		}
	}
	if replaced {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stuck--
	}
	return !replaced
}

func (r *Releaser) answered(a attempt, sent clock.Instant) {
	reply, err := a.call.Reply()
	err = call.Explain(err)
	answer := Answer{reply, err, sent, r.clock.Now()}
	r.tried(a.item, a.first, answer)
	r.settle(a.item, answer, err != nil && a.call.MayHaveRun())
}

// overdue lets a release be tried again whose answer is overdue, while the try stays under way.
func (r *Releaser) overdue(a attempt, sent clock.Instant) {
	// Its successor must not wait for it.
	r.tried(a.item, a.first, Answer{Err: failure.Unavailable, Sent: sent, Answered: r.clock.Now()})
	r.mu.Lock()
	defer r.mu.Unlock()
	a.item.unsure = true
	if a.item.err == nil {
		a.item.err = failure.Unavailable
	}
	r.enqueue(a.item, 0)
}
