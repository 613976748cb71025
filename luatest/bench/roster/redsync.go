package roster

import (
	"context"
	"math"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// redsyncs is redsync on one server. It asks until it has the lock; its own default is 32 attempts.
var redsyncs = &contestant.Contestant{
	Primitive: contestant.Mutex,
	Name:      contestant.Redsync, About: "polls",
	Module: "github.com/go-redsync/redsync/v4", Polls: true, Extend: true, Key: plainKey,
	New: func(o contestant.Options) (contestant.Client, error) {
		rdb := contestant.GoRedis(o.Addr)
		return &redsyncClient{rdb, redsync.New(goredis.NewPool(rdb)), o}, nil
	},
}

type redsyncClient struct {
	rdb *redis.Client
	rs  *redsync.Redsync
	o   contestant.Options
}

type redsyncLock redsync.Mutex

func (c *redsyncClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	m := c.rs.NewMutex(name, redsync.WithExpiry(c.o.TTL), redsync.WithTries(math.MaxInt),
		redsync.WithRetryDelayFunc(func(int) time.Duration { return contestant.Jitter(c.o.Retry) }))
	if err := m.LockContext(ctx); err != nil {
		return nil, err
	}
	return (*redsyncLock)(m), nil
}

func (c *redsyncClient) Close() error { return c.rdb.Close() }

func (l *redsyncLock) Unlock(ctx context.Context) error {
	return was((*redsync.Mutex)(l).UnlockContext(ctx))
}

// Extend extends by the TTL that the lock was made with: redsync takes no other.
func (l *redsyncLock) Extend(ctx context.Context, _ time.Duration) error {
	return was((*redsync.Mutex)(l).ExtendContext(ctx))
}

func was(ok bool, err error) error {
	if err == nil && !ok {
		return contestant.ErrLost
	}
	return err
}
