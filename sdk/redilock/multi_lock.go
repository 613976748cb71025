package redilock

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
)

// MultiLock is what a [Multi] holds, or held. It is safe for concurrent use. It must not be copied.
type MultiLock struct {
	_ noCopy

	parent context.Context
	locks  []*Lock // in the order in which they were taken

	mu  sync.Mutex
	ctx *multiContext
}

func newMultiLock(parent context.Context, locks []*Lock) *MultiLock {
	return &MultiLock{parent: parent, locks: locks}
}

// Locks are the locks, in the order of their keys. Each may be extended or unlocked by itself.
func (l *MultiLock) Locks() []*Lock { return slices.Clone(l.locks) }

// Fence is the fence of the lock of that name, see [Lock.Fence]; 0 if there is none.
func (l *MultiLock) Fence(name string) int64 {
	for _, one := range l.locks {
		if one.Name() == name {
			return one.Fence()
		}
	}
	return 0
}

// Deadline is until when all of the locks are certainly ours unless they are extended: the earliest of their deadlines.
func (l *MultiLock) Deadline() time.Time {
	earliest := l.locks[0].Deadline()
	for _, one := range l.locks[1:] {
		if d := one.Deadline(); d.Before(earliest) {
			earliest = d
		}
	}
	return earliest
}

// Context ends with the first of the locks that ends, for its reason (context.Cause), and otherwise as that of a [Lock].
// It carries all of the locks.
func (l *MultiLock) Context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		ctx, cancel := context.WithCancelCause(l.parent)
		for _, one := range l.locks {
			// Not one.Context(): the engine would keep a lock reachable by it that nobody can unlock any more.
			ended := one.h.Context(one.parent)
			context.AfterFunc(ended, func() { cancel(context.Cause(ended)) })
		}
		l.ctx = &multiContext{ctx, l, cancel}
	}
	return l.ctx
}

// Extend makes the server keep all of the locks for ttl from now at least, see [Lock.Extend]. The error joins those of the
// locks, each with its name.
func (l *MultiLock) Extend(ctx context.Context, ttl time.Duration) error {
	return errors.Join(each(l.locks, func(_ int, one *Lock) error { return one.Extend(ctx, ttl) })...)
}

// Unlock gives all of the locks back, at the same time. The error joins those of their [Lock.Unlock], each with its name;
// Unlock may be called again for what was not given back in time.
func (l *MultiLock) Unlock(ctx context.Context) error {
	if ctx == nil {
		return opError("unlock", "", failure.NilContext)
	}
	return l.unlock(ctx, false)
}

// unlock is Unlock. lenient: what the caller has unlocked by itself is no error.
func (l *MultiLock) unlock(ctx context.Context, lenient bool) error {
	errs := unlockAll(ctx, l.locks)
	if lenient {
		errs = slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, ErrUnlocked) })
	}
	return errors.Join(errs...)
}

// multiContext is the context of several locks.
type multiContext struct {
	context.Context
	lock   *MultiLock
	cancel context.CancelCauseFunc
}

// Err looks at the clock by itself, as that of a Lock does.
func (c *multiContext) Err() error {
	for _, one := range c.lock.locks {
		if c.Context.Err() != nil {
			break
		}
		if err := one.h.Err(); err != nil {
			c.cancel(err)
		}
	}
	return c.Context.Err()
}

func (c *multiContext) Value(key any) any {
	if k, ok := key.(carried); ok {
		for _, one := range c.lock.locks {
			if k.c == one.c && k.key == one.Key() {
				return one
			}
		}
	}
	return c.Context.Value(key)
}
