package redilock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
	"github.com/zferentz/go-redilock/sdk/internal/waiting"
)

// Mutex is one lock's name and terms. It holds nothing: it is cheap, immutable, and may be shared or made anew for every
// call.
type Mutex struct {
	c    *Client
	name string // without the prefix
	lock mutex.Name
	ttl  time.Duration
	opts lockOptions
	// owner is what the tokens show, where that is not the client's label.
	owner string
	err   error // what is wrong with the terms; every operation answers it
}

// Mutex gives the lock called name: 1 to 1024 bytes with the client's prefix, any bytes; a name with a } needs a valid
// cluster hash tag, and something beside it. ttl is how long the server keeps a grant that nobody extends, 3 ms to 24
// days, so that a crash never blocks for ever; of a shorter one nothing would be left, because a [Lock.Deadline] keeps 1 %
// and 2 ms from the server's expiry. It is checked here and the error, ErrInvalid, comes with the first operation.
func (c *Client) Mutex(name string, ttl time.Duration, opts ...LockOption) *Mutex {
	m := c.unlimited(name, opts)
	if m.err == nil {
		m.err = checkTTL(ttl)
	}
	if m.err == nil && m.opts.hasReplicas {
		m.err = c.checkReplicas(m.opts.replicas, ttl)
	}
	m.ttl = ttl.Truncate(time.Millisecond) // the protocol's unit
	return m
}

// unlimited is a Mutex without a TTL.
func (c *Client) unlimited(name string, opts []LockOption) *Mutex {
	m := &Mutex{c: c, name: name}
	if name == "" {
		m.err = fmt.Errorf("%w: the name is empty", ErrInvalid)
		return m
	}
	if m.lock, m.err = mutex.New(c.opts.prefix + name); m.err == nil {
		m.opts, m.err = newLockOptions(opts)
	}
	return m
}

// Name is the lock's name as it was given to [Client.Mutex]. It is what Inspect, Attach and FromContext take.
func (m *Mutex) Name() string { return m.name }

// Key is the key of the lock on the server: the name behind the prefix of the client.
func (m *Mutex) Key() string { return m.c.opts.prefix + m.name }

// Lock waits for the lock, in the order of arrival, until ctx ends, or the time of [WithWait] has passed. A ctx that ends
// cancels the wait at once, leaves nothing behind on the server, and is the parent of the lock's own context: to bound the
// wait alone, use WithWait. A ctx that has ended wins over a grant that arrives.
//
// The error wraps: ctx.Err() or ErrWaitTimeout, and ErrUnavailable besides if the server did not answer by then;
// ErrUnavailable, ErrDenied, ErrWrongType if the first question to the server fails (once it has waited, at the server or
// here behind another call of this client, a server that is away is waited for); ErrNested; ErrClosed; ErrInvalid;
// ErrTooLate if the grant arrived when its lease was already over.
func (m *Mutex) Lock(ctx context.Context) (*Lock, error) { return m.lockAs(ctx, "lock") }

// lockAs is Lock for an operation of that name.
func (m *Mutex) lockAs(ctx context.Context, op string) (*Lock, error) {
	l, err := m.enter(ctx, op)
	if l != nil || err != nil {
		return l, err
	}
	want := m.want()
	if m.opts.wait > 0 {
		bounded, cancel := context.WithTimeout(ctx, m.opts.wait)
		defer cancel()
		want.Wait = bounded
	}
	h, err := m.c.queues.Lock(ctx, want)
	if err != nil {
		return nil, opError(op, m.name, err)
	}
	return m.confirm(ctx, op, m.newLock(ctx, h))
}

// TryLock asks the server once. The error is a [*HeldError] (errors.Is ErrHeld) if somebody else has the lock or waits
// for it, and else as for Lock.
func (m *Mutex) TryLock(ctx context.Context) (*Lock, error) {
	const op = "trylock"
	l, err := m.enter(ctx, op)
	if l != nil || err != nil {
		return l, err
	}
	h, refused, err := m.c.queues.Try(ctx, m.want())
	if refused != nil {
		err = &HeldError{Name: m.name, Remaining: *refused}
	}
	if err != nil {
		return nil, opError(op, m.name, err)
	}
	return m.confirm(ctx, op, m.newLock(ctx, h))
}

