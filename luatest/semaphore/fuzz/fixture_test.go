package fuzz_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/fuzz"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/semaphore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys are those of the semaphore called k.
var keys = []string{"k", "{k}:redilock:fence", "{k}:redilock:pending", "{k}:redilock:members"}

// fixture is a server with the scripts, on which a semaphore of three permits is set up.
type fixture struct{ *fuzz.Fixture }

// newFixture makes a fixture, with old replaced by new in the source of the scripts: nothing, or a bug to be found.
func newFixture(f testing.TB, old, new string) *fixture {
	f.Helper()
	return &fixture{fuzz.New(f, semaphore.Subject, old, new)}
}

// reset empties the server, and sets the semaphore up in one of four ways: nobody holds, two hold all of it and two wait,
// another program has the name, or all that held and waited are dead.
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
		must(w.Call(t, "acquire", keys, "a", "10000", "3", "2"))
		must(w.Call(t, "acquire", keys, "e", "20000", "3"))
		must(w.Call(t, "acquire", keys, "b", "10000", "3", "2", "5000", "push", "redilock:b"))
		must(w.Call(t, "acquire", keys, "c", "10000", "3", "1", "5000"))
	case 2:
		must(w.Do(t, "SET", keys[0], "foreign"))
	case 3:
		must(w.Call(t, "acquire", keys, "a", "10", "3", "2"))
		must(w.Call(t, "acquire", keys, "e", "5000", "3", "1"))
		must(w.Call(t, "acquire", keys, "b", "10000", "3", "3", "20"))
		must(w.Call(t, "acquire", keys, "c", "10000", "3", "1", "20"))
		w.Engine.SetTime(w.Start.Add(time.Second))
	}
}

// holds says whether a token is in the set of holders.
func (w *fixture) holds(t testing.TB, token string) bool {
	t.Helper()
	return w.Do(t, "ZSCORE", keys[0], token).Kind == resp.KindString
}
