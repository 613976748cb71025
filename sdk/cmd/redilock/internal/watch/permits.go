package watch

import (
	"slices"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// permits tells what happened to a semaphore between two looks, or to a name that was one. came is what a new grant is.
func permits(before, after Look, came Kind) []Event {
	var events []Event
	add := func(e Event) {
		e.Primitive = after.Primitive
		switch s := after.Semaphore; {
		case s != nil:
			e.Used, e.Limit = s.Used, s.Limit
		case e.Weight > 0: // it was one
			e.Primitive, e.Limit = before.Primitive, before.Semaphore.Limit
		default:
			e.Primitive = state.Unknown
		}
		events = append(events, e)
	}
	was, is := grants(before.State), grants(after.State)
	switch {
	case int64(len(was)) < before.Others()+1 && before.Held || int64(len(is)) < after.Others()+1 && after.Held:
		// They are the first by the end of their leases: who is no longer among them may still hold.
		if used(before) != used(after) {
			add(Event{Kind: Used})
		}
	default:
		for _, g := range was {
			now := find(is, g)
			switch {
			case now == nil:
				add(Event{Kind: endingOf(g.Remaining, before, after), Owner: g.Owner, Fence: g.Fence, Weight: g.Weight})
			case now.Weight < g.Weight:
				add(Event{Kind: Shrunk, Owner: g.Owner, Fence: g.Fence, Weight: now.Weight, Remaining: now.Remaining})
			}
		}
		for _, g := range is {
			if find(was, g) == nil {
				add(Event{Kind: came, Owner: g.Owner, Fence: g.Fence, Weight: g.Weight, Remaining: g.Remaining})
			}
		}
		if last := last(before); !after.Held && last > 0 && after.Fence > last {
			add(Event{Kind: Missed, Fence: after.Fence})
		}
	}
	if before.Queued != after.Queued {
		add(Event{Kind: Waiting, Count: after.Queued})
	}
	return events
}

// grants are those of a name: of a mutex one, without a weight.
func grants(s state.State) []redilock.SemaphoreHolder {
	switch {
	case s.Semaphore != nil:
		return s.Semaphore.Holders
	case s.Held:
		return []redilock.SemaphoreHolder{{Owner: s.Owner, Fence: s.Fence, Remaining: s.Remaining}}
	default:
		return nil
	}
}

// find gives the grant with the owner and the fence of g, nil if there is none. One whose record was lost has no fence.
func find(among []redilock.SemaphoreHolder, g redilock.SemaphoreHolder) *redilock.SemaphoreHolder {
	i := slices.IndexFunc(among, func(o redilock.SemaphoreHolder) bool { return o.Owner == g.Owner && o.Fence == g.Fence })
	if i < 0 {
		return nil
	}
	return &among[i]
}

func used(l Look) int64 {
	if l.Semaphore == nil {
		return 0
	}
	return l.Semaphore.Used
}

// last is the highest fence that a look knows, 0 if it knows none.
func last(l Look) int64 {
	most := l.Fence
	for _, g := range grants(l.State) {
		most = max(most, g.Fence)
	}
	return most
}
