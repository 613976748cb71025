package redilock

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// inspectLimit is how many waiters Inspect lists.
const inspectLimit = 100

// Status is what the server knows of a lock.
type Status struct {
	Name string // prefix included
	Held bool
	// Owner is the holder's label, see WithOwner; "" if another library holds the key.
	Owner string
	// Remaining is what is left of the holder's lease; negative if the key has no expiry, 0 if nobody holds it.
	Remaining time.Duration
	// Fence is the last one granted; 0 if there is no counter (the lock was not used for an hour).
	Fence  int64
	Queued int64 // calls that wait at the server: one per client at the most
	// Waiters are the first 100 of them, the next one first.
	Waiters []Waiter
}

// Waiter is one place in a lock's queue.
type Waiter struct {
	Owner string
	// Presence is how much longer the server believes it alive without hearing from it.
	Presence time.Duration
}

// Inspect asks who holds a lock, and who waits for it. It writes nothing. The error wraps ErrInvalid, ErrClosed,
// ErrUnavailable, ErrDenied, ErrWrongType or ctx.Err().
func (c *Client) Inspect(ctx context.Context, name string) (Status, error) {
	const op = "inspect"
	m := c.Mutex(name, minTTL)
	switch {
	case m.err != nil:
		return Status{}, opError(op, m.name, m.err)
	case ctx == nil:
		return Status{}, opError(op, m.name, errNilContext)
	case c.closed():
		return Status{}, opError(op, m.name, ErrClosed)
	}
	reply, err := run(ctx, c, mutexv1.NewInspect(m.keys, mutexv1.InspectArgs{Limit: inspectLimit}), nil)
	if err != nil {
		return Status{}, opError(op, m.name, err)
	}
	r := reply.(mutexv1.InspectStatus) // the only reply that the script has
	s := Status{
		Name: m.name, Held: r.HolderPTTL != nobody, Owner: ownerOf(r.Holder), Remaining: max(r.HolderPTTL, noExpiry),
		Fence: r.Fence, Queued: r.Queued, Waiters: make([]Waiter, len(r.Waiters)),
	}
	if !s.Held {
		s.Remaining = 0
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = Waiter{Owner: ownerOf(w.Token), Presence: w.PresenceLeft}
	}
	return s, nil
}

// What a PTTL says that is no time.
const (
	noExpiry = -1 * time.Millisecond
	nobody   = -2 * time.Millisecond
)
