package main

import (
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// both gives a lock client, and connections for what is no business of locks.
func (a *app) both() (redis.UniversalClient, *redilock.Client, func(), error) {
	c, closeClient, err := a.client()
	if err != nil {
		return nil, nil, nil, err
	}
	rdb, err := a.open()
	if err != nil {
		closeClient()
		return nil, nil, nil, err
	}
	return rdb, c, func() { closeClient(); _ = rdb.Close() }, nil
}
