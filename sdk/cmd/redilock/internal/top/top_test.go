package top

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

var update = flag.Bool("update", false, "write the views into testdata")

// desk is a table with a clock of its own.
type desk struct {
	t   *testing.T
	m   *Model
	now time.Time
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	d.m = New(t.Context(), Config{
		Where: "localhost:6379", Interval: time.Second, Now: func() time.Time { return d.now }, Explain: error.Error,
	})
	return d
}

// send gives the model a message, and fails on what no view may do: wrap, or be higher than the screen.
func (d *desk) send(msg tea.Msg) tea.Cmd {
	d.t.Helper()
	_, cmd := d.m.Update(msg)
	lines := strings.Split(d.m.View().Content, "\n")
	if len(lines) > max(d.m.height, 5) {
		d.t.Errorf("%d lines on a screen of %d", len(lines), d.m.height)
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > max(d.m.width, 40) {
			d.t.Errorf("%d columns on a screen of %d: %q", w, d.m.width, line)
		}
	}
	return cmd
}

func (d *desk) look(locks ...listing.Lock) { d.t.Helper(); d.send(fetched{at: d.now, locks: locks}) }

func (d *desk) keys(keys ...string) (last tea.Cmd) {
	d.t.Helper()
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "backspace": tea.KeyBackspace, "up": tea.KeyUp, "down": tea.KeyDown,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
	}
	for _, key := range keys {
		k := tea.KeyPressMsg{Text: key, Code: []rune(key)[0]}
		if code, ok := special[key]; ok {
			k = tea.KeyPressMsg{Code: code}
		} else if rest, ok := strings.CutPrefix(key, "ctrl+"); ok {
			k = tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl}
		}
		last = d.send(k)
	}
	return last
}

// golden holds the view against a file.
func (d *desk) golden(name string) {
	d.t.Helper()
	got := d.m.View().Content + "\n"
	if !strings.HasSuffix(name, ".ansi") {
		got = ansi.Strip(got)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			d.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		d.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const base = 1767323045000000

func held(name, owner string, fence int64, left time.Duration, queued int64) listing.Lock {
	return listing.Lock{Name: name, State: state.State{Status: redilock.Status{
		Name: name, Held: true, Owner: owner, Remaining: left, Fence: base + fence, Queued: queued,
	}}}
}

func some() []listing.Lock {
	return []listing.Lock{
		held("deploy:eu", "ci-7:4711", 12, 28*time.Second, 3),
		held("nightly-report", "web1:812", 4, 9*time.Minute, 0),
		held("a-name-that-is-much-longer-than-any-column", "a-host-with-a-long-name.example:123456", 1, 3*time.Hour, 1),
		held("foreign", "", 0, 41*time.Second, 0),
		held("for-ever", "", 0, -time.Millisecond, 0),
		held("日本語のロック", "evil\x1b[2J", 900, 950*time.Millisecond, 120),
		{Name: "free", State: state.State{Status: redilock.Status{Fence: base + 77}}},
		{Name: "waited-for", State: state.State{Status: redilock.Status{Fence: base + 5, Queued: 2}}},
		{Name: "wrong", Err: redilock.ErrWrongType},
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.golden("start.txt")
	d.look(some()...)
	d.now = d.now.Add(700 * time.Millisecond)
	d.golden("80x24.txt")
	d.golden("80x24.ansi")
	d.send(tea.WindowSizeMsg{Width: 120, Height: 14})
	d.golden("120x14.txt")
	d.send(tea.WindowSizeMsg{Width: 62, Height: 9})
	d.golden("62x9.txt")
	d.send(tea.WindowSizeMsg{Width: 40, Height: 7})
	d.golden("40x7.txt")
	d.keys("end")
	d.golden("40x7-end.txt")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 16})
	d.keys("a")
	d.golden("all.txt")

	// Later: one is extended, one went to the next, two are gone.
	d.now = d.now.Add(20 * time.Second)
	d.look(held("deploy:eu", "ci-9:99", 13, 30*time.Second, 2), held("nightly-report", "web1:812", 4, 8*time.Minute, 0),
		held("foreign", "", 0, 3*time.Second, 0))
	d.now = d.now.Add(700 * time.Millisecond)
	d.golden("later.txt")
	d.keys("/", "d", "e", "x", "backspace", "p")
	d.golden("typing.txt")
	d.keys("enter")
	d.golden("filtered.txt")
	d.keys("/", "ctrl+u", "z", "z", "enter")
	d.golden("nothing.txt")
	d.keys("esc", "p")
	d.now = d.now.Add(time.Hour)
	d.golden("paused.txt")
	d.keys("p")
	d.send(fetched{at: d.now, err: errors.New("cannot reach Redis at localhost:6379 (connection refused)")})
	d.golden("unreachable.txt")
	d.look()
	d.golden("none.txt")
	d.now = d.now.Add(5 * time.Second)
	d.golden("silent.txt")
}

func TestSort(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keys []string
		want string
	}{
		{nil, "busy a b c free"},
		{[]string{"w"}, "a b c free busy"},
		{[]string{"n"}, "a b busy c free"},
		{[]string{"n", "n"}, "free c busy b a"},
		{[]string{"h"}, "c busy b a free"},
		{[]string{"f"}, "free a b busy c"},
		{[]string{"l"}, "busy a c b free"},
		{[]string{"t"}, "a busy b c free"},
		{[]string{"x"}, "busy a b c free"},
	} {
		d := newDesk(t)
		a, b := held("a", "w3", 4, 20*time.Second, 0), held("b", "w2", 3, -time.Millisecond, 0)
		c := held("c", "w0", 1, time.Hour, 0)
		busy := held("busy", "w1", 2, time.Second, 9)
		free := listing.Lock{Name: "free", State: state.State{Status: redilock.Status{Fence: base + 5}}}
		d.look(a)
		d.now = d.now.Add(time.Second)
		d.look(a, busy)
		d.now = d.now.Add(time.Second)
		d.look(a, b, c, busy, free)
		d.keys("a")
		d.keys(test.keys...)
		var got []string
		for _, l := range d.m.shown() {
			got = append(got, l.Name)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%v: %s, want %s", test.keys, s, test.want)
		}
	}
}

