package redilock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// Election chooses one of several candidates, and another when that one resigns or dies. It is a lock that is renewed until
// it is given up: the leader holds it, and the candidates wait for it in the order of arrival, so that the next takes over
// in one hand-off. The leader's value travels in the owner part of the lock's token: there is no second key, and a value
// that does not belong to the leader is never seen. An Election holds nothing, and may be shared.
type Election struct {
	n   named
	err error // what is wrong with the terms; every operation answers it
}

// Election gives the election called name, which is also the name of its lock: see [Client.Mutex]. ttl is how long a
// leader that dies keeps the others waiting; it is renewed at a third of that. Of the options [WithWait], which bounds one
// campaign, and [WithReplicas] are of use; with another the error is ErrInvalid, and comes with the first operation.
func (c *Client) Election(name string, ttl time.Duration, opts ...LockOption) *Election {
	e := &Election{n: newNamed(c, name, mutex.New, ttl, opts)}
	o := &e.n.opts
	switch {
	case e.n.err != nil:
		e.err = e.n.err
	case o.maxHold > 0, o.releaseOnDone:
		e.err = fmt.Errorf("%w: a leader is not to be followed by another while its work goes on: end its work instead",
			ErrInvalid)
	case o.hasToken:
		e.err = fmt.Errorf("%w: the token of a leader carries its value", ErrInvalid)
	case o.reentrant:
		e.err = fmt.Errorf("%w: nobody leads twice", ErrInvalid)
	case o.turn.d > 0:
		e.err = fmt.Errorf("%w: leaders do not take turns: each has a token of its own", ErrInvalid)
	}
	o.autoExtend, o.turn = true, WithTurn(0)
	return e
}

// Name is the election's name as it was given to [Client.Election].
func (e *Election) Name() string { return e.n.name }

// Leadership is a leader's own view of its time in office. It is safe for concurrent use.
type Leadership struct {
	value string
	lock  *Lock
	over  func() // tells that it has ended
}

// Value is what the leader campaigned with.
func (l *Leadership) Value() string { return l.value }

// Fence is higher than that of every leader before, see [Lock.Fence].
func (l *Leadership) Fence() int64 { return l.lock.Fence() }

// Deadline is until when we certainly lead unless it is extended, which it is: see [Lock.Deadline].
func (l *Leadership) Deadline() time.Time { return l.lock.Deadline() }

// Context ends when leadership is lost, before anybody else can lead: see [Lock.Context]. Give it to the leader's work.
func (l *Leadership) Context() context.Context { return l.lock.Context() }

// Resign ends the leadership: the next candidate leads at once. End the work first. It goes on after the end of ctx, and
// one that failed may be called again: the error is as for [Lock.Unlock].
func (l *Leadership) Resign(ctx context.Context) error {
	const op = "resign"
	if ctx == nil {
		return opError(op, l.lock.Name(), failure.NilContext)
	}
	err := l.lock.unlock(ctx)
	if !errors.Is(err, ErrUnlocked) {
		l.over()
	}
	return opError(op, l.lock.Name(), err)
}

// Campaign waits until we lead, in the order of arrival. value, 1 to 256 bytes of any kind, is what the others see: an
// address, say. ctx bounds the wait, and is the parent of [Leadership.Context]; its end does not end the leadership, which
// is renewed until Resign. A Leadership that becomes unreachable is not renewed any more.
//
// The error is as for [Mutex.Lock]: after one that heals, as ErrUnavailable, it may be called again.
func (e *Election) Campaign(ctx context.Context, value string) (*Leadership, error) {
	l, err := e.campaign(ctx, value)
	return l, opError("campaign", e.n.name, err)
}

