package roster

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// ours is the SDK of this tree, as it is by default.
var ours = own(contestant.Mutex, contestant.Ours, "waits in a queue, hands off in turns")

// strict is the same without turns: every hand-off goes to the server.
var strict = own(contestant.Mutex, contestant.Strict, "waits in a queue, hands off by the server", redilock.WithTurn(0))

var (
	oursSemaphore = own(contestant.Semaphore, contestant.Ours, "waits in a queue")
	oursRWLock    = own(contestant.RWLock, contestant.Ours, "waits in a queue, readers go in together")
)

func own(p contestant.Primitive, name, about string, opts ...redilock.Option) *contestant.Contestant {
	return &contestant.Contestant{
		Primitive: p, Name: name, About: about,
		Module: "github.com/zferentz/go-redilock", Extend: true, Auto: true, Key: plainKey,
		New: func(o contestant.Options) (contestant.Client, error) {
			rdb := contestant.GoRedis(o.Addr)
			locks, err := redilock.New(rdb, opts...)
			c := oursClient{rdb, locks, o}
			switch p {
			case contestant.Semaphore:
				return &oursPermits{c}, err
			case contestant.RWLock:
				return &oursBoth{c}, err
			}
			return &c, err
		},
	}
}

type oursClient struct {
	rdb   *redis.Client
	locks *redilock.Client
	o     contestant.Options
}

func (c *oursClient) Close() error { return errors.Join(c.locks.Close(), c.rdb.Close()) }

func (c *oursClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	var opts []redilock.LockOption
	if c.o.AutoExtend {
		opts = []redilock.LockOption{redilock.WithAutoExtend()}
	}
	return held(c.locks.Mutex(name, c.o.TTL, opts...).Lock(ctx))
}

// held keeps a nil *redilock.Lock from being taken for a Lock.
func held(l *redilock.Lock, err error) (contestant.Lock, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

type oursPermits struct{ oursClient }

func (c *oursPermits) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	return held(c.locks.Semaphore(name, c.o.Limit, c.o.TTL).Acquire(ctx, 1))
}

type oursBoth struct{ oursClient }

func (c *oursBoth) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	return held(c.locks.RWMutex(name, c.o.TTL).Lock(ctx))
}

func (c *oursBoth) RLock(ctx context.Context, name string) (contestant.Lock, error) {
	return held(c.locks.RWMutex(name, c.o.TTL).RLock(ctx))
}
