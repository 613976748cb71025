package main

import (
	"context"
	"errors"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// kind is what sort of lock a name is, and how much of it is taken. Without a flag it is a mutex.
type kind struct {
	Limit     *int64 `placeholder:"N" xor:"kind" help:"${limitHelp}"`
	Weight    *int64 `placeholder:"W" help:"With --limit: take W of the permits. Default: 1."`
	Shared    bool   `xor:"kind" help:"${sharedHelp}"`
	Exclusive bool   `xor:"kind" help:"${exclusiveHelp}"`
}

// check says what is wrong with the flags.
func (k *kind) check() error {
	switch {
	case k.Limit != nil && (*k.Limit < 1 || *k.Limit > state.Most):
		return usage("--limit is 1 to %d, not %d", state.Most, *k.Limit)
	case k.Limit == nil && k.Weight != nil:
		return usage("--weight is how many of the permits of --limit, which is missing")
	case k.Weight != nil && (*k.Weight < 1 || *k.Weight > *k.Limit):
		return usage("--weight is 1 to the --limit of %d, not %d", *k.Limit, *k.Weight)
	}
	return nil
}

// primitive is the kind of lock that the flags ask for.
func (k *kind) primitive() state.Primitive {
	switch {
	case k.Limit != nil:
		return state.Semaphore
	case k.Shared || k.Exclusive:
		return state.RWMutex
	default:
		return state.Mutex
	}
}

// request is what to take of a name.
func (k *kind) request(c *redilock.Client, name string, ttl time.Duration, opts ...redilock.LockOption) redilock.Request {
	switch k.primitive() {
	case state.Semaphore:
		weight := int64(1)
		if k.Weight != nil {
			weight = *k.Weight
		}
		return c.Semaphore(name, *k.Limit, ttl, opts...).Permits(weight)
	case state.RWMutex:
		if k.Exclusive {
			return c.RWMutex(name, ttl, opts...).Writer()
		}
		return c.RWMutex(name, ttl, opts...).Reader()
	default:
		return c.Mutex(name, ttl, opts...)
	}
}

// kindWords are the kinds for people.
var kindWords = map[state.Primitive]string{
	state.Mutex: "a mutex", state.Semaphore: "a semaphore", state.RWMutex: "a lock of readers and writers",
}

// mismatch says of what other kind a name is that a server would not give as what was asked for. It gives err where that is
// not the reason.
func mismatch(ctx context.Context, c *redilock.Client, err error, asked func(name string) state.Primitive) error {
	var e *redilock.Error
	if !errors.Is(err, redilock.ErrWrongType) || !errors.As(err, &e) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	s, failed := state.Ask(ctx, c, e.Name, state.Unknown)
	if failed != nil || !s.Busy() || s.Primitive.Counts() == asked(e.Name).Counts() {
		return err
	}
	return usage("%s is in use as %s and cannot be taken as %s: all who use a name use the same of --limit, --shared and "+
		"--exclusive, or none of them", quoted(e.Name), kindWords[s.Primitive], kindWords[asked(e.Name)])
}

// attach gives a lock that another process took, of whatever kind it is.
func attach(ctx context.Context, c *redilock.Client, name, token string) (*redilock.Lock, error) {
	s, err := state.Ask(ctx, c, name, state.Unknown)
	switch {
	case err == nil && s.Primitive.Counts():
		return c.AttachSemaphore(name, token)
	case err != nil && !errors.Is(err, redilock.ErrWrongType) && !errors.Is(err, redilock.ErrDenied):
		return nil, err
	}
	return c.Attach(name, token)
}