func (e *Election) campaign(ctx context.Context, value string) (*Leadership, error) {
	if e.err != nil {
		return nil, e.err
	}
	if n := len(value); n == 0 || n > maxOwnerBytes {
		return nil, fmt.Errorf("%w: a value has 1 to %d bytes, this one %d", ErrInvalid, maxOwnerBytes, n)
	}
	candidate := e.n
	candidate.owner = value
	l, err := candidate.lock(ctx, "campaign", whole)
	if err != nil {
		return nil, bare(err)
	}
	return &Leadership{value: value, lock: l, over: e.won(ctx, l)}, nil
}

// won tells the trace that we lead, and once, when we do not any more: by what it gives, or when the lock is lost. The end
// of the campaign's context alone ends no leadership.
func (e *Election) won(ctx context.Context, l *Lock) (over func()) {
	c, told := e.n.c, l.h.Event(event.LeaderChanged)
	told.Leader = true
	c.tell(ctx, told)
	ctx, told.Leader, told.Fence = context.WithoutCancel(ctx), false, 0
	over = sync.OnceFunc(func() { c.tell(ctx, told) })
	lock := l.Context()
	context.AfterFunc(lock, func() {
		if errors.Is(context.Cause(lock), ErrLost) {
			over()
		}
	})
	return over
}

// bare is an error without the operation, which the caller adds anew.
func bare(err error) error {
	if op, ok := err.(*Error); ok { //nolint:errorlint // the outermost alone
		return op.Err
	}
	return err
}

// campaignPause is between a campaign that failed and the next.
const campaignPause = 250 * time.Millisecond

// Run campaigns, calls fn while we lead, resigns after fn has returned, and campaigns again, until ctx ends. fn's context
// is that of [Leadership.Context]: it ends when leadership is lost, and with ctx; the leadership is renewed until fn has
// returned, and given up only then. A server that is away for less than the TTL ends no leadership, and a campaign waits
// for one that is away for longer.
//
// An error of fn while it leads ends Run, which gives it back; one of an fn whose context has ended does not. The error is
// otherwise as for Campaign, of what time does not heal; ErrWaitTimeout; or ctx.Err(). A failed Resign is joined to it.
func (e *Election) Run(ctx context.Context, value string, fn func(ctx context.Context, l *Leadership) error) error {
	const op = "run"
	if fn == nil {
		return opError(op, e.n.name, fmt.Errorf("%w: the function is nil", ErrInvalid))
	}
	for {
		l, err := e.campaign(ctx, value)
		switch {
		case err == nil:
			if err := lead(ctx, l, fn); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return opError(op, e.n.name, failure.Ended(ctx))
			}
		case ctx == nil || ctx.Err() != nil || !heals(err):
			return opError(op, e.n.name, err)
		default:
			e.n.c.opts.log.Warn("redilock: the campaign failed, trying again", "lock", e.n.name, "error", err)
			if err := e.n.c.pause(ctx, campaignPause); err != nil {
				return opError(op, e.n.name, err)
			}
		}
	}
}

// lead runs fn, and resigns. The error ends Run.
func lead(ctx context.Context, l *Leadership, fn func(context.Context, *Leadership) error) (err error) {
	defer func() {
		resign := l.Resign(ctx)
		if ctx.Err() != nil || err != nil { // else the next campaign waits for what is left of it
			if !errors.Is(resign, ErrLost) && !errors.Is(resign, ErrUnlocked) {
				err = joinErrors(err, resign)
			}
		}
	}()
	if err = fn(l.Context(), l); l.Context().Err() != nil && ctx.Err() == nil {
		return nil // the loss is why
	}
	return err
}

// passing are the errors of a campaign that time may heal.
var passing = []error{ErrUnavailable, ErrDenied, ErrLost, ErrReplicas}

func heals(err error) bool {
	is := func(kind error) bool { return errors.Is(err, kind) }
	return !is(ErrWaitTimeout) && slices.ContainsFunc(passing, is)
}

// pause waits. The error says why it ended early.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return failure.Ended(ctx)
	case <-c.life:
		return ErrClosed
	}
}
