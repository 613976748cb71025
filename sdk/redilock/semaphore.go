package redilock

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
)

// Semaphore is a number of permits on one name, for the callers of all machines: one call takes several at once, and gives
// them back by one Unlock. Waiters are served first come, first served: one that asks for more than there is room for holds
// up those behind it, or it would never be served. It is cheap, immutable, and may be shared or made anew for every call.
type Semaphore struct {
	n     named
	limit int64
}

// Semaphore gives the semaphore called name with limit permits, 1 to 2147483647; name and ttl are as for [Client.Mutex]. A
// permit that nobody gives back is free again after its ttl. Errors of the terms come with the first operation, as
// ErrInvalid.
//
// The limit is the caller's: it is checked against what is in use when a permit is asked for, and callers may have different
// ones. What is held never exceeds the largest of them. A waiter with a lower limit than is in use holds up those behind it,
// so lower a limit with a bounded wait ([WithWait]).
//
// A name is that of a mutex or of a semaphore: the other one answers ErrWrongType while it is in use. Of the options,
// [WithTurn] means nothing here.
func (c *Client) Semaphore(name string, limit int64, ttl time.Duration, opts ...LockOption) *Semaphore {
	s := &Semaphore{newNamed(c, name, semaphore.New, ttl, opts), limit}
	if s.n.err == nil && (limit < 1 || limit > semaphore.Limit) {
		s.n.err = fmt.Errorf("%w: a limit is 1 to %d, this one %d", ErrInvalid, semaphore.Limit, limit)
	}
	return s
}

// Name is the semaphore's name as it was given to [Client.Semaphore].
func (s *Semaphore) Name() string { return s.n.name }

// Key is the key of the semaphore on the server: the name behind the prefix of the client.
func (s *Semaphore) Key() string { return s.n.key() }

// Limit is how many permits there are.
func (s *Semaphore) Limit() int64 { return s.limit }

// permits is what a call takes that asks for n of them.
func (s *Semaphore) permits(op string, n int64) (permits, error) {
	if s.n.err == nil && (n < 1 || n > s.limit) {
		return permits{}, opError(op, s.n.name, fmt.Errorf("%w: a weight is 1 to the limit of %d, this one %d",
			ErrInvalid, s.limit, n))
	}
	return permits{weight: n, limit: s.limit}, nil
}

// Acquire waits for n permits, 1 to the limit, in the order of arrival, until ctx ends, or the time of [WithWait] has
// passed. The Lock that it gives is all of them: its Unlock gives them back, its Shrink some of them. It is like
// [Mutex.Lock] in all the rest.
//
// A fence orders the grants of the name. Where several hold at once, a lower one than the highest is not stale.
//
// A ctx that carries permits of the same semaphore (the context of [Lock.Context], or of Do) makes Acquire answer ErrNested:
// callers that hold some and wait for more stop each other for ever. Take all of them at once. With [WithReentrant] a call
// for no more than its call chain holds shares that, and takes no permits of its own.
func (s *Semaphore) Acquire(ctx context.Context, n int64) (*Lock, error) {
	const op = "acquire"
	p, err := s.permits(op, n)
	if err != nil {
		return nil, err
	}
	return s.n.lock(ctx, op, p)
}

// TryAcquire asks the server once for n permits. The error is a [*HeldError] (errors.Is ErrHeld) if there is no room for
// them, or others wait, whose turn is first; and else as for Acquire.
func (s *Semaphore) TryAcquire(ctx context.Context, n int64) (*Lock, error) {
	const op = "tryacquire"
	p, err := s.permits(op, n)
	if err != nil {
		return nil, err
	}
	return s.n.try(ctx, op, p)
}

// Do runs fn while it holds n permits: it waits as Acquire does, and is like [Mutex.Do] in all the rest.
func (s *Semaphore) Do(ctx context.Context, n int64, fn func(ctx context.Context, l *Lock) error) error {
	const op = "acquire"
	p, err := s.permits(op, n)
	if err != nil {
		return err
	}
	return s.n.do(ctx, op, p, fn)
}

// Weight is how many permits the lock holds: of a [Mutex] 1, of an [RWMutex] 1 for a reader and 2147483647 for a writer, and
// 0 of an attached one, of which nobody here knows.
func (l *Lock) Weight() int64 { return l.h.Grant().Weight() }

// Shrink keeps n of the permits of a semaphore, 1 to [Lock.Weight], and gives the others back to whoever waits. There is no
// way to grow again. The error wraps ErrInvalid for another n, for a lock that is no semaphore's, and while others of the
// call chain share it ([WithReentrant]): then nothing has changed; else it is as for [Lock.Extend]. After ErrUnavailable the
// call may be repeated.
func (l *Lock) Shrink(ctx context.Context, n int64) error {
	r := l.h.Grant().Resource()
	if r.Primitive() != primitiveSemaphore {
		return opError("shrink", l.Name(), fmt.Errorf("%w: a %s has nothing to shrink", ErrInvalid, r.Primitive()))
	}
	return opError("shrink", l.Name(), l.shrink(ctx, n))
}

// The words of the primitives that share an adapter.
const (
	primitiveSemaphore = "semaphore"
	primitiveRWMutex   = "rwmutex"
)

func (l *Lock) shrink(ctx context.Context, n int64) error {
	if err := l.usable(ctx); err != nil {
		return err
	}
	g := l.h.Grant()
	r, ok := g.Resource().(primitive.Shrinker)
	if !ok {
		return fmt.Errorf("%w: it has nothing to shrink", ErrInvalid)
	}
	token, err := l.h.Shrinking(n)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		_, channel := l.c.messages.Mode()
		sent := g.Now()
		reply, err := do(ctx, l.c, r.Shrink(token, n, channel))
		switch {
		case err != nil && first:
			return err
		case err != nil: // it has shrunk; whoever asks next finds the room for the others
			return nil //nolint:nilerr // as the case says
		case reply.Outcome != primitive.Confirmed:
			return g.Lose(ErrTaken)
		}
		g.Shrunk(reply.Weight)
		l.c.queues.Tell(reply.Grants, sent)
		if !reply.More {
			return nil
		}
	}
}
