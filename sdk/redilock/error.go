package redilock

import (
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
)

// What went wrong, for errors.Is. Every error of this package that is not nil is an [*Error] which wraps one of these,
// or the error of a context that ended (context.DeadlineExceeded, context.Canceled). Do gives back its function's own
// error besides, as it is or joined with one of these.
var (
	// ErrHeld: somebody else has the lock. TryLock answers it, as a [*HeldError].
	ErrHeld = failure.Held
	// ErrNotHeld: nobody has the lock. Break answers it.
	ErrNotHeld = errors.New("held by nobody")
	// ErrLost: we had the lock, and it is not ours any more. The reason is one of ErrTaken, ErrExpired, ErrMaxHold and
	// ErrTooLate, each of which is ErrLost as well.
	ErrLost = failure.Lost
	// ErrTaken: the server says that the lock is not ours: it was released, deleted or broken elsewhere.
	ErrTaken = failure.Taken
	// ErrExpired: the lease ended before it was extended.
	ErrExpired = failure.Expired
	// ErrMaxHold: the maximal hold ended, see WithMaxHold.
	ErrMaxHold = failure.MaxHold
	// ErrTooLate: the grant arrived when its lease was over.
	ErrTooLate = failure.TooLate
	// ErrWaitTimeout: the wait took longer than WithWait allows. It is context.DeadlineExceeded as well.
	ErrWaitTimeout = failure.WaitTimeout
	// ErrUnlocked: the lock was unlocked before.
	ErrUnlocked = failure.Unlocked
	// ErrClosed: the client is closed.
	ErrClosed = failure.Closed
	// ErrNested: the context says that its own call chain holds this lock. Waiting would dead-lock until the lease ends.
	ErrNested = failure.Nested
	// ErrUnavailable: the server could not be reached, or could not serve, or said something that nobody expects. The
	// call may have run all the same.
	ErrUnavailable = failure.Unavailable
	// ErrDenied: the server wants other credentials, or its ACL forbids a command, a key or a channel.
	ErrDenied = failure.Denied
	// ErrWrongType: a key of the lock holds something that is no lock, or no counter of ours.
	ErrWrongType = failure.WrongType
	// ErrNoLeader: nobody leads. Election.Leader answers it.
	ErrNoLeader = errors.New("nobody leads")
	// ErrReplicas: fewer replicas than WithReplicas asks for have the lock. It is a [*ReplicasError].
	ErrReplicas = failure.Replicas
	// ErrInvalid: an argument is out of its range. Nothing was sent.
	ErrInvalid = failure.Invalid
)

// Error says which operation failed on which lock. It never holds a token.
type Error struct {
	// Op is lock, trylock, rlock, tryrlock, acquire, tryacquire, extend, shrink, downgrade, check, unlock, inspect, break,
	// do, attach, multi,
	// campaign, resign, run, leader, shutdown or new.
	Op   string
	Name string // the lock's name, as it was given to Mutex: without the prefix of the client
	Err  error
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("redilock: %s: %v", e.Op, e.Err)
	}
	name := e.Name
	if len(name) > maxShownName {
		name = name[:maxShownName] + "…"
	}
	return fmt.Sprintf("redilock: %s %q: %v", e.Op, name, e.Err)
}

// maxShownName is how much of a long name a message repeats, in bytes.
const maxShownName = 100

func (e *Error) Unwrap() error { return e.Err }

// HeldError is the ErrHeld of a lock.
type HeldError struct {
	Name string // as it was given to Mutex
	// Remaining is what is left of the holder's lease, which it may extend: a hint for when to try again. It is
	// negative when the key has no expiry (another program's), and 0 when the lock is free but others queue for it.
	Remaining time.Duration
}

func (e *HeldError) Error() string {
	switch {
	case e.Remaining < 0:
		return ErrHeld.Error() + ", without an expiry"
	case e.Remaining == 0:
		return "others are waiting for it"
	default:
		return fmt.Sprintf("%v for another %v, unless extended", ErrHeld, e.Remaining)
	}
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

func joinErrors(a, b error) error {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}

func opError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Name: name, Err: err}
}
