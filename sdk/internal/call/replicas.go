package call

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// Replicas is on how many replicas what a call has written has to be before it counts. The zero value is none.
type Replicas struct {
	Count  int
	Within time.Duration // how long the server waits for them
}

// CanAcknowledge says why replicas cannot be waited for, nil if they can.
func (s *Sender) CanAcknowledge() error {
	switch s.rdb.(type) {
	case *redis.Client, *redis.ClusterClient:
		return nil
	}
	return fmt.Errorf("%w: %T gives no connection of its own, which waiting for replicas needs", failure.Invalid, s.rdb)
}

// Acknowledge sends a call on a connection of its own, and waits for the replicas there: the server counts those that have
// what this connection wrote, and all that it wrote before for others. acknowledged is how many have it; with an error
// nobody knows, and the call may have run all the same. It returns when ctx ends, or stop.
func Acknowledge[R any](
	ctx context.Context, s *Sender, key string, c primitive.Call[R], r Replicas, stop <-chan struct{},
) (reply R, acknowledged int, err error) {
	type result struct {
		reply        R
		acknowledged int
		err          error
	}
	done := make(chan result, 1)
	go func() {
		var got result
		got.acknowledged, got.err = s.acknowledge(ctx, key, []scripts.Sendable{c}, r)
		if got.err == nil {
			got.reply, got.err = c.Reply()
			got.err = Explain(got.err)
		}
		done <- got
	}()
	select {
	case got := <-done:
		return got.reply, got.acknowledged, cutShort(ctx, got.err)
	case <-ctx.Done():
		err = failure.Ended(ctx)
	case <-stop:
		err = failure.Closed
	}
	return reply, 0, err
}

// acknowledge sends calls of one node, and waits for the replicas. Each call has an outcome of its own besides.
func (s *Sender) acknowledge(ctx context.Context, key string, calls []scripts.Sendable, r Replicas) (n int, err error) {
	err = fmt.Errorf("%w: %w", failure.Unavailable, ErrNoAnswer) // of a hook that panics
	guarded(calls, func() {
		err = s.OnConnection(ctx, key, func(ctx context.Context, conn *redis.Conn) error {
			scripts.Pipeline(ctx, onConnection{s.rdb, conn}, calls...)
			for _, c := range calls {
				if err := c.Err(); err != nil && scripts.Classify(err).MayHaveRun {
					return err // the connection is broken
				}
			}
			acknowledged, err := conn.Wait(ctx, r.Count, r.Within).Result()
			n = int(acknowledged)
			return err
		})
	})
	if err != nil {
		for _, c := range calls {
			if !c.MayHaveRun() && c.Err() == nil { // no connection
				c.Fail(err)
			}
		}
	}
	return n, err
}

// TogetherAcknowledged is Together for calls that count when the replicas have what they wrote. Each pipeline has a
// connection of its own. settled is told how many have it, or why nobody knows.
func (s *Sender) TogetherAcknowledged(
	ctx context.Context, calls []scripts.Sendable, key func(scripts.Sendable) string, r Replicas,
	settled func(part []scripts.Sendable, acknowledged int, err error),
) {
	go func() {
		groups := [][]scripts.Sendable{calls}
		guarded(nil, func() { groups = scripts.ByNode(ctx, s.rdb, calls) })
		for _, group := range groups {
			go func() {
				n, err := s.acknowledge(ctx, key(group[0]), group, r)
				settled(group, n, err)
			}()
		}
	}()
}

// onConnection is a client whose calls go over one connection.
type onConnection struct {
	redis.UniversalClient
	conn *redis.Conn
}

func (o onConnection) Process(ctx context.Context, cmd redis.Cmder) error {
	return o.conn.Process(ctx, cmd)
}
func (o onConnection) Pipeline() redis.Pipeliner { return o.conn.Pipeline() }

func (o onConnection) ScriptLoad(ctx context.Context, script string) *redis.StringCmd {
	return o.conn.ScriptLoad(ctx, script)
}

// ReloadState makes a cluster client look where the slots are.
func (o onConnection) ReloadState(ctx context.Context) {
	if c, ok := o.UniversalClient.(interface{ ReloadState(ctx context.Context) }); ok {
		c.ReloadState(ctx)
	}
}
