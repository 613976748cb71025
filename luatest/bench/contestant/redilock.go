package contestant

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// ours is the SDK of this tree, as it is by default.
var ours = own(Ours, "waits in a queue, hands off in turns")

// strict is the same without turns: every hand-off goes to the server.
var strict = own(Strict, "waits in a queue, hands off by the server", redilock.WithTurn(0))

func own(name, about string, opts ...redilock.Option) *Contestant {
	return &Contestant{
		Name: name, About: about,
		Module: "github.com/zferentz/go-redilock", Extend: true, Auto: true, Key: plainKey,
		New: func(o Options) (Client, error) {
			rdb := GoRedis(o.Addr)
			locks, err := redilock.New(rdb, opts...)
			return &oursClient{rdb, locks, o}, err
		},
	}
}

type oursClient struct {
	rdb   *redis.Client
	locks *redilock.Client
	o     Options
}

func (c *oursClient) Lock(ctx context.Context, name string) (Lock, error) {
	var opts []redilock.LockOption
	if c.o.AutoExtend {
		opts = []redilock.LockOption{redilock.WithAutoExtend()}
	}
	l, err := c.locks.Mutex(name, c.o.TTL, opts...).Lock(ctx)
	if err != nil {
		return nil, err // not l: a nil *redilock.Lock is no nil Lock
	}
	return l, nil
}

func (c *oursClient) Close() error { return errors.Join(c.locks.Close(), c.rdb.Close()) }
