package linear

import (
	"errors"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/explore/seed"
	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// parallel is how many windows are open at the same time.
const parallel = 8

func start(t *testing.T, s *server.Server, scripts []dist.Script) *Server {
	t.Helper()
	sources := map[string]string{}
	for _, script := range scripts {
		sources[subject.Verb(script)] = script.Source
	}
	all, err := connect(s.Addr(), parallel, sources, func(name string) ([]string, error) {
		keys, _, err := subject.KeysOf(scripts[0], name)
		return keys, err
	})
	t.Cleanup(all.close)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func load(t *testing.T) []dist.Script {
	t.Helper()
	scripts, err := semaphore.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

// TestLinearizable checks 10,000 operations on each real server.
func TestLinearizable(t *testing.T) {
	history.Linearizable(t, "semaphore", 10_000, workers,
		func(t *testing.T, s *server.Server, w history.Windows) (history.Result, error) {
			w.Parallel = parallel
			return w.Run(t.Context(), start(t, s, load(t)).run)
		})
}

// TestBrokenScripts has the clients run a script with a bug, and porcupine find it.
func TestBrokenScripts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, verb, old, new string }{
		{"one permit too many", "acquire", "used + weight <= limit", "used + weight <= limit + 1"},
		{"a permit is lost", "release", "used - (weight or 2147483648)", "used - (weight or 2147483648) + 1"},
		{"a newcomer overtakes", "acquire", "if length == 0 and fits(weight, limit) then", "if fits(weight, limit) then"},
		{"nobody is admitted", "release", "local outcome = admit(heir, channel, granted)", "local outcome = 'empty'"},
		{"a shrink gives back all", "shrink", "used - has + kept", "used - has"},
		{"a lease is too short", "acquire", "now_ms() + lease, who)", "now_ms() + math.ceil(lease / 3), who)"},
		{"a lease is too long", "acquire", "now_ms() + lease, who)", "now_ms() + lease + 200, who)"},
		{"fences repeat", "acquire", "return {'GRANTED', f, lease, owned}", "return {'GRANTED', 1, lease, owned}"},
		{"who leaves stays", "release", "if place then\n\tleave(token)\nend", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found(t, seed.Plant(t, load(t), test.verb, []string{test.old, test.new}), false)
		})
	}
}

// TestCarelessClient has the clients keep what has run out, and porcupine find it.
func TestCarelessClient(t *testing.T) {
	t.Parallel()
	found(t, load(t), true)
}

// found runs windows on the first real server that there is until porcupine says no.
func found(t *testing.T, scripts []dist.Script, careless bool) {
	t.Helper()
	for _, executable := range server.Executables() {
		if executable.Err != nil {
			continue
		}
		s := start(t, server.StartT(t, server.Options{Executable: executable.Path}), scripts)
		s.careless = careless
		result, err := history.Windows{Parallel: parallel, Ops: 50_000}.Run(t.Context(), s.run)
		var violation *history.Violation
		if !errors.As(err, &violation) {
			t.Fatalf("porcupine says yes: %+v, %v", result, err)
		}
		t.Logf("found after %d windows:\n%v", result.Windows, violation)
		return
	}
	server.Missing(t, "no redis-server on PATH and none in "+server.EnvServers)
}
