package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/examples/fencedstore"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// rdb stands for the connection of your program.
func exampleRedis() redis.UniversalClient {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	return redis.NewClient(&redis.Options{Addr: server.Addr()})
}

func exampleClient() *redilock.Client {
	locks, err := redilock.New(exampleRedis())
	if err != nil {
		panic(err)
	}
	return locks
}

func report(context.Context, int64) error { return nil }

func fenceExample(
	ctx context.Context, accounts *redilock.Mutex, balances *fencedstore.Store, pay func(string) string,
) error {
	return accounts.Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
		last, err := balances.Read("alice")
		if err != nil {
			return err
		}
		return balances.Write("alice", pay(last.Value), l.Fence()) // fencedstore.ErrStale: a later holder has written
	})
}

func readmeExample(ctx context.Context, rdb redis.UniversalClient) error {
	locks, err := redilock.New(rdb) // any go-redis v9 client: single, Sentinel, Cluster
	if err != nil {
		return err
	}
	nightly := locks.Mutex("nightly-report", 30*time.Second, redilock.WithAutoExtend())
	return nightly.Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
		return report(ctx, l.Fence()) // ctx ends if the lock is lost
	})
}

func Example() {
	fmt.Println(readmeExample(context.Background(), exampleRedis()))
	// Output: <nil>
}

// What the lock protects checks the fence: then a holder that was paused past its lease overwrites nothing.
func Example_fence() {
	dir, err := os.MkdirTemp("", "balances")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	balances := fencedstore.Open(dir)
	accounts := exampleClient().Mutex("accounts", time.Minute)
	spend := func(balance string) string { return balance + "-10" }
	fmt.Println(fenceExample(context.Background(), accounts, balances, spend))
	last, err := balances.Read("alice")
	fmt.Println(last.Value, err)
	// Somebody whose fence is older comes too late.
	fmt.Println(errors.Is(balances.Write("alice", "100", last.Fence-1), fencedstore.ErrStale))
	// Output:
	// <nil>
	// -10 <nil>
	// true
}

func ExampleNew() {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:6379"}})
	defer rdb.Close()
	locks, err := redilock.New(rdb, redilock.WithPrefix("lock:"), redilock.WithOwner("billing-7"))
	if err != nil {
		panic(err) // an option is out of its range; the server is not asked before the first lock
	}
	defer locks.Close()
	m := locks.Mutex("invoices", time.Minute)
	fmt.Println(m.Name(), m.Key())
	// Output: invoices lock:invoices
}

func ExampleMutex_Lock() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Mutex("invoices", time.Minute, redilock.WithWait(5*time.Second)).Lock(ctx) // waits 5 s at the most
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Unlock(ctx)
	fmt.Println("held until about", time.Until(l.Deadline()).Round(time.Minute), "from now")
	// Output: held until about 1m0s from now
}

func ExampleMutex_TryLock() {
	ctx, locks := context.Background(), exampleClient()
	m := locks.Mutex("invoices", time.Minute)
	first, err := m.TryLock(ctx)
	if err != nil {
		panic(err)
	}
	_, err = m.TryLock(ctx)
	var held *redilock.HeldError
	fmt.Println(errors.Is(err, redilock.ErrHeld), errors.As(err, &held) && held.Remaining > 50*time.Second)
	fmt.Println(first.Unlock(ctx))
	// Output:
	// true true
	// <nil>
}

func ExampleMutex_Do() {
	ctx, locks := context.Background(), exampleClient()
	err := locks.Mutex("invoices", time.Minute).Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
		return errors.New("no paper")
	})
	fmt.Println(err)
	// Output: no paper
}

func ExampleClient_Do() {
	ctx, locks := context.Background(), exampleClient()
	err := locks.Do(ctx, "invoices", time.Minute, func(ctx context.Context, l *redilock.Lock) error {
		fmt.Println("printing under", l.Name())
		return nil
	}, redilock.WithAutoExtend(), redilock.WithMaxHold(time.Hour))
	fmt.Println(err)
	// Output:
	// printing under invoices
	// <nil>
}

