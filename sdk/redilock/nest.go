package redilock

import "context"

// carried is the key under which a context holds a lock of its call chain.
type carried struct {
	c   *Client
	key string
}

// carry is the context that Do gives to its function: the lock's own, with the lock in it.
func (l *Lock) carry() context.Context {
	return context.WithValue(l.Context(), carried{l.hold.c, l.hold.m.keys.Lock}, l)
}

// FromContext gives the lock called name that the call chain of ctx holds by [Client.Do] or [Mutex.Do], if it does.
func (c *Client) FromContext(ctx context.Context, name string) (*Lock, bool) {
	if ctx == nil {
		return nil, false
	}
	l, ok := ctx.Value(carried{c, c.opts.prefix + name}).(*Lock)
	if !ok || !l.hold.live() {
		return nil, false
	}
	return l, true
}
