package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// at makes a look at a moment, in milliseconds.
func at(ms int, s redilock.Status) Look {
	return Look{Sent: time.Unix(1700000000, 0).Add(time.Duration(ms) * time.Millisecond), State: state.State{Status: s}}
}

func heldBy(owner string, fence int64, leftMS int, waiters ...string) redilock.Status {
	s := redilock.Status{Held: true, Owner: owner, Fence: fence, Remaining: time.Duration(leftMS) * time.Millisecond}
	for _, w := range waiters {
		s.Queued++
		s.Waiters = append(s.Waiters, redilock.Waiter{Owner: w})
	}
	return s
}

func free(fence int64) redilock.Status { return redilock.Status{Fence: fence} }

func line(events []Event) string {
	var words []string
	for _, e := range events {
		s := string(e.Kind)
		if e.Owner != "" {
			s += " " + e.Owner
		}
		if e.From != "" {
			s += "<" + e.From
		}
		if e.Kind == Waiting {
			s += fmt.Sprint(" ", e.Count)
		} else if e.Primitive != "" {
			s += fmt.Sprintf(" %d %d/%d", e.Weight, e.Used, e.Limit)
		}
		words = append(words, s)
	}
	return strings.Join(words, ", ")
}

func TestBetween(t *testing.T) {
	t.Parallel()
	const base = 1_700_000_000_000_000
	for _, test := range []struct {
		name          string
		before, after redilock.Status
		want          string
	}{
		{"nothing", heldBy("a", 5, 900), heldBy("a", 5, 800), ""},
		{"nothing, free", free(5), free(5), ""},
		{"extended", heldBy("a", 5, 900), heldBy("a", 5, 9000), ""},
		{"acquired", free(5), heldBy("a", 6, 900), "acquired a"},
		{"the first one ever", free(0), heldBy("a", base, 900), "acquired a"},
		{"by another program", free(5), heldBy("", 5, 900), "acquired"},
		{"released", heldBy("a", 5, 900), free(5), "released a"},
		{"expired", heldBy("a", 5, 90), free(5), "expired a"},
		{"expired at once", heldBy("a", 5, 100), free(5), "expired a"},
		{"another program's without an expiry", heldBy("", 5, -1), free(5), "released"},
		{"handed", heldBy("a", 5, 900, "b", "c"), heldBy("b", 6, 900, "c"), "handed b<a, waiting 1"},
		{"the same owner again", heldBy("a", 5, 900), heldBy("a", 6, 900), "released a, acquired a"},
		{"to one that did not wait", heldBy("a", 5, 900, "c"), heldBy("b", 6, 900, "c"), "released a, acquired b"},
		{"the next after an expiry", heldBy("a", 5, 90, "b"), heldBy("b", 6, 900), "expired a, acquired b, waiting 0"},
		{"one missed, free again", free(5), free(6), "missed"},
		{"missed after a release", heldBy("a", 5, 900), free(7), "released a, missed"},
		{"taken away by another program", heldBy("a", 5, 900), heldBy("", 5, 900), "released a, acquired"},
		{"counter lost", heldBy("a", base, 900), free(0), "released a"},
		{"counter collected", free(base), free(0), ""},
		{"waiters come", heldBy("a", 5, 900), heldBy("a", 5, 800, "b", "c"), "waiting 2"},
	} {
		if got := line(Between(at(0, test.before), at(100, test.after))); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range []redilock.Status{free(0), heldBy("a", 5, 900), heldBy("a", 5, 900, "b")} {
		got = append(got, line(First(at(0, s))))
	}
	if d := cmp.Diff([]string{"free", "held a", "held a, waiting 1"}, got); d != "" {
		t.Error(d)
	}
}

// An answer that took its time may be from after the end of the lease, though it was asked for before.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	before, after := at(0, heldBy("a", 5, 90)), at(80, free(5))
	for ms, want := range map[int]Kind{85: Released, 95: Expired} {
		after.Answered = before.Sent.Add(time.Duration(ms) * time.Millisecond)
		if got := Between(before, after); len(got) != 1 || got[0].Kind != want {
			t.Errorf("answered after %d ms: %v, want %s", ms, got, want)
		}
	}
}
