package linear

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// forever is the end of an operation that can take effect at any time from its call on.
const forever = time.Duration(1<<63 - 1)

// history is what happened to one lock. It is safe for concurrent use.
type history struct {
	start time.Time

	mu      sync.Mutex
	ops     []porcupine.Operation
	unknown error // an outcome that the model cannot place: the history is not checked
}

// now is the time of the history, on the monotonic clock.
func (h *history) now() time.Duration { return time.Since(h.start) }

// at is a moment in the time of the history.
func (h *history) at(moment time.Time) time.Duration { return moment.Sub(h.start) }

// add notes what a client's call was answered that began at that time and ends now.
func (h *history) add(client int, e Event, call time.Duration) { h.addUntil(client, e, call, h.now()) }

func (h *history) addUntil(client int, e Event, call, end time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: e, Call: int64(call), Return: int64(max(call, end))})
}

// spoil notes an outcome that the model has no place for.
func (h *history) spoil(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unknown == nil {
		h.unknown = err
	}
}

// Violation is a history that no lock could have.
type Violation struct {
	Seed   uint64 // of its window
	Result porcupine.CheckResult
	Ops    []porcupine.Operation // by the time of their call
	// Places are those of the operations in the longest beginning of a story that a lock could have, from 1; 0: not in it.
	Places []int
}

func (v *Violation) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: no lock could answer this (%s).\n", v.Seed, v.Result)
	fmt.Fprintf(&b, "  from, to: in µs; place: in the longest order that could be\n")
	fmt.Fprintf(&b, "  %9s %9s %5s  client\n", "from", "to", "place")
	for i, op := range v.Ops {
		end, place := "later", "-"
		if time.Duration(op.Return) != forever {
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

// check asks porcupine. It gives the number of operations that it looked at.
func (h *history) check(seed uint64) (int, error) {
	if porcupine.CheckOperationsTimeout(Model, h.ops, checkTimeout) == porcupine.Ok {
		return len(h.ops), nil
	}
	slices.SortFunc(h.ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for i := range h.ops {
		h.ops[i].Metadata = i
	}
	// Once more, to hear how far it came.
	result, info := porcupine.CheckOperationsVerbose(Model, h.ops, checkTimeout)
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
