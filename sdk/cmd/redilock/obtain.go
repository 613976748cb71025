package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// waiting is how long a command is willing to wait for its lock.
type waiting struct {
	NoWait           bool      `short:"n" xor:"waiting" help:"Do not wait for the lock."`
	Wait             *duration `short:"w" xor:"waiting" placeholder:"DURATION" help:"Wait so long at the most."`
	ConflictExitCode int       `short:"E" default:"124" placeholder:"CODE" help:"${conflictHelp}"`
}

// Validate is called by kong.
func (w *waiting) Validate() error {
	if w.Wait != nil && *w.Wait < 0 {
		return fmt.Errorf("--wait is how long to wait, not %v", *w.Wait)
	}
	if w.ConflictExitCode < 0 || w.ConflictExitCode > 255 {
		return fmt.Errorf("--conflict-exit-code is 0 to 255, not %d", w.ConflictExitCode)
	}
	return nil
}

// forever reports whether there is no limit.
func (w *waiting) forever() bool { return !w.NoWait && w.Wait == nil }

// once reports whether the server is asked only once.
func (w *waiting) once() bool { return w.NoWait || w.Wait != nil && *w.Wait == 0 }

const (
	// onceLimit is how long a server may take to answer when nobody wants to wait for the lock.
	onceLimit = 3 * time.Second
	// minAnswer is how long a server may take at the least for its first answer: --wait 10ms is about the lock.
	minAnswer = time.Second
	// cancelLimit bounds the wait for the end of a call that was cancelled: a read that has begun may not heed it. It is
	// silentLimit where no answer came at all.
	cancelLimit = 2 * time.Second
	silentLimit = 300 * time.Millisecond
	// closeLimit bounds the end of a client, which gives back what calls that were cut short may have brought.
	closeLimit = 3 * time.Second
	// callLimit is how long a server may take to answer a question, or an order with a token.
	callLimit = 5 * time.Second
)

var (
	errTimeUp = errors.New("time is up")
	// errNoAnswer is not the lock's fault: nobody knows whether it is held.
	errNoAnswer = errors.New("no answer")
)

// held is a lock, or several.
type held interface {
	Deadline() time.Time
	Extend(ctx context.Context, ttl time.Duration) error
	Unlock(ctx context.Context) error
}

// source is where to take it from.
type source[L held] interface {
	Lock(ctx context.Context) (L, error)
	TryLock(ctx context.Context) (L, error)
}

// granted is what came of a call for a lock.
type granted[L held] struct {
	lock L
	err  error
}

// obtain takes the lock, or says with the right exit status that it was not to be had. The lock's own context does not
// end with ctx. It returns within the patience that was asked for, also when the server does not answer.
func obtain[L held](ctx context.Context, w *waiting, k *locker, m source[L]) (lock L, err error) {
	life, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	giveUp := func(why error) { cancel(why) } // only then: it is the parent of the lock's context
	take := m.Lock
	if w.once() {
		take = m.TryLock
	}
	result := make(chan granted[L], 1)
	began := time.Now()
	go func() {
		l, err := take(life)
		result <- granted[L]{l, err}
	}()
	why := await(ctx, w, k, began, result)
	if why == nil {
		got := <-result
		if errors.Is(got.err, redilock.ErrHeld) {
			return lock, w.conflict(k, got.err)
		}
		return got.lock, got.err
	}
	giveUp(why)
	k.abandoned = true // until we know better
	limit := cancelLimit
	if errors.Is(why, errNoAnswer) {
		limit = silentLimit
	}
	select {
	case got := <-result:
		k.abandoned = errors.Is(why, errNoAnswer)
		if got.err == nil { // the end of the wait and the grant met: the lock's context has ended, so it is of no use
			_ = got.lock.Unlock(ctx)
		}
	case <-time.After(limit):
	}
	if errors.Is(why, errTimeUp) {
		if k.answers(ctx) {
			return lock, w.conflict(k, why)
		}
		k.abandoned = true
		why = errNoAnswer
	}
	return lock, why
}

// await returns nil when there is a result, or why not to wait for it any longer.
func await[L held](ctx context.Context, w *waiting, k *locker, began time.Time, result chan granted[L]) error {
	var limit, first <-chan time.Time
	switch {
	case w.once():
		first = time.After(onceLimit)
	case w.Wait != nil:
		limit = time.After(time.Until(began.Add(time.Duration(*w.Wait))))
	}
	enqueued := k.enqueued
	for {
		select {
		case got := <-result:
			result <- got
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-enqueued:
			enqueued = nil
			if first != nil { // it was late, and all that was missing
				return errTimeUp
			}
		case <-limit:
			if enqueued == nil || isClosed(enqueued) {
				return errTimeUp
			}
			limit, first = nil, time.After(time.Until(began.Add(minAnswer)))
		case <-first:
			return errNoAnswer
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// conflict says that the lock is held by others.
func (w *waiting) conflict(k *locker, why error) error {
	name := k.name
	var refused *redilock.HeldError
	if errors.As(why, &refused) {
		name, why = refused.Name, refused
	}
	k.app.log.Info("not obtained", "lock", name, "why", why)
	return exit{code: w.ConflictExitCode}
}

// whole makes sure of the full lease. A lock that was handed to us is ours for a few seconds only; the SDK raises that by
// and by, but a command counts on it from the start. A lock that cannot be made whole is given back.
func whole(ctx context.Context, l held, ttl time.Duration) error {
	if time.Until(l.Deadline()) > ttl*9/10 {
		return nil
	}
	if err := l.Extend(ctx, ttl); err != nil {
		return errors.Join(err, l.Unlock(ctx))
	}
	return nil
}
