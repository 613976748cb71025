package redilock

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
)

// SemaphoreStatus is what the server knows of a semaphore, or of an [RWMutex], which is one there.
type SemaphoreStatus struct {
	Name  string // as it was given to InspectSemaphore
	Key   string // on the server: the name behind the prefix of the client
	Used  int64  // permits in use
	Limit int64  // the last that was asked for; 0: none is known. Of an RWMutex 2147483647
	Held  int64  // grants
	// Holders are the first 1000 of them by the end of their leases.
	Holders []SemaphoreHolder
	Queued  int64 // calls that wait at the server: one per client at the most
	// Waiters are the first 1000 of them, the next one first.
	Waiters []SemaphoreWaiter
}

// SemaphoreHolder is one grant of a semaphore.
type SemaphoreHolder struct {
	Owner     string // its label, see WithOwner; "" if another library made the token
	Fence     int64  // what BreakSemaphore takes; 0: the server has lost its record
	Weight    int64  // its permits
	Remaining time.Duration
	HeldFor   time.Duration // about how long ago it was granted, by the server's clock
}

// SemaphoreWaiter is one place in a semaphore's queue.
type SemaphoreWaiter struct {
	Owner  string
	Weight int64
	Limit  int64
	// Presence is how much longer the server believes it alive without hearing from it.
	Presence time.Duration
}

// InspectSemaphore asks who holds permits of a semaphore or an [RWMutex], and who waits. It writes nothing. The error is as
// for [Client.Inspect].
func (c *Client) InspectSemaphore(ctx context.Context, name string) (SemaphoreStatus, error) {
	n := unlimited(c, name, semaphore.New, nil)
	r, err := n.inspectSemaphore(ctx)
	if err != nil {
		return SemaphoreStatus{}, opError("inspect", name, err)
	}
	s := SemaphoreStatus{
		Name: name, Key: n.key(), Used: r.Used, Limit: r.Limit, Held: r.Held, Queued: r.Queued,
		Holders: make([]SemaphoreHolder, len(r.Holders)), Waiters: make([]SemaphoreWaiter, len(r.Waiters)),
	}
	for i, h := range r.Holders {
		s.Holders[i] = SemaphoreHolder{
			Owner: ownerOf(h.Token), Fence: h.Fence, Weight: h.Weight, Remaining: h.Left, HeldFor: h.HeldFor,
		}
	}
	for i, w := range r.Waiters {
		s.Waiters[i] = SemaphoreWaiter{Owner: ownerOf(w.Token), Weight: w.Weight, Limit: w.Limit, Presence: w.Presence}
	}
	return s, nil
}

func (n *named) inspectSemaphore(ctx context.Context) (semaphore.Status, error) {
	if err := n.check(ctx); err != nil {
		return semaphore.Status{}, err
	}
	return do(ctx, n.c, n.resource.(semaphore.Name).Inspect(semaphore.MostRows))
}

// BreakSemaphore releases one grant of a semaphore or an [RWMutex] in its holder's place, chosen by the fence that
// [Client.InspectSemaphore] shows. The holder is not asked, as with [Client.Break]. The error wraps ErrNotHeld if none of
// the first 1000 holders has that fence; and is otherwise as for Inspect.
func (c *Client) BreakSemaphore(ctx context.Context, name string, fence int64) error {
	return opError("break", name, c.breakSemaphore(ctx, name, fence))
}

func (c *Client) breakSemaphore(ctx context.Context, name string, fence int64) error {
	n := unlimited(c, name, semaphore.New, nil)
	if n.err == nil && fence < 1 {
		n.err = fmt.Errorf("%w: a fence is more than 0, this one %d", ErrInvalid, fence)
	}
	status, err := n.inspectSemaphore(ctx)
	if err != nil {
		return err
	}
	for _, h := range status.Holders {
		if h.Fence == fence {
			return c.breakGrant(ctx, n.resource, h.Token)
		}
	}
	return ErrNotHeld
}

// AttachSemaphore is [Client.Attach] for a grant of a semaphore or an [RWMutex] that was taken elsewhere. Its Weight is not
// known here, so that what the server loses of it cannot be restored.
func (c *Client) AttachSemaphore(name, token string, opts ...LockOption) (*Lock, error) {
	n := unlimited(c, name, semaphore.New, opts)
	return n.attach(token, permits{})
}
