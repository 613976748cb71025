package sequences_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/diff"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/explore/seed"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/semaphore/sequences"
)

func plan(t *testing.T) *diff.Plan {
	t.Helper()
	p, err := sequences.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEngines holds every engine to every other.
func TestEngines(t *testing.T) { plan(t).Engines(t, 1000) }

// memory is a runner of the Lua engine.
func memory(t *testing.T, scripts []dist.Script) diff.Runner {
	t.Helper()
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	runner, err := plan(t).NewMemory(e, scripts)
	return diff.Join(t, nil, runner, err)[0]
}

// TestDifferenceIsFound breaks the scripts of one of two engines, and has the difference found.
func TestDifferenceIsFound(t *testing.T) {
	t.Parallel()
	scripts, err := semaphore.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ verb, old, new string }{
		{"acquire", "used + weight <= limit", "used + weight < limit"},
		{"acquire", "lease > 2147483647", "lease > 2147483646"},
		{"release", "if stop then\n\tgone[", "if size > 0 then\n\tgone["},
		{"release", "redis.call('ZREM', queue, who)\n\tredis.pcall", "redis.pcall"},
		{"extend", "math.max(left, lease)", "lease"},
		{"shrink", "used - has + kept", "used - has"},
		{"acquire", "holders, stop + 1)", "holders, stop)"},
		{"acquire", "passes = passes - 1", "passes = 0"},
		{"inspect", "lease_of(live[i + 1])", "lease_of(live[2])"},
	} {
		t.Run(test.verb+" "+strings.ReplaceAll(test.new, "\n", " "), func(t *testing.T) {
			t.Parallel()
			broken := seed.Plant(t, scripts, test.verb, []string{test.old, test.new})
			var found *diff.Found
			err := plan(t).Run([]diff.Team{{memory(t, scripts), memory(t, broken)}}, 0, 4000, nil)
			if !errors.As(err, &found) {
				t.Fatalf("not found: %v", err)
			}
			t.Logf("%v: %+q", found, found.Sequence)
		})
	}
}

// TestDifferenceIsFoundOnServers breaks a script on each real server.
func TestDifferenceIsFoundOnServers(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		scripts, err := semaphore.Subject.Scripts()
		if err != nil {
			t.Fatal(err)
		}
		runner, err := plan(t).NewReal(s, seed.Plant(t, scripts, "acquire", []string{"stop + 1)", "stop + 2)"}))
		var found *diff.Found
		err = plan(t).Run([]diff.Team{{memory(t, scripts), diff.Join(t, nil, runner, err)[0]}}, 0, 200, nil)
		if !errors.As(err, &found) {
			t.Errorf("not found: %v", err)
		}
	})
}
