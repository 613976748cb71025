package redilock

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
)

// Leader is what the server knows of who leads.
type Leader struct {
	// None: nobody leads. The other fields are zero.
	None bool
	// Value is what the leader campaigned with; "" if the lock is held by another library.
	Value string
	// Fence is the leader's: higher than that of every leader before. 0 if the lock is held by another library.
	Fence int64
	// Since is when it was elected, about: by the server's clock, translated to ours. Zero if nobody knows.
	Since time.Time
	// Left is what is left of its lease, which it extends; negative if the key has no expiry.
	Left time.Duration
}

// Leader asks who leads. It writes nothing. The error wraps ErrNoLeader if nobody does; and is otherwise as for
// [Client.Inspect].
func (e *Election) Leader(ctx context.Context) (Leader, error) {
	s, err := e.status(ctx)
	if err != nil {
		return Leader{}, opError("leader", e.n.name, err)
	}
	return leaderOf(s), nil
}

func (e *Election) status(ctx context.Context) (s mutex.Status, err error) {
	switch {
	case e.err != nil:
		return s, e.err
	case ctx == nil:
		return s, failure.NilContext
	case e.n.c.closed():
		return s, ErrClosed
	}
	s, err = e.n.c.inspect(ctx, e.n.resource.(mutex.Name), 0)
	if err == nil && !s.Held {
		err = ErrNoLeader
	}
	return s, err
}

func leaderOf(s mutex.Status) Leader {
	if !s.Held {
		return Leader{None: true}
	}
	l := Leader{Value: ownerOf(s.Token), Left: s.Left}
	if l.Value == "" { // another library has no fence: what the counter says is of the last leader
		return l
	}
	l.Fence = s.Fence
	if s.HeldFor > 0 {
		l.Since = time.Now().Add(-s.HeldFor)
	}
	return l
}

// Observe gives who leads, and then every change of that, until ctx ends, the loop is left or the client is closed. "No
// leader" is one of the changes. They come in the order of their fences, and none twice; a leader of less than one poll
// interval ([WithPollInterval]) may be missed. While the server is away nothing changes, and the observer waits for it:
// what happened meanwhile is one change. One whose terms are wrong, or whose key holds something that is no lock, ends at
// once: [Election.Leader] says why.
func (e *Election) Observe(ctx context.Context) iter.Seq[Leader] {
	return func(yield func(Leader) bool) {
		if e.err != nil || ctx == nil {
			return
		}
		var o observed
		for {
			s, err := e.look(ctx)
			switch {
			case err == nil:
				if l := leaderOf(s); o.changes(l, s.Token) && !yield(l) {
					return
				}
			case ctx.Err() != nil, errors.Is(err, ErrInvalid), errors.Is(err, ErrWrongType):
				return
			}
			if e.n.c.pause(ctx, e.n.c.opts.poll) != nil {
				return
			}
		}
	}
}

// lookTimeout is how long an observer waits for an answer before it asks anew.
const lookTimeout = 2 * time.Second

// look asks who leads, for an observer: that nobody does is no error.
func (e *Election) look(ctx context.Context) (mutex.Status, error) {
	bounded, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	s, err := e.status(bounded)
	if errors.Is(err, ErrNoLeader) {
		err = nil
	}
	return s, err
}

// observed is what an observer has told last.
type observed struct {
	begun  bool
	last   Leader
	token  string // of last
	newest int64  // the highest fence of all that were told
}

// changes reports whether what was seen is news. A leader with a fence that is not above those that were told is none: it
// is seen again, or on a primary that has lost what came after it.
func (o *observed) changes(l Leader, token string) bool {
	switch {
	case !o.begun:
	case token == o.token && !l.None: // also if its fence counter was lost
		return false
	case l.None || l.Fence == 0: // another library's holders have no order
		if l.None == o.last.None && o.last.Fence == 0 {
			return false
		}
	case l.Fence <= o.newest:
		return false
	}
	o.begun, o.last, o.token, o.newest = true, l, token, max(o.newest, l.Fence)
	return true
}