// Do runs fn under the lock: it waits as Lock does, and unlocks whatever happens, a panic included. fn's context ends
// with the lock (context.Cause says why: ErrLost, or the parent's reason) and carries it, see [Client.FromContext].
// The error joins fn's own, as it is, and that of the lock: both are visible to errors.Is. fn may unlock by itself.
func (m *Mutex) Do(ctx context.Context, fn func(ctx context.Context, l *Lock) error) (err error) {
	if fn == nil {
		return opError("do", m.name, fmt.Errorf("%w: the function is nil", ErrInvalid))
	}
	l, err := m.Lock(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if unlock := l.Unlock(ctx); !errors.Is(unlock, ErrUnlocked) { // fn may have done that
			err = joinErrors(err, unlock)
		}
	}()
	return fn(l.Context(), l)
}

// Do is Mutex(name, ttl, opts...).Do(ctx, fn).
func (c *Client) Do(ctx context.Context, name string, ttl time.Duration,
	fn func(ctx context.Context, l *Lock) error, opts ...LockOption,
) error {
	return c.Mutex(name, ttl, opts...).Do(ctx, fn)
}

func (m *Mutex) terms() lease.Terms {
	return lease.Terms{
		Resource: m.lock, Name: m.name, TTL: m.ttl, AutoExtend: m.opts.autoExtend, MaxHold: m.opts.maxHold,
		Turn: m.turn(), Replicas: m.opts.replicas,
	}
}

// turn is for how long a grant may be passed on: never for one whose token the caller knows, or that replicas have to have.
func (m *Mutex) turn() time.Duration {
	d := m.c.opts.turn
	if m.opts.turn.set {
		d = m.opts.turn.d
	}
	if m.opts.hasToken || m.opts.hasReplicas {
		d = 0
	}
	return min(d, m.ttl/2)
}

func (m *Mutex) want() waiting.Want {
	w := waiting.Want{Terms: m.terms(), Token: m.opts.token, OwnToken: m.opts.hasToken}
	if !w.OwnToken {
		w.Token = newToken(cmp.Or(m.owner, m.c.opts.owner))
	}
	return w
}

// enter is what Lock and TryLock check before anything is sent. It gives the shared lock of a re-entrant call.
func (m *Mutex) enter(ctx context.Context, op string) (*Lock, error) {
	switch {
	case m.err != nil:
		return nil, opError(op, m.name, m.err)
	case ctx == nil:
		return nil, opError(op, m.name, failure.NilContext)
	case m.c.closed():
		return nil, opError(op, m.name, ErrClosed)
	case ctx.Err() != nil:
		return nil, opError(op, m.name, failure.Ended(ctx))
	}
	outer, ok := ctx.Value(carried{m.c, m.Key()}).(*Lock)
	if !ok {
		return nil, nil
	}
	if !m.opts.reentrant {
		if outer.h.Err() == nil {
			return nil, opError(op, m.name, ErrNested)
		}
		return nil, nil
	}
	l, err := m.share(ctx, outer)
	if l == nil {
		return nil, opError(op, m.name, err)
	}
	return m.confirm(ctx, op, l)
}

// share gives one more Lock of what the call chain holds, with no less than the call asks for. Nil if that has ended.
func (m *Mutex) share(ctx context.Context, outer *Lock) (*Lock, error) {
	h, lacks := outer.h.Share(m.ttl, m.opts.autoExtend)
	if h == nil {
		return nil, nil
	}
	l := m.newLock(ctx, h)
	if m.opts.autoExtend {
		outer.watch()
	}
	if lacks == 0 {
		return l, nil
	}
	const tries = 3 // one quick answer is worth more than a late one
	var err error
	for range tries {
		var repeated bool
		if repeated, err = l.extend(ctx, lacks); err != nil || !repeated {
			break
		}
	}
	if err == nil {
		return l, nil
	}
	if unlock := l.unlock(ctx); errors.Is(err, ErrLost) && !errors.Is(unlock, ErrUnavailable) {
		return nil, nil // it had ended: this call waits as any other
	}
	return nil, err
}
