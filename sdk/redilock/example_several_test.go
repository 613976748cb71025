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
		locks.RWMutex("rates", time.Minute).Reader(),
		locks.Semaphore("transfers", 10, time.Minute).Permits(1),
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
	// rates true
	// transfers true
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

// A program that does its work on one host at a time, for as long as it runs. The others follow the leader.
func ExampleElection_Run() {
	ctx, cancel := context.WithCancel(context.Background())
	scheduler := exampleClient().Election("scheduler", 10*time.Second)
	err := scheduler.Run(ctx, "10.0.0.1:8080", func(ctx context.Context, l *redilock.Leadership) error {
		fmt.Println("leading as", l.Value())
		cancel()     // the program is asked to end
		<-ctx.Done() // or leadership was lost: either way the work ends before another leads
		return nil
	})
	fmt.Println(err)
	// Output:
	// leading as 10.0.0.1:8080
	// redilock: run "scheduler": context canceled
}

func ExampleElection_Campaign() {
	ctx, locks := context.Background(), exampleClient()
	scheduler := locks.Election("scheduler", 10*time.Second)
	l, err := scheduler.Campaign(ctx, "10.0.0.1:8080")
	if err != nil {
		panic(err)
	}
	leader, err := scheduler.Leader(ctx)
	fmt.Println(leader.Value, leader.Fence == l.Fence(), l.Context().Err(), err)
	fmt.Println(l.Resign(ctx))
	_, err = scheduler.Leader(ctx)
	fmt.Println(errors.Is(err, redilock.ErrNoLeader))
	// Output:
	// 10.0.0.1:8080 true <nil> <nil>
	// <nil>
	// true
}

func ExampleElection_Observe() {
	ctx, locks := context.Background(), exampleClient()
	scheduler := locks.Election("scheduler", 10*time.Second)
	for leader := range scheduler.Observe(ctx) {
		if leader.None {
			fmt.Println("nobody leads")
			if _, err := scheduler.Campaign(ctx, "10.0.0.1:8080"); err != nil {
				panic(err)
			}
			continue
		}
		fmt.Println(leader.Value, "leads")
		break
	}
	// Output:
	// nobody leads
	// 10.0.0.1:8080 leads
}

// A lock that a failover to the replica does not lose.
func ExampleWithReplicas() {
	ctx, locks := context.Background(), exampleClient()
	m := locks.Mutex("invoices", time.Minute, redilock.WithAutoExtend(), redilock.WithReplicas(1, time.Second))
	l, err := m.Lock(ctx)
	if few := (*redilock.ReplicasError)(nil); errors.As(err, &few) {
		fmt.Printf("only %d of %d replicas have it\n", few.Acknowledged, few.Wanted)
		return
	}
	if err != nil {
		panic(err)
	}
	defer l.Unlock(ctx)
}
