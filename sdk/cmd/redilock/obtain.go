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

var errTimeUp = errors.New("time is up")

// obtain takes the lock, or says with the right exit status that it was not to be had. The lock's own context does not
// end with ctx.
func (w *waiting) obtain(ctx context.Context, a *app, m *redilock.Mutex) (*redilock.Lock, error) {
	life, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stops := []func() bool{context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })}
	lock := m.Lock
	switch {
	case w.NoWait || w.Wait != nil && *w.Wait == 0:
		lock = m.TryLock
	case w.Wait != nil:
		stops = append(stops, time.AfterFunc(time.Duration(*w.Wait), func() { cancel(errTimeUp) }).Stop)
	}
	l, err := lock(life)
	for _, stop := range stops {
		if stop() || err != nil {
			continue
		}
		// The end of the wait and the grant met: the lock's context may have ended, so the lock is of no use.
		<-life.Done()
		err = errors.Join(context.Cause(life), l.Unlock(ctx))
	}
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, redilock.ErrHeld) || errors.Is(err, errTimeUp):
		a.log.Info("not obtained", "lock", m.Name(), "why", whyNot(err))
		return nil, exit{code: w.ConflictExitCode}
	default:
		return nil, err
	}
}

// whole makes sure of the full lease. A lock that was handed to us is ours for a few seconds only; the SDK raises that by
// and by, but a command counts on it from the start. A lock that cannot be made whole is given back.
func whole(ctx context.Context, l *redilock.Lock, ttl time.Duration) error {
	if time.Until(l.Deadline()) > ttl*9/10 {
		return nil
	}
	if err := l.Extend(ctx, ttl); err != nil {
		return errors.Join(err, l.Unlock(ctx))
	}
	return nil
}

func whyNot(err error) error {
	var held *redilock.HeldError
	if errors.As(err, &held) {
		return held
	}
	return errTimeUp
}
