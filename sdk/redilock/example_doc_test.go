package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// What the package's documentation shows.

func Example_locking() {
	ctx, locks := context.Background(), exampleClient()
	print := func(context.Context) error { return nil }
	invoices := locks.Mutex("invoices", 30*time.Second, redilock.WithAutoExtend())
	err := invoices.Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
		return print(ctx) // this ctx ends with the lock
	})
	fmt.Println(err)
	// Output: <nil>
}

// How long to wait is one thing, and how long to work another.
func Example_waiting() {
	ctx, locks := context.Background(), exampleClient()
	printed := 0
	invoices := func() error {
		l, err := locks.Mutex("invoices", time.Minute, redilock.WithWait(5*time.Second)).Lock(ctx)
		if errors.Is(err, redilock.ErrWaitTimeout) {
			return nil // somebody else prints them
		}
		if err != nil {
			return err
		}
		defer l.Unlock(ctx)
		printed++
		return nil
	}
	fmt.Println(invoices(), printed)
	// Output: <nil> 1
}

// Why a lock ended.
func Example_loss() {
	locks := exampleClient()
	l, err := locks.Mutex("invoices", 100*time.Millisecond).Lock(context.Background())
	if err != nil {
		panic(err)
	}
	<-l.Context().Done()
	switch err := context.Cause(l.Context()); {
	case errors.Is(err, redilock.ErrExpired):
		fmt.Println("the deadline passed: no server, or nobody extended it")
	case errors.Is(err, redilock.ErrTaken):
		fmt.Println("the server says that it is not ours: deleted, broken, evicted, or a failover lost it")
	case errors.Is(err, redilock.ErrUnlocked):
		fmt.Println("Unlock was called")
	}
	// Output: the deadline passed: no server, or nobody extended it
}

// Work that may run twice begins anew after a loss, with a new fence, and reads again what the lock protects.
func Example_lost() {
	ctx, locks := context.Background(), exampleClient()
	invoices := locks.Mutex("invoices", time.Minute, redilock.WithAutoExtend())
	runs := 0
	printAll := func(ctx context.Context, l *redilock.Lock) error {
		if runs++; runs == 1 {
			_ = locks.Break(ctx, "invoices") // stands for an operator who takes the lock away
		}
		_, err := l.Check(ctx) // before something that cannot be undone
		return err
	}
	untilPrinted := func() error {
		for attempt := 1; ; attempt++ {
			err := invoices.Do(ctx, printAll)
			if !errors.Is(err, redilock.ErrLost) || errors.Is(err, redilock.ErrMaxHold) || attempt == 3 {
				return err
			}
		}
	}
	fmt.Println(untilPrinted(), runs)
	// Output: <nil> 2
}
