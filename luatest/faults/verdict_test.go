package faults

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// verdict is what a journal says, in numbers.
type verdict struct {
	runs     int
	grants   int
	faults   int
	kills    int
	midway   int // kills of a worker that held a lock
	doubles  int // holds that began while another was not over
	backward int // fences that did not grow
	stale    int // writes that the store accepted although it had seen a higher fence
	refused  int // writes that the store refused, as it should
	stranded int
	orphans  int
	untyped  int
	back     []time.Duration // from each fault to the next grant
	errors   map[string]int  // by kind
	first    map[string]string
}

// hold is a time during which a worker believed that it had a lock.
type hold struct {
	who, call  int
	fence      int64
	called     int64 // Lock or TryLock was called
	begin, end int64
}

type callID struct{ who, call int }

// judge counts what went wrong in a run, from its events alone. declared: the server may have lost a grant.
func judge(events []event, declared bool) verdict {
	v := verdict{runs: 1, errors: map[string]int{}, first: map[string]string{}}
	holds := map[string][]*hold{}
	open, begun := map[callID]*hold{}, map[callID]int64{}
	highest := map[string]int64{} // fences that the store has accepted
	for _, e := range events {
		id := callID{e.Who, e.Call}
		switch e.What {
		case called:
			begun[id] = e.At
		case granted:
			v.grants++
			h := &hold{
				who: e.Who, call: e.Call, fence: e.Fence, called: cmp.Or(begun[id], e.At), begin: e.At, end: e.Until,
			}
			open[id] = h
			holds[e.Name] = append(holds[e.Name], h)
		case left:
			if h := open[id]; h != nil {
				h.end = min(e.At, max(h.end, e.Until))
				delete(open, id)
			}
		case killed:
			v.kills++
			for id, h := range open {
				if id.who == e.Who {
					h.end = min(h.end, e.At)
					v.midway++
					delete(open, id)
				}
			}
		case failed:
			v.errors[e.Err]++
			if e.Err == untypedError {
				v.untyped++
				v.blame("untyped", fmt.Sprintf("worker %d: %s", e.Who, e.Text))
			}
		case stored:
			if e.Fence < highest[e.Name] {
				v.stale++
				v.blame("stale", fmt.Sprintf("the store took fence %d of %q after %d", e.Fence, e.Name, highest[e.Name]))
			}
			highest[e.Name] = max(highest[e.Name], e.Fence)
		case refused:
			v.refused++
		case struck:
			v.faults++
		case stranded:
			v.stranded++
			v.blame("stranded", e.Text)
		case orphan:
			v.orphans++
			v.blame("orphan", e.Text)
		case back:
			v.back = append(v.back, e.Took)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(holds)) {
		v.exclude(name, holds[name])
		v.order(name, holds[name], declared)
	}
	return v
}

// exclude checks the holds of one name against each other. One that was over before it was reported is no hold: the
// process stood still, and knows by its deadline.
func (v *verdict) exclude(name string, holds []*hold) {
	holds = slices.DeleteFunc(slices.Clone(holds), func(h *hold) bool { return h.begin >= h.end })
	slices.SortStableFunc(holds, func(a, b *hold) int { return cmp.Compare(a.begin, b.begin) })
	var last *hold // the one that ends last, of those before
	for _, h := range holds {
		if last != nil && h.begin < last.end {
			v.doubles++
			v.blame("double", fmt.Sprintf(
				"%q: worker %d held it (fence %d) from %d, while worker %d did (fence %d) until %d: %v",
				name, h.who, h.fence, h.begin, last.who, last.fence, last.end, time.Duration(last.end-h.begin)))
		}
		if last == nil || h.end > last.end {
			last = h
		}
	}
}

// order checks that fences grow with every grant. As long as the server keeps its data, holds follow each other as their
// grants did, whenever they were reported. Where a grant may get lost and the next one overlap, it is only certain that a
// call that came after the end of a hold was granted after it; and that no fence comes twice.
func (v *verdict) order(name string, holds []*hold, declared bool) {
	begin := func(h *hold) int64 {
		if declared {
			return h.called
		}
		return h.begin
	}
	holds = slices.DeleteFunc(slices.Clone(holds), func(h *hold) bool { return h.begin >= h.end })
	byEnd := slices.Clone(holds)
	slices.SortStableFunc(holds, func(a, b *hold) int { return cmp.Compare(begin(a), begin(b)) })
	slices.SortStableFunc(byEnd, func(a, b *hold) int { return cmp.Compare(a.end, b.end) })
	seen := map[int64]bool{}
	var fence int64 // the highest of the holds that were over
	for _, h := range holds {
		for len(byEnd) > 0 && byEnd[0].end <= begin(h) {
			fence = max(fence, byEnd[0].fence)
			byEnd = byEnd[1:]
		}
		if h.fence <= fence || seen[h.fence] {
			v.backward++
			v.blame("backward", fmt.Sprintf("%q: worker %d got fence %d after %d", name, h.who, h.fence, fence))
		}
		seen[h.fence] = true
	}
}

// blame keeps the first case of each kind, for the report.
func (v *verdict) blame(kind, what string) {
	if v.first[kind] == "" {
		v.first[kind] = what
	}
}

// add sums up runs.
func (v *verdict) add(o verdict) {
	v.runs += o.runs
	v.grants += o.grants
	v.faults += o.faults
	v.kills += o.kills
	v.midway += o.midway
	v.doubles += o.doubles
	v.backward += o.backward
	v.stale += o.stale
	v.refused += o.refused
	v.stranded += o.stranded
	v.orphans += o.orphans
	v.untyped += o.untyped
	v.back = append(v.back, o.back...)
	if v.errors == nil {
		v.errors, v.first = map[string]int{}, map[string]string{}
	}
	for kind, n := range o.errors {
		v.errors[kind] += n
	}
	for kind, what := range o.first {
		v.blame(kind, what)
	}
}

// damage says what must not be, nil if all is well. Where two holders are declared, they are only counted.
func (v *verdict) damage(declared bool) error {
	var bad []string
	note := func(n int, kind, what string) {
		if n > 0 {
			bad = append(bad, fmt.Sprintf("%d %s (%s)", n, what, v.first[kind]))
		}
	}
	if !declared {
		note(v.doubles, "double", "double holds")
	}
	note(v.backward, "backward", "fences that did not grow")
	note(v.stale, "stale", "stale writes accepted")
	note(v.stranded, "stranded", "stranded")
	note(v.orphans, "orphan", "orphans")
	note(v.untyped, "untyped", "errors without a type")
	if v.grants == 0 {
		bad = append(bad, "nothing was granted: nothing is proven")
	}
	if len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(bad, "; "))
}

// percentile gives a percentile of the times to recover; 0 if there is none.
func (v *verdict) percentile(p float64) time.Duration {
	if len(v.back) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v.back))
	return sorted[min(len(sorted)-1, int(math.Ceil(p*float64(len(sorted))))-1)]
}
