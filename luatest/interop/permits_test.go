package interop

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// limit is what the contestants share, and weights what they take of it in turn.
const limit = 5

var weights = []int64{1, 2, 3}

// crowd lets workers take permits of one semaphore at the same time, each so many times. It returns the most that were in
// use, and what went wrong.
func crowd(t *testing.T, rdb *redis.Client, workers []*worker, key string, times int) (most int64, failed []error) {
	t.Helper()
	counter := key + "-used"
	var mutex sync.Mutex
	fences := map[int64]bool{}
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() {
			for n := range times {
				a := w.permit(key, limit, weights[(i+n)%len(weights)], counter)
				mutex.Lock()
				most = max(most, a.value)
				switch {
				case a.err != nil:
					failed = append(failed, a.err)
				case a.value > limit:
					failed = append(failed, fmt.Errorf("%s: %d of %d permits in use", w.contestant.name, a.value, limit))
				case w.contestant.fenced && (a.fence <= 0 || fences[a.fence]):
					failed = append(failed, fmt.Errorf("%s got the fence %d again", w.contestant.name, a.fence))
				}
				fences[a.fence] = true
				mutex.Unlock()
				if a.err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	left := rdb.ZCard(t.Context(), key).Val() + rdb.ZCard(t.Context(), "{"+key+"}:redilock:pending").Val()
	if used := rdb.Get(t.Context(), counter).Val(); used != "0" || left != 0 {
		failed = append(failed, fmt.Errorf("in the end %s permits are in use, and %d hold or wait", used, left))
	}
	return most, failed
}

// TestPermits: contestants in different languages share a semaphore, each pair for itself and all together. Never more
// permits than the limit are in use, all of them are at some time, and none is left behind.
func TestPermits(t *testing.T) {
	t.Parallel()
	s := server.StartT(t, server.Options{})
	rdb := redisT(t, s)
	names, workers := startAllT(t, s, func(c contestant) bool { return c.permits })
	var all []*worker
	for i, row := range names {
		all = append(all, workers[row][0], workers[row][1])
		for _, column := range names[:i+1] {
			pair := []*worker{workers[column][0], workers[row][1]}
			most, failed := crowd(t, rdb, pair, keyOf(column, row), 2*contended())
			for _, err := range failed {
				t.Errorf("%s and %s: %v", column, row, err)
			}
			fmt.Fprintf(os.Stderr, "interop: %s and %s: %d times permits, %d of %d in use\n",
				column, row, 4*contended(), most, limit)
		}
	}
	most, failed := crowd(t, rdb, all, "interop-crowd", 5*contended())
	for _, err := range failed {
		t.Errorf("all together: %v", err)
	}
	if most != limit {
		t.Errorf("all together used %d of %d permits", most, limit)
	}
	fmt.Fprintf(os.Stderr, "interop: %d workers together: %d times permits, %d of %d in use\n",
		len(all), 5*contended()*len(all), most, limit)
}

// TestNoPermits shows that the crowd finds out who does not heed the limit.
func TestNoPermits(t *testing.T) {
	t.Parallel()
	if err := golang.ready(); err != nil {
		t.Fatal(err)
	}
	s := server.StartT(t, server.Options{})
	none := contestants()[0]
	none.name, none.fenced = "no lock", false
	var workers []*worker
	for range 4 {
		workers = append(workers, startT(t, none, s))
	}
	if most, failed := crowd(t, redisT(t, s), workers, "interop-no-permits", 200); most <= limit || len(failed) == 0 {
		t.Errorf("contestants without a semaphore were not found out: %d of %d in use, %v", most, limit, failed)
	}
}
