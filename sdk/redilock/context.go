package redilock

import (
	"context"
)

// carried is the key under which a context holds a lock of its call chain.
type carried struct {
	c   *Client
	key string
}

// lockContext is a lock's context. It carries the lock, so work that only has the context keeps the lock reachable; what
// the engine holds of it does not.
type lockContext struct {
	context.Context // ends with the lock and with its parent
	lock            *Lock
}

// Err looks at the clock by itself: a timer may be late, and a lease is not.
func (c *lockContext) Err() error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	c.lock.h.Grant().CheckDeadline()
	return c.Context.Err()
}

func (c *lockContext) Value(key any) any {
	if k, ok := key.(carried); ok && k.c == c.lock.c && k.key == c.lock.h.Grant().Resource().Key() {
		return c.lock
	}
	return c.Context.Value(key)
}

// FromContext gives the lock called name that the call chain of ctx holds, if it does: ctx comes from the context that
// [Mutex.Do] or [Client.Do] gave to its function, or from [Lock.Context].
func (c *Client) FromContext(ctx context.Context, name string) (*Lock, bool) {
	if ctx == nil {
		return nil, false
	}
	l, ok := ctx.Value(carried{c, c.opts.prefix + name}).(*Lock)
	if !ok || l.h.Err() != nil {
		return nil, false
	}
	return l, true
}
