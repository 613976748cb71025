// Package history writes down when the calls of concurrent clients began and ended and what came of them, in many short
// windows, and asks porcupine whether one thing that does one call at a time could have answered all that: whether each
// history is linearizable.
package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Forever is the end of an operation that can take effect at any time from its call on.
const Forever = time.Duration(1<<63 - 1)

// History is what happened in one window. It is safe for concurrent use.
type History struct {
	Start time.Time

	mu      sync.Mutex
	ops     []porcupine.Operation
	unknown error // an outcome that the model cannot place: the history is not checked
}

// Now is the time of the history, on the monotonic clock.
func (h *History) Now() time.Duration { return time.Since(h.Start) }

// At is a moment in the time of the history.
func (h *History) At(moment time.Time) time.Duration { return moment.Sub(h.Start) }

// Add notes what a client's call was answered that began at that time and ends now.
func (h *History) Add(client int, e fmt.Stringer, call time.Duration) {
	h.AddUntil(client, e, call, h.Now())
}

// AddUntil is Add of a call that may take effect until then: [Forever] is at any time.
func (h *History) AddUntil(client int, e fmt.Stringer, call, end time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: e, Call: int64(call), Return: int64(max(call, end))})
}

// Spoil notes an outcome that the model has no place for.
func (h *History) Spoil(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unknown == nil {
		h.unknown = err
	}
}

// Violation is a history that nothing that does one call at a time could have.
type Violation struct {
	Seed   uint64 // of its window
	Result porcupine.CheckResult
	Ops    []porcupine.Operation // by the time of their call
	// Places are those of the operations in the longest beginning of a story that could be, from 1; 0: not in it.
	Places []int
}

func (v *Violation) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: nothing that does one call at a time could answer this (%s).\n", v.Seed, v.Result)
	fmt.Fprintf(&b, "  from, to: in µs; place: in the longest order that could be\n")
	fmt.Fprintf(&b, "  %9s %9s %5s  client\n", "from", "to", "place")
	for i, op := range v.Ops {
		end, place := "later", "-"
		if time.Duration(op.Return) != Forever {
			end = fmt.Sprint(op.Return / 1000)
		}
		if v.Places[i] > 0 {
			place = fmt.Sprint(v.Places[i])
		}
		fmt.Fprintf(&b, "  %9d %9s %5s  %d %s\n", op.Call/1000, end, place, op.ClientId, op.Input)
	}
	return b.String()
}

// checkTimeout bounds porcupine's search in one window. They are small: it takes it milliseconds.
const checkTimeout = 30 * time.Second

// Check asks porcupine, unless the history was spoilt: that is the error then. It gives the number of operations that it
// looked at.
func (h *History) Check(model porcupine.Model, seed uint64) (int, error) {
	if h.unknown != nil {
		return 0, h.unknown
	}
	if porcupine.CheckOperationsTimeout(model, h.ops, checkTimeout) == porcupine.Ok {
		return len(h.ops), nil
	}
	slices.SortFunc(h.ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for i := range h.ops {
		h.ops[i].Metadata = i
	}
	// Once more, to hear how far it came.
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, checkTimeout)
	v := &Violation{Seed: seed, Result: result, Ops: h.ops, Places: make([]int, len(h.ops))}
	var longest []porcupine.Operation
	for _, partial := range slices.Concat(info.PartialLinearizationsOperations()...) {
		if len(partial) > len(longest) {
			longest = partial
		}
	}
	for place, op := range longest {
		v.Places[op.Metadata.(int)] = place + 1
	}
	return 0, v
}
