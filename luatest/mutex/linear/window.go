package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	longTTL  = 5 * time.Second       // of a lock that is unlocked: it does not end before, unless all stands still
	shortTTL = 80 * time.Millisecond // of a lock that is left to run out
	workers  = 2                     // of each client in a window: one hands over to the other
	rounds   = 8                     // of each worker
)

// window is a short history of one lock of its own.
type window struct {
	history.History
	seed    uint64
	name    string
	clients []*redilock.Client
	foreign redis.UniversalClient // another program, that knows nothing of the scripts
	numbers struct {
		sync.Mutex
		next int64
	}
	slow     []slowCall // under the lock of numbers
	careless bool
}

// run has every client use the lock, and checks what they saw.
func (w *window) run(ctx context.Context) (int, error) {
	w.Start = time.Now()
	var wg sync.WaitGroup
	for i, c := range w.clients {
		for j := range workers {
			r := rand.New(rand.NewPCG(w.seed, uint64(i*workers+j)))
			wg.Go(func() {
				for range rounds {
					w.turn(ctx, r, c, i)
				}
			})
		}
	}
	wg.Wait()
	if err := w.foreign.Del(ctx, w.name, "{"+w.name+"}:redilock:fence").Err(); err != nil {
		return 0, err
	}
	return w.check()
}

// turns reports whether the clients of this window pass a grant on among their calls without asking the server. After a DEL
// or a SET of another program they may do so without having heard of it, which is documented, and which no lock could
// answer: so the windows with turns have neither, and those without turns have both.
func (w *window) turns() bool { return w.seed%2 == 0 }

// options are those of every lock of the window.
func (w *window) options() redilock.LockOption {
	if w.turns() {
		return redilock.WithTurn(100 * time.Millisecond) // the longest
	}
	return redilock.WithTurn(0)
}

// turn is one thing that a client, or another program, does with the lock.
func (w *window) turn(ctx context.Context, r *rand.Rand, c *redilock.Client, client int) {
	switch n := r.IntN(100); {
	case n < 60:
		w.hold(ctx, r, c, client, longTTL, (*redilock.Mutex).Lock)
	case n < 85:
		w.hold(ctx, r, c, client, longTTL, (*redilock.Mutex).TryLock)
	case n < 88:
		w.hold(ctx, r, c, client, shortTTL, (*redilock.Mutex).Lock)
	case n < 95:
		w.inspect(ctx, c, client)
	case n < 97:
		w.set(ctx, client, time.Duration(5+r.IntN(20))*time.Millisecond, r.IntN(2) == 0 && !w.turns())
	case w.turns():
		w.inspect(ctx, c, client)
	default:
		w.del(ctx, client)
	}
}

// hold takes the lock, keeps it for a moment, and gives it back, unless it is one to run out.
func (w *window) hold(ctx context.Context, r *rand.Rand, c *redilock.Client, client int, ttl time.Duration,
	lock func(*redilock.Mutex, context.Context) (*redilock.Lock, error),
) {
	call := w.Now()
	l, err := lock(c.Mutex(w.name, ttl, w.options()), ctx)
	var held *redilock.HeldError
	switch {
	case errors.As(err, &held) && held.Remaining == 0:
		return // its last millisecond, or free with a queue: this says nothing of the holder
	case errors.Is(err, redilock.ErrHeld):
		w.Add(client, Event{Held, 0}, call)
		return
	case errors.Is(err, redilock.ErrLost): // granted, but the lease was over when the caller heard of it
		w.ranOut(client, call, ttl)
		return
	case err != nil:
		w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
		return
	}
	fence := l.Fence()
	w.Add(client, Event{Granted, fence}, call)
	if ttl == shortTTL {
		w.ranOut(client, call, ttl)
	}
	if r.IntN(4) == 0 {
		call = w.Now()
		switch err := l.Extend(ctx, ttl); {
		case err == nil:
			w.Add(client, Event{Extended, fence}, call)
		case !errors.Is(err, redilock.ErrLost):
			w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
		case time.Now().Before(l.Deadline()):
			w.Add(client, Event{Lost, fence}, call)
		}
	}
	if ttl == shortTTL {
		w.leave(l, client, fence)
		return
	}
	w.unlock(ctx, l, client, fence)
}

// leave never unlocks. A careless client goes on as if the lock were its own until somebody else has had it.
func (w *window) leave(l *redilock.Lock, client int, fence int64) {
	if w.careless {
		time.Sleep(2 * shortTTL)
		w.AddUntil(client, Event{Ended, fence}, w.Now(), history.Forever)
		return
	}
	w.AddUntil(client, Event{Ended, fence}, w.At(l.Deadline()), history.Forever)
}

