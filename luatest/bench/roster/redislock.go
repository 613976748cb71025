package roster

import (
	"context"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// redislocks is bsm/redislock with a retry strategy; without one it asks once.
var redislocks = &contestant.Contestant{
	Primitive: contestant.Mutex,
	Name:      contestant.Redislock, About: "polls",
	Module: "github.com/bsm/redislock", Polls: true, Extend: true, Key: plainKey,
	New: func(o contestant.Options) (contestant.Client, error) {
		rdb := contestant.GoRedis(o.Addr)
		return &redislockClient{rdb, redislock.New(rdb), o, &redislock.Options{RetryStrategy: backoff(o.Retry)}}, nil
	},
}

type redislockClient struct {
	rdb     *redis.Client
	locks   *redislock.Client
	o       contestant.Options
	options *redislock.Options
}

type redislockLock redislock.Lock

// backoff keeps no state, so one serves all calls.
type backoff time.Duration

func (b backoff) NextBackoff() time.Duration { return max(1, contestant.Jitter(time.Duration(b))) }

// longest is more than any wait here. Without a deadline redislock gives up after the TTL.
const longest = time.Hour

func (c *redislockClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	l, err := c.locks.Obtain(ctx, name, c.o.TTL, c.options)
	if err != nil {
		return nil, err
	}
	return (*redislockLock)(l), nil
}

func (c *redislockClient) Close() error { return c.rdb.Close() }

func (l *redislockLock) Unlock(ctx context.Context) error { return (*redislock.Lock)(l).Release(ctx) }

func (l *redislockLock) Extend(ctx context.Context, ttl time.Duration) error {
	return (*redislock.Lock)(l).Refresh(ctx, ttl, nil)
}
