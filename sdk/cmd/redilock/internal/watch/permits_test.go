package watch

import (
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// by is a grant with a lease of a minute.
func by(owner string, fence, weight int64) redilock.SemaphoreHolder {
	return redilock.SemaphoreHolder{Owner: owner, Fence: fence, Weight: weight, Remaining: time.Minute}
}

// semaphore is the state of one with 5 permits.
func semaphore(queued int64, holders ...redilock.SemaphoreHolder) state.State {
	s := redilock.SemaphoreStatus{Limit: 5, Holders: holders, Held: int64(len(holders)), Queued: queued}
	for _, h := range holders {
		s.Used += h.Weight
	}
	return state.OfSemaphore(s)
}

func TestPermits(t *testing.T) {
	t.Parallel()
	mutex := func(s redilock.Status) state.State { return state.State{Status: s, Primitive: state.Mutex} }
	idle := func(fence int64) state.State {
		s := semaphore(0)
		s.Fence = fence
		return s
	}
	dying := by("b", 6, 2)
	dying.Remaining = 50 * time.Millisecond
	many := func(used int64) state.State {
		s := semaphore(0, by("a", used, 1))
		s.Semaphore.Held, s.Semaphore.Used = 1500, used
		return s
	}
	a, b, c := by("a", 5, 1), by("b", 6, 2), by("c", 7, 1)
	for _, test := range []struct {
		name          string
		before, after state.State
		want          string
	}{
		{"nothing", semaphore(1, a, b), semaphore(1, b, a), ""},
		{"the first", mutex(free(0)), semaphore(0, a), "acquired a 1 1/5"},
		{"another", semaphore(0, a), semaphore(0, a, b), "acquired b 2 3/5"},
		{"the same owner again", semaphore(0, a), semaphore(0, a, by("a", 9, 1)), "acquired a 1 2/5"},
		{"one of two", semaphore(0, a, b), semaphore(0, a), "released b 2 1/5"},
		{"its lease is over", semaphore(0, a, dying), semaphore(0, a), "expired b 2 1/5"},
		{"one goes, one comes", semaphore(1, a, b), semaphore(0, b, c), "released a 1 3/5, acquired c 1 3/5, waiting 0"},
		{"shrunk", semaphore(0, b), semaphore(0, by("b", 6, 1)), "shrunk b 1 1/5"},
		{"the last", semaphore(0, b), idle(6), "released b 2 0/5"},
		{"the last and more", semaphore(0, a, b), idle(8), "released a 1 0/5, released b 2 0/5, missed 0 0/5"},
		{"missed", idle(6), idle(8), "missed 0 0/5"},
		{"who waits alone", semaphore(1), idle(8), "waiting 0"},
		{"forgotten", idle(8), mutex(free(8)), ""},
		{"a mutex then", semaphore(0, a), mutex(heldBy("m", 9, 900)), "released a 1 0/5, acquired m"},
		{"and forgotten", semaphore(0, b), mutex(free(6)), "released b 2 0/5"},
		{"a record lost", semaphore(0, a), semaphore(0, by("a", 0, 0)), "released a 1 0/5, acquired a 0 0/5"},
		{"more than are listed", many(1500), many(1700), "used 0 1700/5"},
		{"as many as before", many(1500), many(1500), ""},
	} {
		before, after := at(0, redilock.Status{}), at(100, redilock.Status{})
		before.State, after.State = test.before, test.after
		if got := line(Between(before, after)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	first := at(0, redilock.Status{})
	first.State = semaphore(2, a, b)
	if got := line(First(first)); got != "held a 1 3/5, held b 2 3/5, waiting 2" {
		t.Errorf("first: %q", got)
	}
}
