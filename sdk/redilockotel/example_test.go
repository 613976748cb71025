package redilockotel_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

func ExampleNewTrace() {
	fmt.Println(observed(redis.NewClient(&redis.Options{})))
	// Output: <nil>
}

func observed(rdb redis.UniversalClient) error {
	trace, err := redilockotel.NewTrace() // the global providers; WithMeterProvider and WithTracerProvider set others
	if err != nil {
		return err
	}
	locks, err := redilock.New(rdb, redilock.WithTrace(trace))
	if err != nil {
		return err
	}
	return locks.Close()
}
