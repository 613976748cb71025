package roster

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// raw is SET NX PX and a script that compares and deletes, as anybody writes it by hand.
var raw = &contestant.Contestant{
	Primitive: contestant.Mutex,
	Name:      contestant.Floor, About: "the floor: SET NX PX, compare and delete; polls",
	Module: "github.com/redis/go-redis/v9", Polls: true, Extend: true, Key: plainKey,
	New: func(o contestant.Options) (contestant.Client, error) {
		return &rawClient{contestant.GoRedis(o.Addr), o}, nil
	},
}

var (
	rawRelease = redis.NewScript(
		`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)
	rawExtend = redis.NewScript(
		`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)
)

type rawClient struct {
	rdb *redis.Client
	o   contestant.Options
}

type rawLock struct {
	c           *rawClient
	name, token string
}

func (c *rawClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	token := rand.Text()
	for {
		err := c.rdb.SetArgs(ctx, name, token, redis.SetArgs{Mode: "NX", TTL: c.o.TTL}).Err()
		if err == nil {
			return &rawLock{c, name, token}, nil
		}
		if !errors.Is(err, redis.Nil) {
			return nil, err
		}
		if err := contestant.Between(ctx, c.o.Retry); err != nil {
			return nil, err
		}
	}
}

func (c *rawClient) Close() error { return c.rdb.Close() }

func (l *rawLock) Unlock(ctx context.Context) error {
	return wasOurs(rawRelease.Run(ctx, l.c.rdb, []string{l.name}, l.token).Int())
}

func (l *rawLock) Extend(ctx context.Context, ttl time.Duration) error {
	return wasOurs(rawExtend.Run(ctx, l.c.rdb, []string{l.name}, l.token, ttl.Milliseconds()).Int())
}

func wasOurs(n int, err error) error {
	if err == nil && n != 1 {
		return contestant.ErrLost
	}
	return err
}