func ExampleWithReentrant() {
	ctx, locks := context.Background(), exampleClient()
	strict, shared := locks.Mutex("invoices", time.Minute), locks.Mutex("invoices", time.Minute, redilock.WithReentrant())
	_ = strict.Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
		_, err := strict.Lock(ctx)
		fmt.Println(errors.Is(err, redilock.ErrNested))
		return shared.Do(ctx, func(context.Context, *redilock.Lock) error {
			fmt.Println("one lock, held twice")
			return nil
		})
	})
	// Output:
	// true
	// one lock, held twice
}

func ExampleClient_FromContext() {
	ctx, locks := context.Background(), exampleClient()
	_ = locks.Do(ctx, "invoices", time.Minute, func(ctx context.Context, l *redilock.Lock) error {
		same, ok := locks.FromContext(ctx, "invoices")
		fmt.Println(ok, same == l)
		return nil
	})
	// Output: true true
}

func ExampleClient_Attach() {
	ctx, locks := context.Background(), exampleClient()
	taken, err := locks.Mutex("invoices", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	// In another process, or another language: the name and the token are all it takes.
	l, err := locks.Attach("invoices", taken.Token())
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Extend(ctx, 2*time.Minute), l.Fence() == taken.Fence(), l.Unlock(ctx))
	// Output: <nil> true <nil>
}

func ExampleClient_Inspect() {
	rdb := exampleRedis()
	ctx := context.Background()
	locks, err := redilock.New(rdb, redilock.WithOwner("billing-7"))
	if err != nil {
		panic(err)
	}
	l, err := locks.Mutex("invoices", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	s, err := locks.Inspect(ctx, "invoices")
	fmt.Println(s.Held, s.Owner, s.Fence == l.Fence(), s.Queued, err)
	// Output: true billing-7 true 0 <nil>
}

func ExampleLock_Context() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Mutex("invoices", 100*time.Millisecond).Lock(ctx)
	if err != nil {
		panic(err)
	}
	<-l.Context().Done() // nobody extends it
	fmt.Println(errors.Is(context.Cause(l.Context()), redilock.ErrLost), errors.Is(l.Unlock(ctx), redilock.ErrLost))
	// Output: true true
}

func ExampleLock_Extend() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Mutex("invoices", time.Second).Lock(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Extend(ctx, time.Hour), time.Until(l.Deadline()) > 59*time.Minute)
	// Output: <nil> true
}

func ExampleTrace() {
	ctx := context.Background()
	locks, err := redilock.New(exampleRedis(), redilock.WithTrace(redilock.Trace{
		Acquired: func(_ context.Context, e redilock.Event) { fmt.Println("acquired", e.Name, e.Way) },
		Released: func(_ context.Context, e redilock.Event) { fmt.Println("released", e.Name) },
	}))
	if err != nil {
		panic(err)
	}
	_ = locks.Do(ctx, "invoices", time.Minute, func(context.Context, *redilock.Lock) error { return nil })
	// Output:
	// acquired invoices asked
	// released invoices
}

func ExampleWithLogger() {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug, // from level Warn on only losses are told
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "msg" || a.Key == "lock" {
				return a
			}
			return slog.Attr{}
		},
	}))
	locks, err := redilock.New(exampleRedis(), redilock.WithLogger(log), redilock.WithPollInterval(100*time.Millisecond))
	if err != nil {
		panic(err)
	}
	l, err := locks.Mutex("invoices", time.Minute).Lock(ctx)
	if err != nil {
		panic(err)
	}
	_ = l.Unlock(ctx)
	// Output:
	// msg="redilock: acquired" lock=invoices
	// msg="redilock: released" lock=invoices
}

func ExampleError() {
	_, err := exampleClient().Mutex("invoices", 0).Lock(context.Background()) // no TTL, no lock
	var e *redilock.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Name, errors.Is(err, redilock.ErrInvalid))
	}
	// Output: lock invoices true
}
