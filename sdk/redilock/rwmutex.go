package redilock

import (
	"context"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
)

// RWMutex is a lock that any number of readers hold together, or one writer alone. It is first come, first served: readers
// that stand together go in together, and none passes a writer that waits. On the server it is a semaphore, of which a
// reader takes one permit, and a writer all. It is cheap, immutable, and may be shared or made anew for every call.
type RWMutex struct{ n named }

// What a reader and a writer take.
var (
	reader = permits{weight: 1, limit: semaphore.Limit, turn: true}
	writer = permits{weight: semaphore.Limit, limit: semaphore.Limit}
)

// RWMutex gives the lock of readers and writers called name; name and ttl are as for [Client.Mutex]. A name is that of a
// mutex or of one of these: the other one answers ErrWrongType while it is in use.
//
// Readers of one client that stand together share one grant: within 1 ms ([WithTurn]), and never past a writer of this
// client that waits. Each has a Lock and a fence of its own; the grant's lease, renewals and token are the same, and the
// last Unlock gives it back. So who knows the Token of one can release it for all; [WithToken], [WithMaxHold] or WithTurn(0)
// gives each a grant of its own.
func (c *Client) RWMutex(name string, ttl time.Duration, opts ...LockOption) *RWMutex {
	return &RWMutex{newNamed(c, name, semaphore.NewRW, ttl, opts)}
}

// Name is the lock's name as it was given to [Client.RWMutex].
func (m *RWMutex) Name() string { return m.n.name }

// Key is the key of the lock on the server: the name behind the prefix of the client.
func (m *RWMutex) Key() string { return m.n.key() }

// Lock waits until it is the only holder, a writer. It is like [Mutex.Lock] in all the rest.
//
// A ctx that carries a lock of this name (the context of [Lock.Context], or of Do and RDo) makes it answer ErrNested. With
// [WithReentrant] it shares the write lock of its call chain; of a reader it answers ErrNested all the same, because two
// readers that wait to be writers stop each other for ever.
func (m *RWMutex) Lock(ctx context.Context) (*Lock, error) { return m.n.lock(ctx, "lock", writer) }

// TryLock asks the server once. The error is a [*HeldError] (errors.Is ErrHeld) if anybody reads, writes or waits, and else
// as for Lock.
func (m *RWMutex) TryLock(ctx context.Context) (*Lock, error) { return m.n.try(ctx, "trylock", writer) }

// RLock waits until no writer holds the lock, and none waits that came before. It is like [Mutex.Lock] in all the rest.
//
// A fence orders the grants of the name: a writer's is higher than those of all readers and writers before it. Among readers
// that hold at once, a lower one is not stale.
//
// A ctx that carries a lock of this name makes it answer ErrNested: a second reader would wait behind a writer that waits
// for the first. With [WithReentrant] it shares the lock of its call chain, a reader's or a writer's.
func (m *RWMutex) RLock(ctx context.Context) (*Lock, error) {
	return m.n.lock(ctx, "rlock", m.reader())
}

// TryRLock asks the server once. The error is a [*HeldError] (errors.Is ErrHeld) if somebody writes or waits, and else as
// for RLock.
func (m *RWMutex) TryRLock(ctx context.Context) (*Lock, error) {
	return m.n.try(ctx, "tryrlock", m.reader())
}

// Do runs fn as the only holder. It is like [Mutex.Do] in all the rest.
func (m *RWMutex) Do(ctx context.Context, fn func(ctx context.Context, l *Lock) error) error {
	return m.n.do(ctx, "lock", writer, fn)
}

// RDo runs fn as a reader. It is like [Mutex.Do] in all the rest.
func (m *RWMutex) RDo(ctx context.Context, fn func(ctx context.Context, l *Lock) error) error {
	return m.n.do(ctx, "rlock", m.reader(), fn)
}

// reader is what RLock takes. One whose maximal hold counts has a grant of its own, because it begins with the grant.
func (m *RWMutex) reader() permits {
	p := reader
	p.turn = m.n.opts.maxHold == 0
	return p
}

// Downgrade makes a reader of a writer, without anybody in between: readers that wait go in. It keeps its fence. There is no
// way back but Unlock and Lock. The error wraps ErrInvalid for a lock that is no writer's, and while others of the call
// chain share it ([WithReentrant]): then nothing has changed; else it is as for [Lock.Extend].
func (l *Lock) Downgrade(ctx context.Context) error {
	g := l.h.Grant()
	var err error
	switch {
	case g.Resource().Primitive() != primitiveRWMutex:
		err = fmt.Errorf("%w: a %s has no readers", ErrInvalid, g.Resource().Primitive())
	case g.Weight() != writer.weight && l.h.Err() == nil:
		err = fmt.Errorf("%w: it is a reader's", ErrInvalid)
	default:
		err = l.shrink(ctx, reader.weight)
	}
	return opError("downgrade", l.Name(), err)
}
