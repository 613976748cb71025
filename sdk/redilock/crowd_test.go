package redilock_test

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// crowd, of a number of waiters, how long each holds, and how often it comes back, is a process in which so many calls
// wait for one lock. Each that is served says which it was of the process, its fence, and when.
func crowd(addr string, args []string) error {
	waiters, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	hold, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	again, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	joined := make(chan struct{}, 2*waiters*(again+1))
	locks, err := redilock.New(rdb, redilock.WithTrace(redilock.Trace{
		Enqueued: func(context.Context, redilock.Event) { joined <- struct{}{} },
	}))
	if err != nil {
		return err
	}
	defer locks.Close()
	m := locks.Mutex("crowd", 10*time.Second)
	ctx := context.Background()
	failed := make(chan error)
	for i := range waiters {
		go func() {
			var err error
			for range again + 1 {
				err = errors.Join(err, m.Do(ctx, func(_ context.Context, l *redilock.Lock) error {
					fmt.Println(i, l.Fence(), time.Now().UnixNano())
					time.Sleep(hold) // the work
					return nil
				}))
			}
			failed <- err
		}()
		<-joined // the next one arrives after this one
	}
	for range waiters {
		err = errors.Join(err, <-failed)
	}
	return err
}

// served is one turn of a crowd.
type served struct {
	process, index int
	fence          int64
	at             time.Time
}

// group is so many processes with so many waiters each, see crowd.
type group struct {
	processes, waiters int
	hold               time.Duration
	again              int
}

// gather runs a group behind a lock that is held, lets it go, and gives the turns in the order of their fences, with the
// commands that each cost the server. meanwhile is run once they are on their way.
func gather(t *testing.T, s *real, g group, meanwhile func(done chan struct{})) ([]served, float64) {
	t.Helper()
	gate, err := s.client(t).Mutex("crowd", time.Minute).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var children []*exec.Cmd
	var outputs []io.Reader
	for range g.processes {
		c := child(s, "crowd", strconv.Itoa(g.waiters), g.hold.String(), strconv.Itoa(g.again))
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
		outputs = append(outputs, out)
	}
	eventually(t, 30*time.Second, "every process stands in the queue", func() bool {
		return s.queued(t, "crowd") == int64(g.processes)
	})
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { meanwhile(done) })
	before := s.commands(t)
	if err := gate.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	var turns []served
	var mu sync.Mutex
	var reading sync.WaitGroup
	for p, out := range outputs {
		reading.Go(func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				turn := served{process: p}
				var at int64
				if _, err := fmt.Sscan(lines.Text(), &turn.index, &turn.fence, &at); err != nil {
					t.Error(err)
				}
				turn.at = time.Unix(0, at)
				mu.Lock()
				turns = append(turns, turn)
				mu.Unlock()
			}
		})
	}
	reading.Wait()
	cost := float64(s.commands(t)-before) / float64(len(turns))
	close(done)
	watching.Wait()
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	slices.SortFunc(turns, func(a, b served) int { return cmp.Compare(a.fence, b.fence) })
	return turns, cost
}

// commands is how many commands of ours the server has run: the calls, and what the scripts call.
func (s *real) commands(t *testing.T) int64 {
	t.Helper()
	var sum int64
	info := s.rdb.Info(t.Context(), "commandstats").Val()
	for _, name := range []string{
		"evalsha", "get", "set", "del", "exists", "incr", "pexpire", "pttl", "publish", "hset", "hget", "hdel", "zadd",
		"zrange", "zrank", "zrem", "zrevrange", "zscore", "time",
	} {
		if _, rest, ok := strings.Cut(info, "cmdstat_"+name+":calls="); ok {
			n, _, _ := strings.Cut(rest, ",")
			calls, err := strconv.ParseInt(n, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += calls
		}
	}
	return sum
}

// A thousand waiters in ten processes: every one is served once, first come first served inside each, turn by turn
// between them, with ten places in the server's queue and at a cost that does not depend on how many they are.
func TestCrowd(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		const processes = 10
		few, fewCost := gather(t, s, group{processes, 1, 0, 99}, func(chan struct{}) {})
		if len(few) != processes*100 {
			t.Errorf("%d turns, want %d", len(few), processes*100)
		}
		longest, subscribers := int64(0), 0
		turns, cost := gather(t, s, group{processes, 100, 0, 0}, func(done chan struct{}) {
			for {
				select {
				case <-done:
					return
				default:
					longest = max(longest, s.queued(t, "crowd"))
					list := s.rdb.Do(t.Context(), "CLIENT", "LIST", "TYPE", "pubsub").Val()
					subscribers = max(subscribers, strings.Count(fmt.Sprint(list), "id="))
				}
			}
		})
		checkTurns(t, turns, processes, 100)
		if longest > processes || subscribers > processes {
			t.Errorf("%d places in the queue and %d subscriptions for %d processes", longest, subscribers, processes)
		}
		if cost > 1.1*fewCost {
			t.Errorf("%.2f commands a turn with 1000 waiters, %.2f with 10", cost, fewCost)
		}
		t.Logf("%d turns, %.2f commands each (with 10 waiters: %.2f), %d places, %d subscriptions",
			len(turns), cost, fewCost, longest, subscribers)
		s.left(t)
	})
}

// Subscribers are killed a hundred times meanwhile: nobody is stranded, and nobody waits longer than one poll more.
func TestCrowdLosesItsSubscriptions(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		const processes = 10
		kills := 0
		turns, _ := gather(t, s, group{processes, 100, 3 * time.Millisecond, 0}, func(done chan struct{}) {
			for kills < 100 {
				n, err := s.rdb.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Result()
				if err != nil {
					t.Error(err)
					return
				}
				kills += int(n)
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
		if len(turns) != processes*100 || kills < 100 {
			t.Fatalf("%d were served and %d killed, want %d and 100", len(turns), kills, processes*100)
		}
		longest := time.Duration(0)
		for i, turn := range turns[1:] {
			longest = max(longest, turn.at.Sub(turns[i].at))
		}
		t.Logf("%d subscribers killed; the longest the lock stood still was %v", kills, longest)
		if longest > 1800*time.Millisecond { // the others of the queue look every 2 s
			t.Errorf("the lock stood still for %v, want a poll of 250 ms at the most, and what a busy machine adds", longest)
		}
		s.left(t)
	})
}

func checkTurns(t *testing.T, turns []served, processes, waiters int) {
	t.Helper()
	if len(turns) != processes*waiters {
		t.Fatalf("%d were served, want %d", len(turns), processes*waiters)
	}
	next := make([]int, processes)
	lastTurn := make([]int, processes)
	for i, turn := range turns {
		if turn.index != next[turn.process] {
			t.Fatalf("process %d served its waiter %d, want %d", turn.process, turn.index, next[turn.process])
		}
		next[turn.process]++
		// All processes wait from beginning to end, so turns go round.
		if round := i - lastTurn[turn.process]; i >= processes && next[turn.process] < waiters && round != processes {
			t.Fatalf("turn %d: process %d again after %d turns, want %d", i, turn.process, round, processes)
		}
		lastTurn[turn.process] = i
	}
}
