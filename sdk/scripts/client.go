package scripts

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Client is what a call needs of a go-redis client: any redis.UniversalClient is one, and *redis.Conn and *redis.Tx. The
// latter two have one connection; when it breaks, go-redis gives them no other, so no call runs twice on them.
type Client interface {
	Process(ctx context.Context, cmd redis.Cmder) error
	ScriptLoad(ctx context.Context, script string) *redis.StringCmd
}

// ErrPipeline is the error of a call that is sent by a pipeline as if it were a client. Nothing was queued.
var ErrPipeline = errors.New("scripts: a pipeline answers only when it is executed: use the call's Queue and Result")

// ErrNotExecuted is the error of a call whose pipeline was not executed, or did not get as far as the call.
var ErrNotExecuted = errors.New("scripts: the call is queued, and was not executed: read its Result behind Exec")

// Queue adds the call to a pipeline or transaction of the caller, who executes it; Result then says what the call brought.
// Load the script before, as with [Script.Load]: a server that does not know it answers NOSCRIPT.
func (c *Call[R]) Queue(ctx context.Context, pipe redis.Pipeliner) error {
	queued := c.cmd(ctx)
	if err := pipe.Process(ctx, queued); err != nil {
		return err
	}
	c.queued = queued.Cmd
	return nil
}

// executed takes the outcome of a queued call, if there is one by now.
func (c *Call[R]) executed() {
	switch {
	case c.queued == nil:
		return
	case c.queued.Err() == nil && c.queued.Val() == nil: // nil as a reply has the error redis.Nil
		c.unsent(ErrNotExecuted)
		return
	}
	c.settle(c.queued)
	c.queued = nil
}

// Load gives the script to every server of a cluster that may run it, or to the only one.
func (s *Script) Load(ctx context.Context, rdb redis.UniversalClient) error {
	load := func(ctx context.Context, node *redis.Client) error { return node.ScriptLoad(ctx, s.Source).Err() }
	switch c := rdb.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, load)
	case *redis.Ring:
		return c.ForEachShard(ctx, load)
	}
	return rdb.ScriptLoad(ctx, s.Source).Err()
}