func TestScroll(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.send(tea.WindowSizeMsg{Width: 80, Height: 14}) // ten rows
	var locks []listing.Lock
	for i := range 35 {
		locks = append(locks, held(fmt.Sprintf("lock-%02d", i), "w", int64(i), time.Minute, 0))
	}
	d.look(locks...)
	first := func() string { return strings.Fields(ansi.Strip(d.m.lines()[2]))[0] }
	for _, step := range []struct{ key, want string }{
		{"up", "lock-00"}, {"down", "lock-01"}, {"j", "lock-02"}, {"k", "lock-01"},
		{"pgdown", "lock-11"}, {"pgdown", "lock-21"}, {"pgdown", "lock-25"}, {"pgup", "lock-15"},
		{"home", "lock-00"}, {"end", "lock-25"}, {"g", "lock-00"}, {"G", "lock-25"},
	} {
		if d.keys(step.key); first() != step.want {
			t.Errorf("after %s: %s, want %s", step.key, first(), step.want)
		}
	}
	d.look(locks[:12]...) // fewer now
	if first() != "lock-02" {
		t.Errorf("after a shorter look: %s", first())
	}
	d.keys("/", "1", "1")
	if first() != "lock-11" {
		t.Errorf("filtered: %s", first())
	}
}

// A look follows upon a look, an interval later, whatever came of it; none while paused.
func TestLooks(t *testing.T) {
	t.Parallel()
	looks := 0
	d := newDesk(t)
	d.m.c.Interval = time.Millisecond
	d.m.c.Fetch = func(context.Context) ([]listing.Lock, error) {
		looks++
		return nil, errors.New("no")
	}
	msg := d.m.fetch()
	for range 3 {
		later := d.send(msg)()
		if _, ok := later.(fetchNow); !ok {
			t.Fatalf("a look is followed by %T", later)
		}
		msg = d.send(later)()
	}
	if looks != 4 {
		t.Errorf("%d looks", looks)
	}
	d.keys("p")
	if _, ok := d.send(fetchNow{})().(fetchNow); !ok || looks != 4 {
		t.Error("looks while paused, or never again")
	}
	d.keys("p")
	if d.send(fetchNow{})(); looks != 5 {
		t.Error("does not look after the pause")
	}
	for _, key := range []string{"q", "ctrl+c"} {
		if _, ok := d.keys(key)().(tea.QuitMsg); !ok {
			t.Errorf("%s does not quit", key)
		}
	}
	d.keys("/", "q")
	if _, ok := d.keys("ctrl+c")().(tea.QuitMsg); !ok || d.m.filter != "q" {
		t.Errorf("while typing: filter %q", d.m.filter)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 0: "0.0s", 999 * time.Millisecond: "0.9s", 9999 * time.Millisecond: "9.9s",
		10 * time.Second:                      "10s",
		59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1m00s", 59*time.Minute + 59*time.Second: "59m59s",
		time.Hour: "1h00m", 24*time.Hour - 1: "23h59m", 24 * time.Hour: "1d00h", 99 * 24 * time.Hour: "99d00h",
	} {
		if got := age(d); got != want || len(got) > leftWidth {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
