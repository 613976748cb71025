package redilock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

const turnTTL = 2 * time.Second

// inTurns is a process whose calls pass one lock on in turns, and says of each its fence and how it came, for ever.
func inTurns(addr string, _ []string) error {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	locks, err := redilock.New(rdb, redilock.WithTurn(100*time.Millisecond), redilock.WithTrace(redilock.Trace{
		Acquired: func(_ context.Context, e redilock.Event) { fmt.Println(e.Fence, e.Way == redilock.Locally) },
	}))
	if err != nil {
		return err
	}
	m := locks.Mutex("a", turnTTL)
	failed := make(chan error)
	for range 8 {
		go func() {
			for {
				if err := m.Do(context.Background(), func(context.Context, *redilock.Lock) error {
					time.Sleep(time.Millisecond) // the work
					return nil
				}); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

// A process that is killed in the middle of a turn leaves a lock that is free after its lease, and the next holder has a
// higher fence than all holders of the turn.
func TestTurnKilled(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		cmd := child(s, "cohort")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last, passes := int64(0), 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			number, way, _ := strings.Cut(lines.Text(), " ")
			fence, err := strconv.ParseInt(number, 10, 64)
			if err != nil || fence <= last {
				t.Errorf("%q after fence %d", lines.Text(), last)
			}
			last = fence
			if way == "true" {
				passes++
			}
			if passes == 20 {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		if passes < 20 {
			t.Fatalf("it was killed after %d passes", passes)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		l, err := s.client(t).Mutex("a", time.Minute).Lock(ctx)
		if err != nil {
			t.Fatalf("after the end of the lease of a killed process: %v", err)
		}
		if l.Fence() <= last {
			t.Errorf("fence %d after %d", l.Fence(), last)
		}
		t.Logf("free %v after the kill, the lease is %v", time.Since(start), turnTTL)
		if err := l.Unlock(ctx); err != nil {
			t.Error(err)
		}
		s.left(t)
	})
}

// What somebody else does to the lock in the middle of a turn, on real servers. first holds it, second waits behind it in
// the same client with a turn that does not end by itself, and third in another client.
func TestTurnInterrupted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		interrupt func(t *testing.T, s *real, c *redilock.Client, first *redilock.Lock) error
		// stale: after a foreign DEL this client goes on until its turn ends, with fences lower than the new holder's.
		stale bool
		lost  bool // the Unlock of the first says so
		ends  bool // the turn: the other client, which came to the server first, is next
	}{
		"Token is read": {ends: true, interrupt: func(
			_ *testing.T, _ *real, _ *redilock.Client, first *redilock.Lock,
		) error {
			if first.Token() == "" {
				return errors.New("no token")
			}
			return nil
		}},
		"Break by this client": {lost: true, ends: true,
			interrupt: func(t *testing.T, _ *real, c *redilock.Client, _ *redilock.Lock) error {
				return c.Break(t.Context(), "a")
			}},
		"Break by another": {stale: true,
			interrupt: func(t *testing.T, s *real, _ *redilock.Client, _ *redilock.Lock) error {
				return s.client(t).Break(t.Context(), "a")
			}},
		"DEL": {stale: true, interrupt: func(t *testing.T, s *real, _ *redilock.Client, _ *redilock.Lock) error {
			return s.rdb.Del(t.Context(), "a").Err()
		}},
		"loss, and an Extend that finds it": {lost: true,
			interrupt: func(t *testing.T, s *real, _ *redilock.Client, first *redilock.Lock) error {
				if err := s.rdb.Del(t.Context(), "a").Err(); err != nil {
					return err
				}
				if err := first.Extend(t.Context(), time.Minute); !errors.Is(err, redilock.ErrTaken) {
					return fmt.Errorf("Extend: %w", err)
				}
				return nil
			}},
	} {
		t.Run(name, func(t *testing.T) {
			onServers(t, func(t *testing.T, s *real) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				entered := make(chan struct{}, 4)
				c := s.client(t, redilock.WithTurn(100*time.Millisecond), redilock.WithTrace(redilock.Trace{
					Enqueued: func(context.Context, redilock.Event) { entered <- struct{}{} },
				}))
				m := c.Mutex("a", time.Minute)
				if err := turn(ctx, m); err != nil { // a grant owns several numbers only where there is a counter
					t.Fatal(err)
				}
				first, err := m.Lock(ctx)
				if err != nil {
					t.Fatal(err)
				}
				second := call(m.Lock, ctx)
				<-entered
				third := call(s.client(t).Mutex("a", time.Minute).Lock, ctx)
				eventually(t, 10*time.Second, "another client waits", func() bool { return s.queued(t, "a") == 1 })
				if err := test.interrupt(t, s, c, first); err != nil {
					t.Fatal(err)
				}
				if err := first.Unlock(ctx); errors.Is(err, redilock.ErrLost) != test.lost && !test.stale {
					t.Errorf("Unlock: %v", err)
				}
				var order []int
				for range 2 {
					var o outcome
					select {
					case o = <-second:
						order = append(order, 2)
					case o = <-third:
						order = append(order, 3)
					}
					if o.err != nil {
						t.Fatalf("after %v: %v", order, o.err)
					}
					if !test.stale && o.lock.Fence() <= first.Fence() {
						t.Errorf("fence %d after %d", o.lock.Fence(), first.Fence())
					}
					_ = o.lock.Unlock(ctx)
				}
				if test.ends && order[0] != 3 {
					t.Error("the turn went on, although somebody else waited at the server")
				}
				eventually(t, 10*time.Second, "everything is given back", func() bool {
					return s.rdb.Exists(ctx, "a", "{a}:redilock:queue", "{a}:redilock:waiters").Val() == 0
				})
			})
		})
	}
}

// Others wait for the time of a turn and one section longer, for each program that is ahead of them.
func TestTurnBound(t *testing.T) {
	for _, programs := range []int{1, 3} {
		t.Run(fmt.Sprint(programs), func(t *testing.T) {
			bubble(t, func(w *world) {
				const length, section = time.Millisecond, 300 * time.Microsecond
				tt := turns(w)
				ctx, cancel := context.WithCancel(w.ctx)
				var busy sync.WaitGroup
				defer busy.Wait()
				defer cancel()
				// Without a pause between two sections, and more calls than a turn serves: each turn is as long as it
				// may be.
				crowd := func(c *redilock.Client) {
					for range 8 {
						busy.Go(func() {
							for ctx.Err() == nil {
								_ = c.Do(ctx, "a", 10*time.Second, func(context.Context, *redilock.Lock) error {
									time.Sleep(section)
									return nil
								})
							}
						})
					}
				}
				crowd(tt.c)
				for range programs - 1 {
					crowd(w.client())
				}
				time.Sleep(10 * length)
				m := w.client().Mutex("a", 10*time.Second)
				for range 20 {
					start := time.Now()
					l, err := m.Lock(w.ctx)
					w.must(err)
					if took, most := time.Since(start), time.Duration(programs)*(length+section); took > most {
						t.Errorf("it waited %v, want %v at the most", took, most)
					}
					w.must(l.Unlock(w.ctx))
					time.Sleep(777 * time.Microsecond) // to arrive at another moment of a turn
				}
			})
		})
	}
}
