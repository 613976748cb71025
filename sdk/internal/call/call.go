// Package call sends the calls of scripts: alone or together with others, bounded in time, repeated where a repeat may
// help, and says what is known of a call that failed. It knows no lock.
package call

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// maxReadTimeout is up to which ReadTimeout of go-redis a call is left to end by itself.
const maxReadTimeout = 5 * time.Second

// Sender sends calls over one go-redis client. It is safe for concurrent use.
type Sender struct {
	rdb     redis.UniversalClient
	batches batches
	// bounded: go-redis gives up by itself in time, so a call need not be left behind for the caller to return in time.
	bounded bool
}

// New makes a Sender.
func New(rdb redis.UniversalClient) *Sender {
	bounded := isBounded(rdb)
	return &Sender{rdb: rdb, bounded: bounded, batches: batches{rdb: rdb, apart: !bounded}}
}

// Close ends the goroutines that wait for the next call. Calls can be sent after it as before.
func (s *Sender) Close() { s.batches.workers.end() }

// isBounded reports whether a call by rdb comes back by itself soon enough: within one read timeout, without repeats of
// its own. A cluster client repeats and redirects.
func isBounded(rdb redis.UniversalClient) bool {
	single, ok := rdb.(*redis.Client)
	if !ok {
		return false
	}
	o := single.Options()
	within := func(d time.Duration) bool { return 0 < d && d <= maxReadTimeout }
	return within(o.ReadTimeout) && within(o.WriteTimeout)
}

// ErrNoAnswer is in the error of a call that its caller did not wait for any longer.
var ErrNoAnswer = errors.New("no answer")

// send sends one call by itself. Whatever happens in it, a hook's panic included, becomes the call's outcome.
func send(ctx context.Context, rdb redis.UniversalClient, c scripts.Sendable, again bool) {
	returned := false
	defer func() { // as guarded, without a closure for every call
		if !returned {
			broke(recover(), c)
		}
	}()
	if again {
		_ = c.Resend(ctx, rdb)
	} else {
		_ = c.Send(ctx, rdb)
	}
	returned = true
}

// sendHere sends a call in the caller's goroutine, which has entered.
func (s *Sender) sendHere(ctx context.Context, c scripts.Sendable, within time.Duration) {
	defer s.batches.leave()
	if within > 0 { // a dialer knows no other limit
		bounded, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		ctx = bounded
	}
	send(ctx, s.rdb, c, false)
}

// Limits bound a call.
type Limits struct {
	// Stop ends the caller's wait as the end of its context does. Nil never does.
	Stop <-chan struct{}
	// Within is how long the caller waits for the answer at the most; 0 is without a limit. One that go-redis keeps by
	// itself may be overrun by its ReadTimeout.
	Within time.Duration
	// Inline lets the call run in the caller's goroutine, although ctx may end, where go-redis keeps to time-outs of its
	// own. One that goes with others does not.
	Inline bool
	// Late is called once a call is over whose caller has returned before. It runs in another goroutine.
	Late func()
}

// Do sends a call, and returns when it is answered, when ctx or the limits end the wait, or when it failed: go-redis
// ignores a cancellation while it reads. abandoned says that the call is under way still; then Late will be called.
// The error is explained; of a call that was cut short it wraps the end of ctx, or failure.Unavailable.
func Do[R any](ctx context.Context, s *Sender, c primitive.Call[R], l Limits) (reply R, abandoned bool, err error) {
	if s.bounded && (l.Inline || ctx.Done() == nil) && s.batches.enter() {
		s.sendHere(ctx, c, l.Within)
	} else if abandoned, err = s.sendAway(ctx, c, l); err != nil {
		return reply, abandoned, err
	}
	reply, err = c.Reply()
	return reply, false, cutShort(ctx, Explain(err))
}

// sendAway lets a worker send a call: its caller may not want to wait for the answer. The error says why it did not.
func (s *Sender) sendAway(ctx context.Context, c scripts.Sendable, l Limits) (abandoned bool, err error) {
	b := &s.batches
	t := b.newTicket(ctx, c)
	b.submit(t, l.Within)
	abandoned, err = s.await(ctx, t, l)
	if err != nil {
		return abandoned, err
	}
	again := t.shared && scripts.Transient(c.Err())
	left := l.Within
	if left > 0 {
		left = time.Until(t.deadline)
		again = again && left > 0
	}
	b.recycle(t)
	if !again {
		return false, nil
	}
	t = b.newTicket(ctx, c)
	b.resend(t, left)
	if abandoned, err = s.await(ctx, t, l); err == nil {
		b.recycle(t)
	}
	return abandoned, err
}

// await waits until a call is over, or its caller does not want to wait any longer.
func (s *Sender) await(ctx context.Context, t *ticket, l Limits) (abandoned bool, err error) {
	select {
	case over := <-t.wake:
		if over {
			return false, nil
		}
		err = fmt.Errorf("%w: %w within %v", failure.Unavailable, ErrNoAnswer, l.Within)
	case <-ctx.Done():
		err = failure.Ended(ctx)
	case <-l.Stop:
		err = failure.Closed
	}
	over, unsent := s.batches.withdraw(t, l.Late)
	if over {
		return false, nil
	}
	return !unsent, err
}

// cutShort makes the end of ctx the error of a call that failed after it. What the server said stays visible.
func cutShort(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if errors.Is(err, ctx.Err()) && !errors.Is(err, failure.Unavailable) {
		return failure.Ended(ctx)
	}
	return fmt.Errorf("%w: %w", failure.Ended(ctx), err)
}

// Together sends calls in pipelines, one for each node that they run on and size calls, and calls settled for each
// pipeline that is over, from goroutines of its own. It does not wait for the answers.
func (s *Sender) Together(ctx context.Context, calls []scripts.Sendable, size int, settled func([]scripts.Sendable)) {
	go func() {
		groups := [][]scripts.Sendable{calls}
		guarded(nil, func() { groups = scripts.ByNode(ctx, s.rdb, calls) })
		for _, group := range groups {
			for len(group) > 0 {
				n := min(len(group), size)
				part := group[:n]
				group = group[n:]
				go func() {
					defer settled(part)
					guarded(part, func() { scripts.Pipeline(ctx, s.rdb, part...) })
				}()
			}
		}
	}()
}

// OnConnection gives fn a connection of its own to the server that holds key, for calls whose answer depends on what was
// sent on the same connection, as WAIT's does. It is not shared with other calls, so it may be slow.
func (s *Sender) OnConnection(ctx context.Context, key string, fn func(context.Context, *redis.Conn) error) (err error) {
	var node *redis.Client
	switch c := s.rdb.(type) {
	case *redis.Client:
		node = c
	case *redis.ClusterClient:
		if node, err = c.MasterForKey(ctx, key); err != nil {
			return Explain(err)
		}
	default:
		return fmt.Errorf("%w: %T gives no connection of its own", failure.Invalid, s.rdb)
	}
	conn := node.Conn()
	defer func() {
		if e := conn.Close(); err == nil {
			err = Explain(e)
		}
	}()
	return Explain(fn(ctx, conn))
}
