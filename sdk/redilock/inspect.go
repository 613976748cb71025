package redilock

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// inspectLimit is how many waiters Inspect lists.
const inspectLimit = 100

// Status is what the server knows of a lock.
type Status struct {
	Name string // as it was given to Inspect
	Held bool
	// Owner is the holder's label, see WithOwner; "" if another library holds the key.
	Owner string
	// Remaining is what is left of the holder's lease; negative if the key has no expiry, 0 if nobody holds it.
	Remaining time.Duration
	// HeldFor is about how long the lock has been held, by the server's clock: its fence is about the time of the grant. If
	// the fence counter was lost meanwhile, it counts from the new fence. 0 if nobody holds it, or nobody knows.
	HeldFor time.Duration
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
	m := c.unlimited(name, nil)
	switch {
	case m.err != nil:
		return Status{}, opError(op, name, m.err)
	case ctx == nil:
		return Status{}, opError(op, name, failure.NilContext)
	case c.closed():
		return Status{}, opError(op, name, ErrClosed)
	}
	r, err := c.inspect(ctx, m.lock, inspectLimit)
	if err != nil {
		return Status{}, opError(op, name, err)
	}
	s := Status{
		Name: name, Held: r.Held, Owner: ownerOf(r.Token), Remaining: r.Left, HeldFor: r.HeldFor, Fence: r.Fence,
		Queued: r.Queued, Waiters: make([]Waiter, len(r.Waiters)),
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = Waiter{Owner: ownerOf(w.Token), Presence: w.Presence}
	}
	return s, nil
}

// inspect asks the server about a lock, with so many waiters.
func (c *Client) inspect(ctx context.Context, r primitive.Resource, waiters int64) (mutex.Status, error) {
	lock, ok := r.(mutex.Name)
	if !ok {
		return mutex.Status{}, fmt.Errorf("%w: only a mutex can be inspected", ErrInvalid)
	}
	return do(ctx, c, lock.Inspect(waiters))
}
