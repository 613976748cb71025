// Command revision is a worker of the benchmark on an earlier revision of this SDK, whose files the benchmark takes out of
// git into ../.build. It is a module of its own, because a program has one revision of a module only.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

func main() {
	err := crew.Work(os.Args[len(os.Args)-1], func(contestant.Primitive, string) *contestant.Contestant {
		return &contestant.Contestant{New: open}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "revision:", err)
		os.Exit(1)
	}
}

type client struct {
	rdb   *redis.Client
	locks *redilock.Client
	o     contestant.Options
}

func open(o contestant.Options) (contestant.Client, error) {
	rdb := contestant.GoRedis(o.Addr)
	locks, err := redilock.New(rdb)
	return &client{rdb, locks, o}, err
}

func (c *client) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	l, err := c.locks.Mutex(name, c.o.TTL).Lock(ctx)
	if err != nil {
		return nil, err // not l: a nil *redilock.Lock is no nil Lock
	}
	return l, nil
}

func (c *client) Close() error { return errors.Join(c.locks.Close(), c.rdb.Close()) }
