package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// At most 5 exports run at once on all machines; the others wait for their turn.
func ExampleSemaphore() {
	ctx, locks := context.Background(), exampleClient()
	exports := locks.Semaphore("exports", 5, 30*time.Second, redilock.WithAutoExtend())

	var running, most atomic.Int64
	var all sync.WaitGroup
	for range 20 { // requests for an export
		all.Go(func() {
			err := exports.Do(ctx, 1, func(ctx context.Context, _ *redilock.Lock) error {
				n := running.Add(1)
				defer running.Add(-1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				return export(ctx)
			})
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	all.Wait()
	fmt.Println(most.Load() <= 5)
	// Output: true
}

func export(context.Context) error { time.Sleep(time.Millisecond); return nil }

// Somebody's API allows 3 calls at a time for each customer, wherever they come from. A call that would have to wait for
// longer than it is worth is not made.
func ExampleSemaphore_Acquire() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "invoice") }))
	defer api.Close()
	locks := exampleClient()
	calls := locks.Semaphore("api:customer-7", 3, 10*time.Second, redilock.WithWait(2*time.Second))

	get := func(ctx context.Context) (status int, err error) {
		l, err := calls.Acquire(ctx, 1)
		if err != nil {
			return 0, err // ErrWaitTimeout: try again later
		}
		defer l.Unlock(ctx)
		request, err := http.NewRequestWithContext(l.Context(), http.MethodGet, api.URL, nil)
		if err != nil {
			return 0, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	fmt.Println(get(context.Background()))
	// Output: 200 <nil>
}

func ExampleSemaphore_TryAcquire() {
	ctx, locks := context.Background(), exampleClient()
	memory := locks.Semaphore("host-4:gigabytes", 16, time.Minute)
	large, err := memory.TryAcquire(ctx, 12)
	if err != nil {
		panic(err)
	}
	defer large.Unlock(ctx)
	_, err = memory.TryAcquire(ctx, 8)
	fmt.Println(errors.Is(err, redilock.ErrHeld))
	// Output: true
}

// A job that needs much to begin with, and little to go on.
func ExampleLock_Shrink() {
	ctx, locks := context.Background(), exampleClient()
	memory := locks.Semaphore("host-4:gigabytes", 16, time.Minute)
	err := memory.Do(ctx, 12, func(ctx context.Context, l *redilock.Lock) error {
		if err := l.Shrink(ctx, 2); err != nil { // the rest goes to whoever waits
			return err
		}
		fmt.Println(l.Weight())
		return nil
	})
	fmt.Println(err)
	// Output:
	// 2
	// <nil>
}

// A configuration is read by many and rewritten by one.
func ExampleRWMutex() {
	ctx, locks := context.Background(), exampleClient()
	config := locks.RWMutex("config", 10*time.Second)
	current := "v1"

	var readers sync.WaitGroup
	for range 3 { // on any machine
		readers.Go(func() {
			err := config.RDo(ctx, func(context.Context, *redilock.Lock) error {
				_ = current // nobody rewrites it meanwhile
				return nil
			})
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	err := config.Do(ctx, func(context.Context, *redilock.Lock) error { // nobody reads it meanwhile
		current = "v2"
		return nil
	})
	readers.Wait()
	fmt.Println(current, err)
	// Output: v2 <nil>
}

// What a writer has written it may read before any other writer, while the other readers read it already.
func ExampleLock_Downgrade() {
	ctx, locks := context.Background(), exampleClient()
	config := locks.RWMutex("config", 10*time.Second)
	l, err := config.Lock(ctx)
	if err != nil {
		panic(err)
	}
	defer l.Unlock(ctx)
	fmt.Println(l.Downgrade(ctx))
	other, err := config.TryRLock(ctx)
	if err != nil {
		panic(err)
	}
	defer other.Unlock(ctx)
	_, err = config.TryLock(ctx)
	fmt.Println(errors.Is(err, redilock.ErrHeld))
	// Output:
	// <nil>
	// true
}

// One of many holders is dead, and its permits are wanted before their lease ends.
func ExampleClient_BreakSemaphore() {
	ctx, locks := context.Background(), exampleClient()
	if _, err := locks.Semaphore("exports", 5, time.Hour).Acquire(ctx, 2); err != nil { // of a program that has died
		panic(err)
	}
	status, err := locks.InspectSemaphore(ctx, "exports")
	if err != nil {
		panic(err)
	}
	fmt.Println(status.Used, "of", status.Limit, "are in use")
	for _, h := range status.Holders {
		if h.Remaining > 30*time.Minute {
			fmt.Println(locks.BreakSemaphore(ctx, "exports", h.Fence))
		}
	}
	// Output:
	// 2 of 5 are in use
	// <nil>
}

// Permits that another process has taken, and handed over.
func ExampleClient_AttachSemaphore() {
	ctx, locks := context.Background(), exampleClient()
	l, err := locks.Semaphore("exports", 5, time.Minute).Acquire(ctx, 1)
	if err != nil {
		panic(err)
	}
	token := l.Token() // on its way to the other process

	other, err := locks.AttachSemaphore("exports", token)
	if err != nil {
		panic(err)
	}
	fmt.Println(other.Unlock(ctx))
	// Output: <nil>
}
