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
	// maxFlights is how many calls or batches are under way before others gather to share a pipeline. Measured: with one the
	// server idles while a reply is read, with more there is less to share.
	maxFlights = 2
	// maxBatch bounds a pipeline, so that the last reply is not long after the first.
	maxBatch = 128
	// gatherTimeout is how long a call waits for those under way. One that does not come back (a connection broke, a
	// reply was lost) delays the others by no more than this.
	gatherTimeout = 20 * time.Millisecond
)

// batch lets concurrent calls share pipelines. A call that finds few others under way is sent at once, in the caller's
// own goroutine; those that come meanwhile gather, and go together when one of them is back. So a lone caller pays
// nothing, and many do not wait for each other's round trips.
type batch struct {
	rdb redis.UniversalClient

	mu      sync.Mutex
	flights int
	waiting []*member
}

// member is a call that waits for others.
type member struct {
	call scripts.Sendable
	turn chan []*member // holds one: the batch that it is to send, nil when another has sent it
}

// join reports whether the call has to be sent alone; then land must follow. Otherwise it was sent with others.
func (b *batch) join(ctx context.Context, call scripts.Sendable) (alone bool) {
	b.mu.Lock()
	if b.flights < maxFlights {
		b.flights++
		b.mu.Unlock()
		return true
	}
	m := &member{call: call, turn: make(chan []*member, 1)}
	b.waiting = append(b.waiting, m)
	b.mu.Unlock()
	group := b.gather(ctx, m)
	switch len(group) {
	case 0:
		return false
	case 1:
		return true
	}
	b.send(ctx, group)
	return false
}

// send sends a batch. Whatever happens in it, the others hear of it, and the flight ends.
func (b *batch) send(ctx context.Context, group []*member) {
	calls := make([]scripts.Sendable, len(group))
	for i, other := range group {
		calls[i] = other.call
	}
	defer func() {
		b.land()
		for _, other := range group[1:] {
			other.turn <- nil
		}
	}()
	guarded(calls, func() {
		scripts.Pipeline(context.WithoutCancel(ctx), b.rdb, calls...) // the end of ctx is not the others'
	})
}

// gather waits for the turn of m: it gives the batch that m has to send, or nil if another has sent it.
func (b *batch) gather(ctx context.Context, m *member) []*member {
	timer := time.NewTimer(gatherTimeout)
	defer timer.Stop()
	select {
	case group := <-m.turn:
		return group
	case <-timer.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	if i := slices.Index(b.waiting, m); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
		b.flights++
		b.mu.Unlock()
		return []*member{m}
	}
	b.mu.Unlock()
	return <-m.turn // it is under way
}

// land ends a flight, and lets the first of those that have gathered take the others along.
func (b *batch) land() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 || b.flights > maxFlights {
		b.flights--
		return
	}
	n := min(len(b.waiting), maxBatch)
	group := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	group[0].turn <- group
}
