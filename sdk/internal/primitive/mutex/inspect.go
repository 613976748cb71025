package mutex

import (
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Status is what the server knows of a mutex. Tokens are capabilities: they stay inside the module.
type Status struct {
	Held    bool
	Token   string        // of the holder
	Left    time.Duration // of its lease; negative: the key has no expiry
	Fence   int64
	HeldFor time.Duration // about how long ago the last grant was; 0 if nobody knows
	Queued  int64
	Waiters []Waiter
}

// Waiter is one place in the queue.
type Waiter struct {
	Token    string
	Presence time.Duration
}

// nobody is what a PTTL says of a key that is not there.
const nobody = -2 * time.Millisecond

// Inspect asks for the holder and the first waiters. It writes nothing.
func (n Name) Inspect(waiters int64) primitive.Call[Status] {
	return primitive.Adapt(mutexv1.NewInspect(n.keys, mutexv1.InspectArgs{Limit: waiters}), readInspect)
}

func readInspect(reply mutexv1.InspectReply) Status {
	r, ok := reply.(mutexv1.InspectStatus)
	if !ok {
		return Status{}
	}
	s := Status{
		Held: r.HolderPTTL != nobody, Token: r.Holder, Left: max(r.HolderPTTL, -time.Millisecond), Fence: r.Fence,
		Queued: r.Queued, Waiters: make([]Waiter, len(r.Waiters)),
	}
	if !s.Held {
		s.Left = 0
	} else if s.Fence > 0 { // a fence is about the time of its grant
		s.HeldFor = max(0, time.Duration(r.Time-r.Fence)*time.Microsecond)
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = Waiter{Token: w.Token, Presence: w.PresenceLeft}
	}
	return s
}
