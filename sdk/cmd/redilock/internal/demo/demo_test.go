package demo

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a lock of which each part can be broken.
type fake struct {
	mu      sync.Mutex
	fence   atomic.Int64
	letIn   bool                    // everybody, at once
	number  func(n int64) int64     // the fence of grant n
	deny    func(grant int64) error // instead of grant n
	forgets func(grant int64) error // what Unlock says of it
}

type fakeHeld struct {
	f     *fake
	grant int64
}

func (f *fake) Lock(ctx context.Context) (Held, error) {
	if !f.letIn {
		f.mu.Lock()
	}
	n := f.fence.Add(1)
	if f.deny != nil {
		if err := f.deny(n); err != nil {
			f.mu.Unlock()
			return nil, err
		}
	}
	return &fakeHeld{f, n}, nil
}

func (h *fakeHeld) Fence() int64 {
	if h.f.number != nil {
		return h.f.number(h.grant)
	}
	return h.grant
}

func (h *fakeHeld) Unlock(context.Context) error {
	if !h.f.letIn {
		h.f.mu.Unlock()
	}
	if h.f.forgets != nil {
		return h.f.forgets(h.grant)
	}
	return nil
}

// The check passes a lock that works and fails every way in which one can be broken.
func TestCheck(t *testing.T) {
	t.Parallel()
	third := func(n int64) error {
		if n == 3 {
			return errors.New("no such luck")
		}
		return nil
	}
	for name, c := range map[string]struct {
		lock *fake
		want []string // of the output
		err  error
	}{
		"works": {&fake{}, []string{"✓ overlaps: 0", "✓ fences strictly grow: 1 to 12", "A1 3  A2 3  B1 3  B2 3\n"}, nil},
		"lets everybody in": {
			&fake{letIn: true}, []string{"✗ overlaps: ", "were inside together at "}, ErrBroken,
		},
		"repeats a fence": {
			&fake{number: func(n int64) int64 { return min(n, 7) }},
			[]string{"✓ overlaps: 0", "✗ fences strictly grow: no, 7 came after 7"}, ErrBroken,
		},
		"goes back": {
			&fake{number: func(n int64) int64 { return 100 - n }},
			[]string{"✗ fences strictly grow: no, 98 came after 99"}, ErrBroken,
		},
		"denies a turn": {
			&fake{deny: third},
			[]string{"✗ turns per worker: ", "(each should have had 3)", "✗ errors: 1", "no such luck"}, ErrBroken,
		},
		"is lost": {
			&fake{forgets: third}, []string{"✗ errors: 1", "no such luck"}, ErrBroken,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := Run(t.Context(), Config{
				Workers: 4, Rounds: 3, Hold: time.Millisecond, Where: "a fake", Out: &out, Size: page,
			}, []Locker{c.lock, c.lock})
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, out.String())
				}
			}
		})
	}
}

func page() (columns, rows int) { return 80, 25 }

// A worker that never gets the lock is not waited for, for ever; and the end of the context is no verdict.
func TestStarved(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	var out bytes.Buffer
	stuck := lockerFunc(func(ctx context.Context) (Held, error) {
		cancel(stop)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	err := Run(ctx, Config{Workers: 1, Rounds: 1, Out: &out, Size: page}, []Locker{stuck})
	if !errors.Is(err, stop) || strings.Contains(out.String(), "overlaps") {
		t.Errorf("error %v, output %s", err, out.String())
	}
}

type lockerFunc func(context.Context) (Held, error)

func (f lockerFunc) Lock(ctx context.Context) (Held, error) { return f(ctx) }

// The picture shows what happened when, two moments a character, and fits the width.
func TestPicture(t *testing.T) {
	t.Parallel()
	r := newRecord(3, 2, 2)
	r.fences = []int64{1000, 1001, 1002}
	// A picture of 79 columns has a timeline of 44, so 88 moments of 1 ms.
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	r.lanes[0].changes = []change{{0, holds}, {at(20), rests}, {at(30), waits}, {at(41), holds}, {at(50), done}}
	r.lanes[1].changes = []change{{0, waits}, {at(20), holds}, {at(41), done}}
	r.lanes[2].changes = []change{{at(5), waits}, {at(50), holds}}
	r.lanes[0].turns, r.lanes[1].turns, r.lanes[2].turns = 2, 1, 0
	r.lanes[2].fence = 1002
	r.inside = []int{2}
	got := picture{columns: 79}.draw(r, " title", at(66), at(88), false)
	want := []string{
		" title",
		"",
		" A1  ██████████     ─────▐████                    2/2  done",
		" A2  ──────────██████████▌                        1/2  done",
		" B1    ╶──────────────────────████████            0/2  holds +2      16 ms",
		"     ╵0s       ╵20ms     ╵40ms     ╵60ms         ",
		"     █ holds  ─ waits   now B1 holds, 0 wait   fence +n: 1000 + n",
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d\n got %q\nwant %q", i, got[i], want[i])
		}
	}
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for i, line := range (picture{columns: 79, colour: true}).draw(r, " title", at(66), at(88), false) {
		if plain := colours.ReplaceAllString(line, ""); plain != want[i] {
			t.Errorf("line %d without its colours\n got %q\nwant %q", i, plain, want[i])
		}
	}
	for _, columns := range []int{60, 80, 200} {
		for _, line := range (picture{columns: columns}).draw(r, strings.Repeat("long ", 50), at(66), at(88), true) {
			if n := len([]rune(line)); n > columns {
				t.Errorf("%d columns of %d: %q", n, columns, line)
			}
		}
	}
}

// A live picture is drawn over, and leaves nothing but its last state behind.
func TestScreen(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := Run(t.Context(), Config{
		Workers: 2, Rounds: 2, Hold: 40 * time.Millisecond, Where: "a fake", Out: &out, Live: true, Size: page,
	}, []Locker{&fake{}})
	if err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !regexp.MustCompile("now A[12] holds").MatchString(text) || strings.Count(text, "\x1b[?25l") < 2 {
		t.Errorf("not drawn live:\n%q", text)
	}
	if last := strings.LastIndex(text, "\x1b[?25h"); last < strings.LastIndex(text, "\x1b[?25l") {
		t.Error("the cursor stays hidden")
	}
}
