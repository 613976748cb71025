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
	rdb   redis.UniversalClient
	batch batch
	// bounded: go-redis gives up by itself in time, so a call need not be left behind for the caller to return in time.
	bounded bool
}

// New makes a Sender.
func New(rdb redis.UniversalClient) *Sender {
	return &Sender{rdb: rdb, batch: batch{rdb: rdb}, bounded: isBounded(rdb)}
}

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

// send sends a call, alone or with others, and waits for its reply.
func send[R any](ctx context.Context, s *Sender, c primitive.Call[R]) (R, error) {
	deliver(ctx, s, c)
	r, err := c.Reply()
	return r, Explain(err)
}

func deliver(ctx context.Context, s *Sender, c scripts.Sendable) {
	returned := false
	defer func() { // as guarded, without a closure for every call
		if !returned {
			broke(recover(), c)
		}
	}()
	s.deliver(ctx, c)
	returned = true
}

func (s *Sender) deliver(ctx context.Context, c scripts.Sendable) {
	if !s.bounded { // a call that never comes back must not hold up others
		_ = c.Send(ctx, s.rdb)
		return
	}
	if s.batch.join(ctx, c) {
		defer s.batch.land()
		_ = c.Send(ctx, s.rdb)
		return
	}
	if err := c.Err(); scripts.Transient(err) {
		_ = c.Resend(ctx, s.rdb)
	}
}

// Limits bound a call.
type Limits struct {
	// Stop ends the caller's wait as the end of its context does. Nil never does.
	Stop <-chan struct{}
	// Within is how long the caller waits for the answer at the most; 0 is without a limit. One that go-redis keeps by
	// itself may be overrun by its ReadTimeout.
	Within time.Duration
	// Inline lets the call run in the caller's goroutine, although ctx may end, where go-redis keeps to time-outs of its
	// own.
	Inline bool
	// Late is called once a call is over whose caller has returned before. It runs in another goroutine.
	Late func()
}

// Do sends a call, and returns when it is answered, when ctx or the limits end the wait, or when it failed: go-redis
// ignores a cancellation while it reads. abandoned says that the call is under way still; then Late will be called.
// The error is explained; of a call that was cut short it wraps the end of ctx, or failure.Unavailable.
func Do[R any](ctx context.Context, s *Sender, c primitive.Call[R], l Limits) (reply R, abandoned bool, err error) {
	if s.bounded && (l.Inline || ctx.Done() == nil) {
		reply, err = send(limit(ctx, l.Within), s, c)
		return reply, false, cutShort(ctx, err)
	}
	type result struct {
		reply R
		err   error
	}
	done := make(chan result, 1)
	over := make(chan struct{})
	go func() {
		var r result
		defer func() { // also if a hook ends this goroutine
			if r.err == nil {
				r.reply, r.err = c.Reply()
			}
			done <- r
			close(over)
		}()
		r.reply, r.err = send(ctx, s, c)
	}()
	var expired <-chan time.Time
	if l.Within > 0 {
		timer := time.NewTimer(l.Within)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case r := <-done:
		return r.reply, false, cutShort(ctx, r.err)
	case <-ctx.Done():
		err = failure.Ended(ctx)
	case <-l.Stop:
		err = failure.Closed
	case <-expired:
		err = fmt.Errorf("%w: %w within %v", failure.Unavailable, ErrNoAnswer, l.Within)
	}
	if l.Late != nil {
		go func() {
			<-over
			l.Late()
		}()
	}
	return reply, true, err
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

// limited is a context that is over after a while, without a timer: whoever asks for its error finds out.
type limited struct {
	context.Context
	until time.Time
}

func limit(ctx context.Context, d time.Duration) context.Context {
	if d <= 0 {
		return ctx
	}
	return &limited{ctx, time.Now().Add(d)}
}

func (l *limited) Deadline() (time.Time, bool) { return l.until, true }

func (l *limited) Err() error {
	if !time.Now().Before(l.until) {
		return context.DeadlineExceeded
	}
	return l.Context.Err()
}
