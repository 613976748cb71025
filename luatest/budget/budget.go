// Package budget measures what a way through a primitive's scripts costs: the commands that a call sends to the server, and
// the instructions that the Lua machine runs for it. Each primitive pins its own, so that a slower one is seen when the
// change is read.
package budget

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Call is a call of a script, by its verb.
type Call struct {
	Verb string
	Args []string
}

// Path is a way through the scripts: what comes before, and the call that is measured.
type Path struct {
	Name   string
	Before []Call
	Then   Call
	Most   int           // commands; 0: as many as the golden file says
	Later  time.Duration // how much later the call comes; 0: a millisecond
}

// Table measures each path on a bench of its own, with the source of the scripts changed, and gives a line for each. exceeds
// hears of those that send more commands than they may; nil: nobody asks.
func Table(
	t testing.TB, p subject.Subject, paths []Path, channel string, change func(source string) string,
	exceeds func(path Path, m Measured),
) string {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%-60s %8s %12s  %s\n", "path", "commands", "instructions", "which")
	for _, path := range paths {
		b := New(t, p, channel, change)
		b.Run(path.Before...)
		m := b.Measure(path.Then, max(path.Later, time.Millisecond))
		fmt.Fprintf(&table, "%-60s %8d %12d  %s\n",
			path.Name, len(m.Commands), m.Instructions, strings.Join(m.Commands, " "))
		if exceeds != nil && path.Most > 0 && len(m.Commands) > path.Most {
			exceeds(path, m)
		}
	}
	return table.String()
}

// Pin holds the table of a primitive's paths to a golden file, which it writes if update says so, and each path to its Most.
func Pin(t *testing.T, p subject.Subject, paths []Path, channel, golden string, update bool) {
	t.Helper()
	asItIs := func(source string) string { return source }
	got := Table(t, p, paths, channel, asItIs, func(path Path, m Measured) {
		t.Errorf("%s: %d commands, at most %d", path.Name, len(m.Commands), path.Most)
	})
	if update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the cost changed; if it has to, run this with -update (-want +got):\n%s", d)
	}
}

// Bench is an engine with the scripts, on which calls are measured.
type Bench struct {
	t      testing.TB
	engine *engine.Lua
	sha1   map[string]string // by verb
	keys   []string
}

// Measured is what a call cost.
type Measured struct {
	Commands     []string
	Instructions int
}

// New makes a bench for a primitive, with the source of its scripts changed, on which somebody listens on a channel.
func New(t testing.TB, p subject.Subject, channel string, change func(source string) string) *Bench {
	t.Helper()
	scripts, err := p.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{t: t, sha1: map[string]string{}}
	if b.keys, _, err = p.Keys("name"); err != nil {
		t.Fatal(err)
	}
	if b.engine, err = engine.NewLua(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, script := range scripts {
		if b.sha1[subject.Verb(script)], err = b.engine.Load(change(script.Source)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.engine.Subscribe(channel); err != nil {
		t.Fatal(err)
	}
	return b
}

// Run makes calls.
func (b *Bench) Run(calls ...Call) {
	b.t.Helper()
	for _, c := range calls {
		reply, err := b.engine.Call(b.sha1[c.Verb], b.keys, c.Args)
		if err != nil || reply.Err() != nil {
			b.t.Fatal(c.Verb, c.Args, reply, err)
		}
	}
}

// Measure makes a call so much later than the last: two grants in a microsecond cost one command more.
func (b *Bench) Measure(c Call, later time.Duration) Measured {
	b.t.Helper()
	if err := b.engine.Advance(later); err != nil {
		b.t.Fatal(err)
	}
	var m Measured
	b.engine.Sandbox().SetTrace(func(c sandbox.Command) { m.Commands = append(m.Commands, strings.ToUpper(c.Args[0])) })
	rec := coverage.Record(b.engine)
	b.Run(c)
	m.Instructions = rec.Instructions
	b.engine.Sandbox().SetTrace(nil)
	b.engine.Sandbox().RemoveContext()
	return m
}