func (w *window) unlock(ctx context.Context, l *redilock.Lock, client int, fence int64) {
	call := w.Now()
	err := l.Unlock(ctx)
	switch {
	case err == nil:
		w.Add(client, Event{Unlocked, fence}, call)
	case errors.Is(err, redilock.ErrLost) && time.Now().Before(l.Deadline()):
		w.Add(client, Event{Lost, fence}, call)
	case errors.Is(err, redilock.ErrLost):
		// It was late, and says that the lease is over; whether it was the one that ended it on the server is unknown.
		w.AddUntil(client, Event{Ended, fence}, call, history.Forever)
	default:
		w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
	}
}

func (w *window) inspect(ctx context.Context, c *redilock.Client, client int) {
	call := w.Now()
	status, err := c.Inspect(ctx, w.name)
	switch {
	case err != nil:
		w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
	case status.Held:
		w.Add(client, Event{Seen, 0}, call)
	default:
		w.Add(client, Event{Free, 0}, call)
	}
}

// number is one that no other program has.
func (w *window) number() int64 {
	w.numbers.Lock()
	defer w.numbers.Unlock()
	w.numbers.next--
	return w.numbers.next
}

// hidden notes that from that time until now the lock may have been handed to a waiter that did not hear of it before it
// was taken away again: the waiter asked, and stands in the queue anew.
func (w *window) hidden(client int, since time.Duration) int64 {
	number := w.number()
	w.Add(client, Event{Hidden, number}, since)
	return number
}

// slowCall is a call of a waiter whose leases ran out unheard, or may have.
type slowCall struct {
	client       int
	since, until time.Duration
}

// ranOut notes that a waiter may have had a grant since that time whose lease was over before it heard of it.
func (w *window) ranOut(client int, since, lease time.Duration) {
	w.AddUntil(client, Event{Ended, w.hidden(client, since)}, since, history.Forever)
	if until := w.Now(); until-since > lease {
		w.numbers.Lock()
		defer w.numbers.Unlock()
		w.slow = append(w.slow, slowCall{client, since, until})
	}
}

// mostRanOut is how many grants of one call may have run out unheard.
const mostRanOut = 4

// check asks whether the history could be. A waiter asks anew after a grant that ran out, and the next may run out as well,
// on a machine that takes its time: such grants are added only where there is no other explanation, because each of them
// doubles the orders that porcupine tries.
func (w *window) check() (int, error) {
	n, err := w.Check(Model, w.seed)
	var v *history.Violation
	for more := 1; more < mostRanOut && errors.As(err, &v) && v.Result == porcupine.Illegal && len(w.slow) > 0; more++ {
		for _, call := range w.slow {
			number := w.number()
			w.AddUntil(call.client, Event{Hidden, number}, call.since, call.until)
			w.AddUntil(call.client, Event{Ended, number}, call.since, history.Forever)
		}
		n, err = w.Check(Model, w.seed)
	}
	return n, err
}

// set is SET name token [NX] PX lease, as every other library does it. It lets the lock run out.
func (w *window) set(ctx context.Context, client int, lease time.Duration, steals bool) {
	number := w.number()
	args := redis.SetArgs{TTL: lease}
	if !steals {
		args.Mode = "NX"
	}
	call := w.Now()
	err := w.foreign.SetArgs(ctx, w.name, fmt.Sprint("foreign", number), args).Err()
	switch {
	case errors.Is(err, redis.Nil):
		w.Add(client, Event{Held, 0}, call)
		return
	case err != nil:
		w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
		return
	case steals:
		w.hidden(client, 0)
		w.Add(client, Event{Stolen, number}, call)
	default:
		w.Add(client, Event{Taken, number}, call)
	}
	// Less what a deadline of the SDK keeps: a server's clock has ticks of a millisecond.
	w.AddUntil(client, Event{Ended, number}, call+lease-lease/100-2*time.Millisecond, history.Forever)
}

func (w *window) del(ctx context.Context, client int) {
	call := w.Now()
	n, err := w.foreign.Del(ctx, w.name).Result()
	switch {
	case err != nil:
		w.Spoil(fmt.Errorf("%w: %w", history.ErrUnknown, err))
	case n == 0:
		w.Add(client, Event{Free, 0}, call)
	default:
		w.hidden(client, 0)
		w.Add(client, Event{Deleted, 0}, call)
	}
}
