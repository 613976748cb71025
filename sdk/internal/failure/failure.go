// Package failure holds the errors of the engine, which package redilock exports, and the reasons why a lock is lost.
// It stands below every other package of the engine, so that each can answer with the same values.
package failure

import (
	"context"
	"errors"
	"fmt"
)

// The kinds of errors. Package redilock documents each.
var (
	Held        = errors.New("held by somebody else")
	Lost        = errors.New("lock lost")
	Unlocked    = errors.New("already unlocked")
	Closed      = errors.New("client closed")
	Nested      = errors.New("already held by this call chain; use WithReentrant to share it")
	Unavailable = errors.New("redis unavailable")
	Denied      = errors.New("denied by redis")
	Replicas    = errors.New("not on enough replicas")
	WrongType   = errors.New("a key of this lock holds a value of another type; choose another name or delete it")
	Invalid     = errors.New("invalid argument")
)

// WaitTimeout is the end of a wait that was bounded by the caller, while its context lives on. errors.Is finds
// context.DeadlineExceeded in it as well.
var WaitTimeout error = waitTimeout{}

type waitTimeout struct{}

func (waitTimeout) Error() string        { return "the wait took longer than allowed" }
func (waitTimeout) Timeout() bool        { return true }
func (waitTimeout) Is(target error) bool { return target == context.DeadlineExceeded }

// The reasons of Lost.
var (
	Taken   = fmt.Errorf("%w: the server says that it is not ours any more", Lost)
	Expired = fmt.Errorf("%w: its lease ended", Lost)
	MaxHold = fmt.Errorf("%w: its maximal hold ended", Lost)
	TooLate = fmt.Errorf("%w: its lease was over when the grant arrived; a longer TTL would help", Lost)
)

// NestedMore is the Nested of a call that asks for more than its call chain holds.
var NestedMore = fmt.Errorf("%w: it asks for more than that, and what is held cannot grow", Nested)

// NilContext is what an operation without a context answers.
var NilContext = fmt.Errorf("%w: the context is nil", Invalid)

// Ended is the error of a call that its context cut short. A cause that the caller gave is visible beside ctx.Err().
func Ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
