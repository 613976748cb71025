package contestant

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// redsyncs is redsync on one server. It asks until it has the lock; its own default is 32 attempts.
var redsyncs = &Contestant{
	Name: Redsync, About: "polls",
	Module: "github.com/go-redsync/redsync/v4", Polls: true, Extend: true, Key: plainKey,
	New: func(o Options) (Client, error) {
		rdb := GoRedis(o.Addr)
		return &redsyncClient{rdb, redsync.New(goredis.NewPool(rdb)), o}, nil
	},
}

type redsyncClient struct {
	rdb *redis.Client
	rs  *redsync.Redsync
	o   Options
}

type redsyncLock redsync.Mutex

func (c *redsyncClient) Lock(ctx context.Context, name string) (Lock, error) {
	m := c.rs.NewMutex(name, redsync.WithExpiry(c.o.TTL), redsync.WithTries(math.MaxInt),
		redsync.WithRetryDelayFunc(func(int) time.Duration { return jitter(c.o.Retry) }))
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
		return errLost
	}
	return err
}

// jitter is half to one and a half of a delay, so that those who poll do not march in step.
func jitter(delay time.Duration) time.Duration { return delay/2 + rand.N(delay+1) }
