package contestant

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// raw is SET NX PX and a script that compares and deletes, as anybody writes it by hand.
var raw = &Contestant{
	Name: Floor, About: "the floor: SET NX PX, compare and delete; polls",
	Module: "github.com/redis/go-redis/v9", Polls: true, Extend: true, Key: plainKey,
	New: func(o Options) (Client, error) { return &rawClient{GoRedis(o.Addr), o}, nil },
}

var (
	rawRelease = redis.NewScript(
		`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)
	rawExtend = redis.NewScript(
		`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)
)

type rawClient struct {
	rdb *redis.Client
	o   Options
}

type rawLock struct {
	c           *rawClient
	name, token string
}

func (c *rawClient) Lock(ctx context.Context, name string) (Lock, error) {
	token := rand.Text()
	for {
		err := c.rdb.SetArgs(ctx, name, token, redis.SetArgs{Mode: "NX", TTL: c.o.TTL}).Err()
		if err == nil {
			return &rawLock{c, name, token}, nil
		}
		if !errors.Is(err, redis.Nil) {
			return nil, err
		}
		if err := between(ctx, jitter(c.o.Retry)); err != nil {
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

var errLost = errors.New("the lock was not ours any more")

func wasOurs(n int, err error) error {
	if err == nil && n != 1 {
		return errLost
	}
	return err
}
