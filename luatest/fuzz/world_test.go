package fuzz_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys are those of the lock called k.
var keys = []string{"k", "{k}:redilock:fence", "{k}:redilock:queue", "{k}:redilock:waiters"}

// world is a server in memory with the scripts, used again for every input of a target: an input is one after the other.
type world struct {
	engine  *engine.Lua
	scripts []dist.Script
	start   time.Time
}

// newWorld makes a world, with old replaced by new in the source of the scripts: nothing, or a bug to be found.
func newWorld(f testing.TB, old, new string) *world {
	f.Helper()
	scripts, err := dist.Load()
	if err != nil {
		f.Fatal(err)
	}
	e, err := engine.NewLua()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	found := old == ""
	for i := range scripts {
		s := &scripts[i]
		found = found || strings.Contains(s.Source, old)
		if s.SHA1, err = e.Load(replaced(s.Source, old, new)); err != nil {
			f.Fatal(err)
		}
	}
	if !found {
		f.Fatalf("no script has %q any more: change this test with them", old)
	}
	return &world{engine: e, scripts: scripts, start: e.Now()}
}

// reset empties the server, and sets the lock up in one of four ways: free, held with two waiters, held by another program
// for ever, or free with a queue of the dead.
func (w *world) reset(t testing.TB, way uint8) {
	t.Helper()
	w.engine.FlushAll()
	w.engine.SetTime(w.start)
	must := func(r resp.Reply) {
		if r.Err() != nil {
			t.Fatal(r)
		}
	}
	switch way % 4 {
	case 1:
		must(w.call(t, "acquire", keys, "a", "10000"))
		must(w.call(t, "acquire", keys, "b", "10000", "5000", "push", "redilock:b"))
		must(w.call(t, "acquire", keys, "c", "10000", "5000"))
	case 2:
		must(w.do(t, "SET", keys[0], "foreign"))
	case 3:
		must(w.call(t, "acquire", keys, "a", "10"))
		must(w.call(t, "acquire", keys, "b", "10000", "20"))
		must(w.call(t, "acquire", keys, "c", "10000", "20"))
		w.engine.SetTime(w.start.Add(time.Second))
	}
}

func (w *world) script(t testing.TB, verb string) dist.Script {
	t.Helper()
	s, err := dist.Find(w.scripts, "mutex", 1, verb)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) call(t testing.TB, verb string, keys []string, args ...string) resp.Reply {
	t.Helper()
	reply, err := w.engine.Call(w.script(t, verb).SHA1, keys, args)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func (w *world) do(t testing.TB, words ...string) resp.Reply {
	t.Helper()
	reply, err := w.engine.Do(words...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// holder is what the lock's key holds, and whether it holds a string.
func (w *world) holder(t testing.TB) (string, bool) {
	t.Helper()
	reply := w.do(t, "GET", keys[0])
	return reply.Text, reply.Kind == resp.KindString
}

// state prints all that the server has.
func (w *world) state(t testing.TB) string {
	t.Helper()
	names := w.do(t, "KEYS", "*").Items
	slices.SortFunc(names, func(a, b resp.Reply) int { return strings.Compare(a.Text, b.Text) })
	var b strings.Builder
	for _, name := range names {
		kind := w.do(t, "TYPE", name.Text).Text
		fmt.Fprintf(&b, "%q %s %s", name.Text, kind, w.do(t, "PTTL", name.Text))
		for _, read := range [][]string{{"GET"}, {"HGETALL"}, {"ZRANGE", "0", "-1", "WITHSCORES"}} {
			if r := w.do(t, append([]string{read[0], name.Text}, read[1:]...)...); r.Err() == nil {
				fmt.Fprintf(&b, " %s", r)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var (
	code     = regexp.MustCompile(`^[A-Z][A-Z0-9]* `)
	luaError = regexp.MustCompile(`^ERR (@?user_script|<string>|bad argument|attempt to)|attempt to `)
)

// wellFormed says what is wrong with a reply: it is a declared tag, or an error with a code that is not Lua's own.
func wellFormed(s dist.Script, args []string, r resp.Reply) error {
	switch {
	case r.Kind == resp.KindError:
		if !code.MatchString(r.Text) {
			return fmt.Errorf("%s %q: an error without a code: %s", s.Name, args, r)
		}
		if luaError.MatchString(r.Text) {
			return fmt.Errorf("%s %q: an error of Lua: %s", s.Name, args, r)
		}
		return nil
	case r.Kind != resp.KindArray || len(r.Items) == 0 || r.Items[0].Kind != resp.KindString:
		return fmt.Errorf("%s %q: a reply without a tag: %s", s.Name, args, r)
	}
	for _, declared := range s.Replies {
		if declared.Tag == r.Items[0].Text {
			return nil
		}
	}
	return fmt.Errorf("%s %q: the reply %s is not declared", s.Name, args, r)
}

func replaced(source, old, new string) string {
	if old == "" {
		return source
	}
	return strings.ReplaceAll(source, old, new)
}
