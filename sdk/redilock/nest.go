package redilock

import (
	"context"
	"errors"
	"fmt"
)

// carried is the key under which a context holds a lock of its call chain.
type carried struct {
	c   *Client
	key string
}

var errNilContext = fmt.Errorf("%w: the context is nil", ErrInvalid)

// carry is the context that Do gives to its function: the lock's own, with the lock in it.
func (l *Lock) carry() context.Context {
	return context.WithValue(l.Context(), carried{l.hold.c, l.hold.m.keys.Lock}, l)
}

// FromContext gives the lock called name that the call chain of ctx holds by [Client.Do] or [Mutex.Do], if it does.
func (c *Client) FromContext(ctx context.Context, name string) (*Lock, bool) {
	l, ok := ctx.Value(carried{c, c.opts.prefix + name}).(*Lock)
	return l, ok
}

func join(a, b error) error {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}
