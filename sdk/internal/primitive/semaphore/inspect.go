package semaphore

import (
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

// MostRows is how many holders, and how many waiters, the server lists at the most.
const MostRows = 1000

// Status is what the server knows of a semaphore. Tokens are capabilities: they stay inside the module.
type Status struct {
	Used    int64 // permits in use
	Limit   int64 // the last that was asked for
	Held    int64 // holders
	Queued  int64
	Holders []Holder // by the end of their leases
	Waiters []Waiter // in their order
}

// Holder is one grant.
type Holder struct {
	Token   string
	Fence   int64
	Weight  int64
	Left    time.Duration // of its lease
	HeldFor time.Duration // about how long ago the grant was; 0 if nobody knows
}

// Waiter is one place in the queue.
type Waiter struct {
	Token    string
	Weight   int64
	Limit    int64
	Presence time.Duration
}

// Inspect asks for so many holders, and waiters. It writes nothing.
func (n Name) Inspect(rows int64) primitive.Call[Status] {
	return primitive.Adapt(semaphorev1.NewInspect(n.keys, semaphorev1.InspectArgs{Rows: rows}), readInspect)
}

func readInspect(reply semaphorev1.InspectReply) Status {
	r, ok := reply.(semaphorev1.InspectStatus)
	if !ok {
		return Status{}
	}
	s := Status{
		Used: r.Used, Limit: r.Limit, Held: r.Held, Queued: r.Queued,
		Holders: make([]Holder, len(r.Holders)), Waiters: make([]Waiter, len(r.Waiters)),
	}
	for i, h := range r.Holders {
		s.Holders[i] = Holder{Token: h.Token, Fence: h.Fence, Weight: h.Weight, Left: h.LeaseLeft}
		if h.Fence > 0 { // a fence is about the time of its grant
			s.Holders[i].HeldFor = max(0, time.Duration(r.Time-h.Fence)*time.Microsecond)
		}
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = Waiter{Token: w.Token, Weight: w.Weight, Limit: w.Limit, Presence: w.PresenceLeft}
	}
	return s
}
