package redilock

import (
	"context"
	"fmt"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// Attach gives the handle of a lock that was taken elsewhere: in another process, in another language, by
// python-redilock (whose tokens work as they are). Nothing is sent; Extend, Check and Unlock find out whether it is still
// held. Its Deadline and Fence are unknown, and its context does not end by time, until it is extended; [WithAutoExtend]
// has no effect before that, and then keeps to the ttl of the last Extend.
//
// The token of a lock that this client holds shares that lock, its deadline included; an Unlock of the attached one
// releases it, and ends the other with ErrTaken. The error wraps ErrInvalid or ErrClosed.
func (c *Client) Attach(name, token string, opts ...LockOption) (*Lock, error) {
	n := unlimited(c, name, mutex.New, opts)
	return n.attach(token, whole)
}

func (n *named) attach(token string, p permits) (*Lock, error) {
	err := n.check(context.Background())
	if err == nil {
		err = checkToken(token)
	}
	if err != nil {
		return nil, opError("attach", n.name, err)
	}
	return n.newLock(context.Background(), n.c.leases.Attach(n.terms(p), token)), nil
}

// Break releases the lock called name in its holder's place, whoever that is: the next in the queue has it at once. The
// holder is not asked, and finds out when it next extends or checks; until then two may believe that they have the lock,
// so see to it first that the holder is gone. The error wraps ErrNotHeld if nobody has the lock, or it changed hands
// meanwhile; and is otherwise as for Inspect.
func (c *Client) Break(ctx context.Context, name string) error {
	return opError("break", name, c.breakLock(ctx, name))
}

func (c *Client) breakLock(ctx context.Context, name string) error {
	n := unlimited(c, name, mutex.New, nil)
	if err := n.check(ctx); err != nil {
		return err
	}
	status, err := c.inspect(ctx, n.resource.(mutex.Name), 0)
	if err != nil {
		return err
	}
	if !status.Held {
		return ErrNotHeld
	}
	if checkToken(status.Token) != nil {
		return fmt.Errorf("%w: what the key holds can be no token", ErrWrongType)
	}
	return c.breakGrant(ctx, n.resource, status.Token)
}

// breakGrant releases what a token has.
func (c *Client) breakGrant(ctx context.Context, r primitive.Resource, token string) error {
	g := c.leases.Find(r.Key(), token)
	if g != nil {
		g.EndTurn() // whether the release has run may never be known
	}
	one := r.Release(token, "", nil)
	reply, err := do(ctx, c, one)
	if err != nil {
		return err
	}
	if reply.Outcome != primitive.Freed && !one.Repeated() {
		return ErrNotHeld
	}
	if g != nil {
		_ = g.Lose(failure.Taken)
	}
	return nil
}
