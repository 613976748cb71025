package redilock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// What went wrong, for errors.Is. Every error of this package that is not nil is an [*Error] which wraps one of these,
// or the error of a context that ended (context.DeadlineExceeded, context.Canceled). Do gives back its function's own
// error besides, as it is or joined with one of these.
var (
	// ErrHeld: somebody else has the lock. TryLock answers it, as a [*HeldError].
	ErrHeld = errors.New("held by somebody else")
	// ErrLost: we had the lock and its lease ended, or somebody took it away.
	ErrLost = errors.New("lock lost")
	// ErrUnlocked: the lock was unlocked before.
	ErrUnlocked = errors.New("already unlocked")
	// ErrClosed: the client is closed.
	ErrClosed = errors.New("client closed")
	// ErrNested: the context says that its own call chain holds this lock. Waiting would dead-lock until the lease ends.
	ErrNested = errors.New("already held by this call chain; use WithReentrant to share it")
	// ErrUnavailable: the server could not be reached, or could not serve, or said something that nobody expects. The
	// call may have run all the same.
	ErrUnavailable = errors.New("redis unavailable")
	// ErrDenied: the server wants other credentials, or its ACL forbids a command, a key or a channel.
	ErrDenied = errors.New("denied by redis")
	// ErrWrongType: a key of the lock holds something that is no lock, or no counter of ours.
	ErrWrongType = errors.New("a key of this lock holds a value of another type; choose another name or delete it")
	// ErrInvalid: an argument is out of its range. Nothing was sent.
	ErrInvalid = errors.New("invalid argument")
)

// Error says which operation failed on which lock. It never holds a token.
type Error struct {
	Op   string // lock, trylock, extend, unlock, inspect, do, attach or new
	Name string // the lock's name, its prefix included
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
	Name string
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

var errNilContext = fmt.Errorf("%w: the context is nil", ErrInvalid)

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

// kinds maps the code of a redis error to what it means for a lock.
var kinds = []struct {
	prefix string
	kind   error
	advice string
}{
	{"NOPERM", ErrDenied, "the rule that the scripts need is in lua/README.md"},
	{"NOAUTH", ErrDenied, "set a password (and user name) in the client's options"},
	{"WRONGPASS", ErrDenied, "the user name or the password is wrong"},
	{"WRONGTYPE", ErrWrongType, ""},
	{"BADFENCE", ErrWrongType, ""},
	{"BADARG", ErrInvalid, ""},
	{"OOM", ErrUnavailable, "the server is out of memory"},
	{"MISCONF", ErrUnavailable, "the server cannot persist"},
	{"NOREPLICAS", ErrUnavailable, "the server lacks the replicas that it wants"},
	{"NOSCRIPT", ErrUnavailable, "the scripts are being flushed as fast as they are loaded"},
}

// explain gives an error of the wire its kind: ErrUnavailable, unless it is known to be of another.
func explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	for _, k := range kinds {
		if !redis.HasErrorPrefix(err, k.prefix) {
			continue
		}
		if k.advice == "" {
			return fmt.Errorf("%w (%w)", k.kind, err)
		}
		return fmt.Errorf("%w: %s (%w)", k.kind, k.advice, err)
	}
	var fromServer redis.Error
	switch {
	case errors.As(err, &fromServer) && strings.Contains(fromServer.Error(), "unauthenticated"):
		// Before it asks for a password a server refuses calls with as many arguments as ours, in words of its own.
		return fmt.Errorf("%w: set a password (and user name) in the client's options (%w)", ErrDenied, err)
	case errors.As(err, &fromServer) && deniedInScript(fromServer.Error()):
		return fmt.Errorf("%w: the rule that the scripts need is in lua/README.md (%w)", ErrDenied, err)
	case errors.Is(err, redis.ErrClosed):
		return fmt.Errorf("%w: the redis client is closed (%w)", ErrUnavailable, err)
	default:
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
}

// deniedInScript recognises what an ACL says of a command inside a script: a plain ERR, without the code NOPERM.
func deniedInScript(message string) bool {
	for _, words := range []string{"can't run this command", "can't access at least one of the keys", "permission"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// ended is the error of a call that its context cut short. A cause that the caller gave is visible beside ctx.Err().
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
