package redilock

import (
	"context"
	"time"
)

// Attach gives the handle of a lock that was taken elsewhere: in another process, in another language, by
// python-redilock (whose tokens work as they are). Nothing is sent; Extend and Unlock find out whether it is still held.
// Its Deadline and Fence are unknown, and its context does not end by time, until it is extended; [WithAutoExtend] has
// no effect before that, and then keeps to the ttl of the last Extend. The error wraps ErrInvalid or ErrClosed.
func (c *Client) Attach(name, token string, opts ...LockOption) (*Lock, error) {
	const op = "attach"
	m := c.Mutex(name, maxTTL, opts...)
	m.ttl = 0 // nobody knows it
	if m.err == nil {
		m.err = checkToken(token)
	}
	if m.err == nil && c.closed() {
		m.err = ErrClosed
	}
	if m.err != nil {
		return nil, opError(op, m.name, m.err)
	}
	h := &hold{c: c, m: m, token: token, granted: time.Now()}
	return h.handle(context.Background()), nil
}
