package redilock

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// inspectLimit is how many waiters Inspect lists.
const inspectLimit = 100

// Status is what the server knows of a lock.
type Status struct {
	Name string // as it was given to Inspect
	Key  string // on the server: the name behind the prefix of the client
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
	n := unlimited(c, name, mutex.New, nil)
	if err := n.check(ctx); err != nil {
		return Status{}, opError(op, name, err)
	}
	r, err := c.inspect(ctx, n.resource.(mutex.Name), inspectLimit)
	if err != nil {
		return Status{}, opError(op, name, err)
	}
	s := Status{
		Name: name, Key: n.key(), Held: r.Held, Owner: ownerOf(r.Token), Remaining: r.Left, HeldFor: r.HeldFor,
		Fence: r.Fence, Queued: r.Queued, Waiters: make([]Waiter, len(r.Waiters)),
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = Waiter{Owner: ownerOf(w.Token), Presence: w.Presence}
	}
	return s, nil
}

// inspect asks the server about a mutex, with so many waiters.
func (c *Client) inspect(ctx context.Context, lock mutex.Name, waiters int64) (mutex.Status, error) {
	return do(ctx, c, lock.Inspect(waiters))
}

// holds asks the server whether a grant is still there, and what is left of its lease.
func (c *Client) holds(ctx context.Context, g *lease.Grant) (held bool, left time.Duration, err error) {
	if lock, ok := g.Resource().(mutex.Name); ok {
		status, err := c.inspect(ctx, lock, 0)
		return status.Held && status.Token == g.Token(), status.Left, err
	}
	// Its holder may be any of many. An extend to no more than it has finds it at once, and changes nothing.
	reply, err := do(ctx, c, g.Resource().Extend(g.Request(minLease)))
	return reply.Outcome == primitive.Confirmed, reply.Left, err
}
