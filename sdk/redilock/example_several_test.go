package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Two names at once. Whoever writes them the other way round waits for no circle.
func ExampleClient_Multi() {
	ctx, locks := context.Background(), exampleClient()
	transfer := locks.Multi(
		locks.Mutex("account:7", time.Minute, redilock.WithAutoExtend()),
		locks.Mutex("account:3", time.Minute, redilock.WithAutoExtend()),
	)
	err := transfer.Do(ctx, func(ctx context.Context, l *redilock.MultiLock) error {
		for _, one := range l.Locks() {
			fmt.Println(one.Name(), l.Fence(one.Name()) == one.Fence())
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// account:3 true
	// account:7 true
	// <nil>
}

func ExampleMulti_Lock() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Multi(locks.Mutex("stock", time.Minute), locks.Mutex("orders", time.Hour)).Lock(ctx)
	if err != nil {
		panic(err)
	}
	defer l.Unlock(ctx)
	fmt.Println(time.Until(l.Deadline()).Round(time.Minute), l.Context().Err())
	fmt.Println(l.Extend(ctx, 2*time.Hour), time.Until(l.Deadline()).Round(time.Hour))
	// Output:
	// 1m0s <nil>
	// <nil> 2h0m0s
}

func ExampleMulti_TryLock() {
	ctx, locks := context.Background(), exampleClient()
	taken, err := locks.Mutex("orders", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	defer taken.Unlock(ctx)
	_, err = locks.Multi(locks.Mutex("orders", time.Minute), locks.Mutex("stock", time.Minute)).TryLock(ctx)
	var held *redilock.HeldError
	fmt.Println(errors.As(err, &held), held.Name)
	// Output: true orders
}
