// Package budget pins what each way through the scripts costs, so that a slower one is seen when the change is read: the
// commands that a call sends to the server, and the instructions that the Lua machine runs for it.
package budget_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/sandbox"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

var update = flag.Bool("update", false, "write testdata/budget.txt")

const golden = "testdata/budget.txt"

// The most commands that an uncontended call may send. See lua/README.md, "Why it is so": EXISTS, SET, TIME, SET; GET,
// EXISTS, DEL; and for a successor GET, EXISTS, TIME, SET, SET.
const (
	mostAcquire = 4
	mostRelease = 3
	mostHanded  = 5
)

// call is a call of a script.
type call struct {
	verb string
	args []string
}

func c(verb string, args ...string) call { return call{verb, args} }

// paths are the ways through the scripts: what comes before, and the call that is measured.
var paths = []struct {
	name   string
	before []call
	then   call
	most   int // commands; 0: as many as the golden file says
}{
	{"acquire, free", nil, c("acquire", "a", "9000", "5000"), mostAcquire},
	{"acquire, ours already", []call{c("acquire", "a", "9000")}, c("acquire", "a", "9000"), 0},
	{"acquire, held, not queueing", []call{c("acquire", "a", "9000")}, c("acquire", "b", "9000"), 0},
	{"acquire, held, first in the queue", []call{c("acquire", "a", "9000")}, c("acquire", "b", "9000", "5000"), 0},
	{"acquire, held, second in the queue", queue("a", "b"), c("acquire", "c", "9000", "5000"), 0},
	{"acquire, asking again from the queue", queue("a", "b", "c"), c("acquire", "c", "9000", "5000"), 0},
	{"release, nobody waits", []call{c("acquire", "a", "9000")}, c("release", "a"), mostRelease},
	{"release, to the successor", []call{c("acquire", "a", "9000")}, c("release", "a", "", "s", "9000", "5000"), mostHanded},
	{"release, to one that polls", queue("a", "b"), c("release", "a"), 0},
	{"release, to one that polls, of many", queue(strings.Split("abcdefghijklmnopqrstuvwxyz", "")...), c("release", "a"), 0},
	{"release, to one that polls, with a successor", queue("a", "b"), c("release", "a", "", "s", "9000", "5000"), 0},
	{"release, leaving the queue", queue("a", "b"), c("release", "b"), 0},
	{"release, leaving the queue to a successor", queue("a", "b"), c("release", "b", "", "s", "9000", "5000"), 0},
	{"release, not ours", []call{c("acquire", "a", "9000")}, c("release", "b"), 0},
	{"extend, ours", []call{c("acquire", "a", "9000")}, c("extend", "a", "9500"), 0},
	{"extend, not ours", []call{c("acquire", "a", "9000")}, c("extend", "b", "9500"), 0},
	{"inspect, two wait", queue("a", "b", "c"), c("inspect"), 0},
}

// queue lets the first take the lock and the others wait for it.
func queue(tokens ...string) []call {
	calls := []call{c("acquire", tokens[0], "9000")}
	for _, token := range tokens[1:] {
		calls = append(calls, c("acquire", token, "9000", "5000"))
	}
	return calls
}

func TestBudget(t *testing.T) {
	t.Parallel()
	got := measure(t, func(source string) string { return source })
	if *update {
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

// A script that asks once more than it has to is seen.
func TestBudgetIsExceeded(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	const fast = "local set = redis.call('EXISTS', queue)"
	slower := measure(t, func(source string) string {
		return strings.Replace(source, fast, "redis.call('EXISTS', queue)\n"+fast, 1)
	})
	if slower == string(want) {
		t.Error("one more command in acquire costs nothing")
	}
}

func measure(t *testing.T, change func(source string) string) string {
	t.Helper()
	scripts, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, suffix := range []string{"", ":redilock:fence", ":redilock:queue", ":redilock:waiters"} {
		key, err := scenario.KeyName("name", suffix)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-50s %8s %12s  %s\n", "path", "commands", "instructions", "which")
	for _, path := range paths {
		e, err := engine.NewLua()
		if err != nil {
			t.Fatal(err)
		}
		sha1 := map[string]string{}
		for _, script := range scripts {
			verb := strings.TrimPrefix(script.Name, "mutex.")
			if sha1[verb], err = e.Load(change(script.Source)); err != nil {
				t.Fatal(err)
			}
		}
		run := func(c call) {
			if _, err := e.Call(sha1[c.verb], keys, c.args); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range path.before {
			run(c)
		}
		if err := e.Advance(time.Millisecond); err != nil { // two grants in a microsecond cost one command more
			t.Fatal(err)
		}
		var commands []string
		e.Sandbox().SetTrace(func(c sandbox.Command) { commands = append(commands, strings.ToUpper(c.Args[0])) })
		rec := coverage.Record(e)
		run(path.then)
		fmt.Fprintf(&table, "%-50s %8d %12d  %s\n", path.name, len(commands), rec.Instructions, strings.Join(commands, " "))
		if path.most > 0 && len(commands) > path.most && t.Name() == "TestBudget" {
			t.Errorf("%s: %d commands, at most %d", path.name, len(commands), path.most)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return table.String()
}
