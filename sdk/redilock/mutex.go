package redilock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Mutex is one lock's name and terms. It holds nothing: it is cheap, immutable, and may be shared or made anew for every
// call.
type Mutex struct {
	c    *Client
	name string // prefix included
	keys mutexv1.Keys
	ttl  time.Duration
	opts lockOptions
	err  error // what is wrong with the terms; every operation answers it
}

// Mutex gives the lock called name: 1 to 1024 bytes with the client's prefix, any bytes; a name with a } needs a valid
// cluster hash tag, and something beside it. ttl is how long the server keeps a grant that nobody extends, 1 ms to 24
// days, so that a crash never blocks for ever. It is checked here and the error, ErrInvalid, comes with the first
// operation.
func (c *Client) Mutex(name string, ttl time.Duration, opts ...LockOption) *Mutex {
	m := &Mutex{c: c, name: c.opts.prefix + name, ttl: ttl.Truncate(time.Millisecond)} // the protocol's unit
	if name == "" {
		m.err = fmt.Errorf("%w: the name is empty", ErrInvalid)
	}
	if m.err == nil {
		m.keys, m.err = keysOf(m.name)
	}
	if m.err == nil {
		m.err = checkTTL(ttl)
	}
	if m.err == nil {
		m.opts, m.err = newLockOptions(opts)
	}
	return m
}

// Name is the lock's name, the client's prefix included.
func (m *Mutex) Name() string { return m.name }

// Lock waits for the lock, in the order of arrival, until ctx ends. A ctx that ends cancels the wait at once, leaves
// nothing behind on the server, and is the parent of the lock's own context.
//
// The error wraps: ctx.Err(); ErrUnavailable, ErrDenied, ErrWrongType if the first question to the server fails (once it
// has waited, at the server or here behind another call of this client, a server that is away is waited for); ErrNested;
// ErrClosed; ErrInvalid; ErrLost if the grant arrived when its lease was already over.
func (m *Mutex) Lock(ctx context.Context) (*Lock, error) {
	const op = "lock"
	l, err := m.enter(ctx, op)
	if l != nil || err != nil {
		return l, err
	}
	w := newWaiter(m, ctx)
	asks, err := m.c.join(w)
	if err != nil {
		return nil, opError(op, m.name, err)
	}
	if asks {
		if m.c.ask(w, standing{}) {
			m.c.errand.Done()
		} else { // which may take longer than the caller waits
			go func() {
				defer m.c.errand.Done()
				m.c.depart(w)
			}()
		}
	}
	select {
	case r := <-w.result:
		return r.lock, opError(op, m.name, r.err)
	case <-ctx.Done():
	}
	if m.c.giveUp(w) {
		return nil, opError(op, m.name, fmt.Errorf("gave up waiting: %w", ended(ctx)))
	}
	r := <-w.result // it was decided in the meantime
	return r.lock, opError(op, m.name, r.err)
}

// TryLock asks the server once. The error is a [*HeldError] (errors.Is ErrHeld) if somebody else has the lock or waits
// for it, and else as for Lock.
func (m *Mutex) TryLock(ctx context.Context) (*Lock, error) {
	const op = "trylock"
	l, err := m.enter(ctx, op)
	if l != nil || err != nil {
		return l, err
	}
	token := newToken(m.c.opts.owner)
	sent := time.Now()
	call := mutexv1.NewAcquire(m.keys, mutexv1.AcquireArgs{Token: token, Lease: m.ttl})
	reply, err := run(ctx, m.c, call, func() {
		if call.MayHaveRun() { // and granted it, although we did not hear of it
			m.c.giveBack(m, token)
		}
	})
	if err != nil {
		return nil, opError(op, m.name, err)
	}
	switch r := reply.(type) {
	case mutexv1.AcquireGranted:
		l := newLock(m, ctx, token, grant{fence: r.Fence, lease: r.Lease, since: sent}, sent)
		if l == nil {
			m.c.giveBack(m, token)
			return nil, opError(op, m.name, errTooLate)
		}
		m.c.mu.Lock()
		m.c.lineOf(m).count(l.hold)
		m.c.mu.Unlock()
		l.hold.start()
		return l, nil
	case mutexv1.AcquireHeld:
		return nil, opError(op, m.name, &HeldError{Name: m.name, Remaining: r.HolderPTTL})
	default:
		return nil, opError(op, m.name, fmt.Errorf("%w: queued without asking to", ErrUnavailable))
	}
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
	return fn(l.carry(), l)
}

// Do is Mutex(name, ttl, opts...).Do(ctx, fn).
func (c *Client) Do(ctx context.Context, name string, ttl time.Duration,
	fn func(ctx context.Context, l *Lock) error, opts ...LockOption,
) error {
	return c.Mutex(name, ttl, opts...).Do(ctx, fn)
}

// enter is what Lock and TryLock check before anything is sent. It gives the shared lock of a re-entrant call.
func (m *Mutex) enter(ctx context.Context, op string) (*Lock, error) {
	switch {
	case m.err != nil:
		return nil, opError(op, m.name, m.err)
	case ctx == nil:
		return nil, opError(op, m.name, errNilContext)
	case m.c.closed():
		return nil, opError(op, m.name, ErrClosed)
	case ctx.Err() != nil:
		return nil, opError(op, m.name, ended(ctx))
	}
	outer, ok := ctx.Value(carried{m.c, m.keys.Lock}).(*Lock)
	if !ok {
		return nil, nil
	}
	if !m.opts.reentrant {
		if outer.hold.live() {
			return nil, opError(op, m.name, ErrNested)
		}
		return nil, nil
	}
	return outer.hold.share(ctx), nil // nil if it has ended
}
