package redilockotel

import (
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// maxEarly is how many losses are remembered that were told before the grant.
const maxEarly = 1024

// hold is what has to be known of a lock until its end.
type hold struct {
	contended bool
	span      trace.Span // nil: none
}

// holds are the locks that are held, by Event.Hold. The goroutine that tells of a loss is not the one that tells of the
// grant, and may come first.
type holds struct {
	mu    sync.Mutex
	open  map[uint64]hold
	early map[uint64]struct{}
	order []uint64 // of early
	next  int
	leads map[string]map[string]struct{} // the elections that we lead, by label
}

func newHolds() *holds {
	return &holds{
		open: make(map[uint64]hold), early: make(map[uint64]struct{}), leads: make(map[string]map[string]struct{}),
	}
}

// begin reports whether a grant begins a hold: not one that is known to be lost.
func (h *holds) begin(e redilock.Event) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, lost := h.early[e.Hold]; lost || e.Hold == 0 {
		return false
	}
	h.open[e.Hold] = hold{contended: e.Contended}
	return true
}

// attach gives a hold its span. It reports false if the hold has ended.
func (h *holds) attach(id uint64, span trace.Span) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.open[id]
	if ok {
		one.span = span
		h.open[id] = one
	}
	return ok
}

// span is that of a hold; nil if there is none.
func (h *holds) span(id uint64) trace.Span {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[id].span
}

// end ends a hold, once.
func (h *holds) end(e redilock.Event) (hold, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.open[e.Hold]
	delete(h.open, e.Hold)
	if !ok && e.Hold != 0 && e.Outcome == "lost" {
		if len(h.order) < maxEarly {
			h.order = append(h.order, e.Hold)
		} else {
			delete(h.early, h.order[h.next])
			h.order[h.next] = e.Hold
			h.next = (h.next + 1) % maxEarly
		}
		h.early[e.Hold] = struct{}{}
	}
	return one, ok
}

// lead counts the elections with this label that we lead.
func (h *holds) lead(label string, e redilock.Event) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	led := h.leads[label]
	if led == nil {
		led = make(map[string]struct{})
		h.leads[label] = led
	}
	if e.Leader {
		led[e.Name] = struct{}{}
	} else {
		delete(led, e.Name)
	}
	return int64(len(led))
}
