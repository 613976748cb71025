package fuzz_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/fuzz"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/resp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys are those of the lock called k.
var keys = []string{"k", "{k}:redilock:fence", "{k}:redilock:queue", "{k}:redilock:waiters"}

// fixture is a server with the scripts, on which a lock is set up.
type fixture struct{ *fuzz.Fixture }

// newFixture makes a fixture, with old replaced by new in the source of the scripts: nothing, or a bug to be found.
func newFixture(f testing.TB, old, new string) *fixture {
	f.Helper()
	return &fixture{fuzz.New(f, mutex.Subject, old, new)}
}

// reset empties the server, and sets the lock up in one of four ways: free, held with two waiters, held by another program
// for ever, or free with a queue of the dead.
func (w *fixture) reset(t testing.TB, way uint8) {
	t.Helper()
	w.Reset(t)
	must := func(r resp.Reply) {
		if r.Err() != nil {
			t.Fatal(r)
		}
	}
	switch way % 4 {
	case 1:
		must(w.Call(t, "acquire", keys, "a", "10000"))
		must(w.Call(t, "acquire", keys, "b", "10000", "5000", "push", "redilock:b"))
		must(w.Call(t, "acquire", keys, "c", "10000", "5000"))
	case 2:
		must(w.Do(t, "SET", keys[0], "foreign"))
	case 3:
		must(w.Call(t, "acquire", keys, "a", "10"))
		must(w.Call(t, "acquire", keys, "b", "10000", "20"))
		must(w.Call(t, "acquire", keys, "c", "10000", "20"))
		w.Engine.SetTime(w.Start.Add(time.Second))
	}
}

// holder is what the lock's key holds, and whether it holds a string.
func (w *fixture) holder(t testing.TB) (string, bool) {
	t.Helper()
	reply := w.Do(t, "GET", keys[0])
	return reply.Text, reply.Kind == resp.KindString
}
