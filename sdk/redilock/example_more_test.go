package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// How long to wait is one thing, how long to work another: a context with a time-out would end both.
func ExampleWithWait() {
	ctx, locks := context.Background(), exampleClient()
	first, err := locks.Mutex("invoices", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	defer first.Unlock(ctx)
	patient := locks.Mutex("invoices", time.Minute, redilock.WithWait(20*time.Millisecond))
	err = patient.Do(ctx, func(context.Context, *redilock.Lock) error { return nil })
	fmt.Println(errors.Is(err, redilock.ErrWaitTimeout), errors.Is(err, context.DeadlineExceeded), ctx.Err())
	// Output: true true <nil>
}

// A program that writes its token down before it has the lock can release it after a crash.
func ExampleWithToken() {
	ctx, locks := context.Background(), exampleClient()
	const token = "billing-7/run-42"
	l, err := locks.Mutex("invoices", time.Minute, redilock.WithToken(token)).Lock(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Token())
	fmt.Println(l.Unlock(ctx))
	// Output:
	// billing-7/run-42
	// <nil>
}

func ExampleWithReleaseOnDone() {
	locks := exampleClient()
	ctx, cancel := context.WithCancel(context.Background())
	m := locks.Mutex("invoices", time.Minute, redilock.WithAutoExtend(), redilock.WithReleaseOnDone())
	if _, err := m.Lock(ctx); err != nil {
		panic(err)
	}
	cancel() // gives the lock back
	l, err := locks.Mutex("invoices", time.Minute).Lock(context.Background())
	fmt.Println(l != nil, err)
	// Output: true <nil>
}

func ExampleLock_Check() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Mutex("invoices", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	left, err := l.Check(ctx)
	fmt.Println(left > 50*time.Second, err)
	_ = locks.Break(ctx, "invoices")
	_, err = l.Check(ctx)
	fmt.Println(errors.Is(err, redilock.ErrLost), errors.Is(err, redilock.ErrTaken))
	// Output:
	// true <nil>
	// true true
}

func ExampleClient_Break() {
	ctx, locks := context.Background(), exampleClient()
	if _, err := locks.Mutex("invoices", time.Hour).Lock(ctx); err != nil { // of a program that has died
		panic(err)
	}
	fmt.Println(locks.Break(ctx, "invoices"))
	fmt.Println(errors.Is(locks.Break(ctx, "invoices"), redilock.ErrNotHeld))
	// Output:
	// <nil>
	// true
}

// At the end of a program: nobody waits for the leases of what it held.
func ExampleClient_Shutdown() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Mutex("invoices", time.Hour).Lock(ctx)
	if err != nil {
		panic(err)
	}
	end, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	fmt.Println(locks.Shutdown(end))
	fmt.Println(errors.Is(context.Cause(l.Context()), redilock.ErrClosed))
	// Output:
	// <nil>
	// true
}
