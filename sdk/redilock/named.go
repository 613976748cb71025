package redilock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/waiting"
)

// named is what Mutex, Semaphore and RWMutex are made of: a name, and the terms on which calls ask for it.
type named struct {
	c        *Client
	name     string // without the prefix
	resource primitive.Resource
	ttl      time.Duration
	opts     lockOptions
	owner    string // what the tokens show, where that is not the client's label
	err      error  // what is wrong with the terms; every operation answers it
}

// permits is what one call takes of a name.
type permits struct {
	weight, limit int64
	turn          bool // its grant may serve other calls of this client
}

// newNamed makes one of a name with a TTL.
func newNamed[R primitive.Resource](
	c *Client, name string, of func(string) (R, error), ttl time.Duration, opts []LockOption,
) named {
	n := unlimited(c, name, of, opts)
	if n.err == nil {
		n.err = checkTTL(ttl)
	}
	if n.err == nil && n.opts.hasReplicas {
		n.err = c.checkReplicas(n.opts.replicas, ttl)
	}
	n.ttl = ttl.Truncate(time.Millisecond) // the protocol's unit
	return n
}

// unlimited makes one without a TTL.
func unlimited[R primitive.Resource](c *Client, name string, of func(string) (R, error), opts []LockOption) named {
	n := named{c: c, name: name}
	if name == "" {
		n.err = fmt.Errorf("%w: the name is empty", ErrInvalid)
		return n
	}
	if n.resource, n.err = of(c.opts.prefix + name); n.err == nil {
		n.opts, n.err = newLockOptions(opts)
	}
	return n
}

func (n *named) key() string { return n.c.opts.prefix + n.name }

// lock waits for p.
func (n *named) lock(ctx context.Context, op string, p permits) (*Lock, error) {
	l, err := n.enter(ctx, op, p)
	if l != nil || err != nil {
		return l, err
	}
	want := n.want(p)
	ctx = n.c.started(ctx, want.Terms)
	if n.opts.wait > 0 {
		bounded, cancel := context.WithTimeout(ctx, n.opts.wait)
		defer cancel()
		want.Wait = bounded
	}
	h, err := n.c.queues.Lock(ctx, want)
	if err != nil {
		return nil, opError(op, n.name, err)
	}
	return n.confirm(ctx, op, n.newLock(n.c.holding(ctx, h), h))
}

// try asks the server once.
func (n *named) try(ctx context.Context, op string, p permits) (*Lock, error) {
	l, err := n.enter(ctx, op, p)
	if l != nil || err != nil {
		return l, err
	}
	want := n.want(p)
	ctx = n.c.started(ctx, want.Terms)
	h, refused, err := n.c.queues.Try(ctx, want)
	if refused != nil {
		err = &HeldError{Name: n.name, Remaining: *refused}
	}
	if err != nil {
		return nil, opError(op, n.name, err)
	}
	return n.confirm(ctx, op, n.newLock(n.c.holding(ctx, h), h))
}

// do runs fn under p.
func (n *named) do(ctx context.Context, op string, p permits, fn func(ctx context.Context, l *Lock) error) (err error) {
	if fn == nil {
		return opError("do", n.name, fmt.Errorf("%w: the function is nil", ErrInvalid))
	}
	l, err := n.lock(ctx, op, p)
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

func (n *named) terms(p permits) lease.Terms {
	t := lease.Terms{
		Resource: n.resource, Name: n.name, TTL: n.ttl, AutoExtend: n.opts.autoExtend, MaxHold: n.opts.maxHold,
		Weight: p.weight, Limit: p.limit, Replicas: n.opts.replicas,
	}
	if p.turn {
		t.Turn = n.turn()
	}
	return t
}

// turn is for how long a grant may serve others: never one whose token the caller knows, or that replicas have to have.
func (n *named) turn() time.Duration {
	d := n.c.opts.turn
	if n.opts.turn.set {
		d = n.opts.turn.d
	}
	if n.opts.hasToken || n.opts.hasReplicas {
		d = 0
	}
	return min(d, n.ttl/2)
}

func (n *named) want(p permits) waiting.Want {
	w := waiting.Want{Terms: n.terms(p), Token: n.opts.token, OwnToken: n.opts.hasToken}
	if !w.OwnToken {
		w.Token = n.c.tokens.next(cmp.Or(n.owner, n.c.opts.owner))
	}
	return w
}

// check is what every operation checks before anything is sent.
func (n *named) check(ctx context.Context) error {
	switch {
	case n.err != nil:
		return n.err
	case ctx == nil:
		return failure.NilContext
	case n.c.closed():
		return ErrClosed
	}
	return nil
}

// enter is what lock and try check before anything is sent. It gives the shared lock of a re-entrant call.
func (n *named) enter(ctx context.Context, op string, p permits) (*Lock, error) {
	if err := n.check(ctx); err != nil {
		return nil, opError(op, n.name, err)
	}
	if ctx.Err() != nil {
		return nil, opError(op, n.name, failure.Ended(ctx))
	}
	outer, ok := ctx.Value(carried{n.c, n.key()}).(*Lock)
	if !ok {
		return nil, nil
	}
	if !n.opts.reentrant {
		if outer.h.Err() == nil {
			return nil, opError(op, n.name, ErrNested)
		}
		return nil, nil
	}
	l, err := n.share(ctx, outer, p)
	if l == nil {
		return nil, opError(op, n.name, err)
	}
	return n.confirm(ctx, op, l)
}

// share gives one more Lock of what the call chain holds, with no less than the call asks for. Nil if that has ended.
func (n *named) share(ctx context.Context, outer *Lock, p permits) (*Lock, error) {
	if kind := outer.h.Grant().Resource().Primitive(); kind != n.resource.Primitive() && outer.h.Err() == nil {
		return nil, fmt.Errorf("%w: it is a %s there, and no %s", ErrNested, kind, n.resource.Primitive())
	}
	h, lacks, err := outer.h.Share(n.ttl, n.opts.autoExtend, p.weight)
	if h == nil {
		return nil, err
	}
	l := n.newLock(ctx, h)
	if n.opts.autoExtend {
		outer.watch()
	}
	if lacks == 0 {
		return l, nil
	}
	const tries = 3 // one quick answer is worth more than a late one
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
