package redilock

import (
	"context"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// Mutex is one lock's name and terms. It holds nothing: it is cheap, immutable, and may be shared or made anew for every
// call.
type Mutex struct{ n named }

// Mutex gives the lock called name: 1 to 1024 bytes with the client's prefix, any bytes; a name with a } needs a valid
// cluster hash tag, and something beside it. ttl is how long the server keeps a grant that nobody extends, 3 ms to 24
// days, so that a crash never blocks for ever; of a shorter one nothing would be left, because a [Lock.Deadline] keeps 1 %
// and 2 ms from the server's expiry. It is checked here and the error, ErrInvalid, comes with the first operation.
func (c *Client) Mutex(name string, ttl time.Duration, opts ...LockOption) *Mutex {
	return &Mutex{newNamed(c, name, mutex.New, ttl, opts)}
}

// whole is what a mutex has to give.
var whole = permits{weight: 1, limit: 1, turn: true}

// Name is the lock's name as it was given to [Client.Mutex]. It is what Inspect, Attach and FromContext take.
func (m *Mutex) Name() string { return m.n.name }

// Key is the key of the lock on the server: the name behind the prefix of the client.
func (m *Mutex) Key() string { return m.n.key() }

// Lock waits for the lock, in the order of arrival, until ctx ends, or the time of [WithWait] has passed. A ctx that ends
// cancels the wait at once, leaves nothing behind on the server, and is the parent of the lock's own context: to bound the
// wait alone, use WithWait. A ctx that has ended wins over a grant that arrives.
//
// The error wraps: ctx.Err() or ErrWaitTimeout, and ErrUnavailable besides if the server did not answer by then;
// ErrUnavailable, ErrDenied, ErrWrongType if the first question to the server fails (once it has waited, at the server or
// here behind another call of this client, a server that is away is waited for); ErrNested; ErrClosed; ErrInvalid;
// ErrTooLate if the grant arrived when its lease was already over.
func (m *Mutex) Lock(ctx context.Context) (*Lock, error) { return m.n.lock(ctx, "lock", whole) }

// TryLock asks the server once. The error is a [*HeldError] (errors.Is ErrHeld) if somebody else has the lock or waits
// for it, and else as for Lock.
func (m *Mutex) TryLock(ctx context.Context) (*Lock, error) { return m.n.try(ctx, "trylock", whole) }

// Do runs fn under the lock: it waits as Lock does, and unlocks whatever happens, a panic included. fn's context ends
// with the lock (context.Cause says why: ErrLost, or the parent's reason) and carries it, see [Client.FromContext].
// The error joins fn's own, as it is, and that of the lock: both are visible to errors.Is. fn may unlock by itself.
func (m *Mutex) Do(ctx context.Context, fn func(ctx context.Context, l *Lock) error) (err error) {
	return m.n.do(ctx, "lock", whole, fn)
}

// Do is Mutex(name, ttl, opts...).Do(ctx, fn).
func (c *Client) Do(ctx context.Context, name string, ttl time.Duration,
	fn func(ctx context.Context, l *Lock) error, opts ...LockOption,
) error {
	return c.Mutex(name, ttl, opts...).Do(ctx, fn)
}
