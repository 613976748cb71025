package roster

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// zset is the semaphore that many write by hand, as the book Redis in Action has it (6.3.1): a sorted set of the holders by
// the clock of the client, in which one that ranks below the limit holds a permit.
var zset = &contestant.Contestant{
	Primitive: contestant.Semaphore, Name: contestant.ZSet, About: "ZREMRANGEBYSCORE, ZADD, ZRANK by hand; polls",
	Module: "github.com/redis/go-redis/v9", Polls: true,
	New: func(o contestant.Options) (contestant.Client, error) {
		return &zsetClient{contestant.GoRedis(o.Addr), o}, nil
	},
}

type zsetClient struct {
	rdb *redis.Client
	o   contestant.Options
}

type zsetPermit struct {
	c           *zsetClient
	name, token string
}

func (c *zsetClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	token := rand.Text()
	for {
		now := time.Now()
		pipe := c.rdb.TxPipeline()
		pipe.ZRemRangeByScore(ctx, name, "-inf", strconv.FormatInt(now.Add(-c.o.TTL).UnixMicro(), 10))
		pipe.ZAdd(ctx, name, redis.Z{Score: float64(now.UnixMicro()), Member: token})
		rank := pipe.ZRank(ctx, name, token)
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, err
		}
		if rank.Val() < c.o.Limit {
			return &zsetPermit{c, name, token}, nil
		}
		if err := c.rdb.ZRem(ctx, name, token).Err(); err != nil {
			return nil, err
		}
		if err := contestant.Between(ctx, c.o.Retry); err != nil {
			return nil, err
		}
	}
}

func (c *zsetClient) Close() error { return c.rdb.Close() }

func (p *zsetPermit) Unlock(ctx context.Context) error {
	n, err := p.c.rdb.ZRem(ctx, p.name, p.token).Result()
	return wasOurs(int(n), err)
}
