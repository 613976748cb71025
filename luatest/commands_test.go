package luatest_test

import (
	"fmt"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/sandbox"
)

// TestCommandsPerHandOff counts what one turn costs the server: the same with one waiter as with a thousand (M6).
func TestCommandsPerHandOff(t *testing.T) {
	t.Parallel()
	scripts, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	count := func(waiters int) (commands int) {
		e, err := engine.NewLua()
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		call := func(verb string, args ...string) string {
			t.Helper()
			script, err := dist.Find(scripts, "mutex", 1, verb)
			if err != nil {
				t.Fatal(err)
			}
			sha1, err := e.Load(script.Source)
			if err != nil {
				t.Fatal(err)
			}
			keys := []string{"k", "{k}:redilock:fence", "{k}:redilock:queue", "{k}:redilock:waiters"}
			reply, err := e.Call(sha1, keys, args)
			if err != nil || reply.Err() != nil {
				t.Fatalf("%s %q: %s, %v", verb, args, reply, err)
			}
			return reply.Items[0].Text
		}
		call("acquire", "a", "10000")
		for i := range waiters {
			call("acquire", fmt.Sprint("w", i), "10000", "60000")
		}
		e.Sandbox().SetTrace(func(sandbox.Command) { commands++ })
		if tag := call("release", "a", "", "s", "10000", "60000"); tag != "RELEASED" {
			t.Fatalf("release answered %s", tag)
		}
		if tag := call("acquire", "w0", "10000", "60000"); tag != "GRANTED" {
			t.Fatalf("acquire answered %s", tag)
		}
		return commands
	}
	one, thousand := count(1), count(1000)
	if one != thousand {
		t.Errorf("a hand-off takes %d commands with one waiter, %d with a thousand", one, thousand)
	}
	t.Logf("%d commands inside the two scripts of a turn", one)
}
