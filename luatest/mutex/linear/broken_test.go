package linear_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/luatest/mutex/linear"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// enough is how many operations find a seeded bug; it takes a few windows.
const enough = 100_000

// TestBrokenScripts has the clients run a script with a bug, and porcupine find it.
func TestBrokenScripts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script, old, new string }{
		{"release takes any token", "mutex.release", "if holder == token then", "if holder then"},
		{"acquire takes a lock that is held", "mutex.acquire", "token, 'NX', 'PX'", "token, 'PX'"},
		{"fences repeat", "mutex.acquire", "return {'GRANTED', f, lease, owned}", "return {'GRANTED', 1, lease, 1}"},
		{
			"a turn has numbers that were given out", "mutex.acquire",
			"return {'GRANTED', f, lease, owned}", "return {'GRANTED', f, lease, owned + 5000}",
		},
		{"a lease is too short", "mutex.acquire", "'NX', 'PX', ARGV[2])", "'NX', 'PX', math.ceil(lease / 10))"},
		{"release deletes nothing", "mutex.release", "redis.call('DEL', lock)", "local _ = lock"},
		{"extend says yes to anybody", "mutex.extend", "if holder ~= token then", "if not holder then"},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			one(t, func(t *testing.T, s *server.Server) {
				config := configOf(t, s, replace(t, s, test.script, test.old, test.new))
				config.Ops = enough
				found(t, config)
			})
		})
	}
}

// TestCarelessClient has the clients keep a lock whose lease is over, and porcupine find it.
func TestCarelessClient(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *server.Server) {
		config := configOf(t, s)
		config.Ops, config.Careless = enough, true
		found(t, config)
	})
}

// one runs a test on the first real server that there is.
func one(t *testing.T, test func(t *testing.T, s *server.Server)) {
	t.Helper()
	for _, executable := range server.Executables() {
		if executable.Err == nil {
			test(t, server.StartT(t, server.Options{Executable: executable.Path}))
			return
		}
	}
	server.Missing(t, "no redis-server on PATH and none in "+server.EnvServers)
}

func found(t *testing.T, config linear.Config) {
	t.Helper()
	result, err := linear.Run(t.Context(), config)
	var violation *history.Violation
	if !errors.As(err, &violation) {
		t.Fatalf("porcupine says yes: %+v, %v", result, err)
	}
	t.Logf("found after %d windows:\n%v", result.Windows, violation)
}

// swap is a hook that has another script run for one of the SDK's.
type swap struct{ from, to string }

// replace makes the swap for a script with a piece of it replaced, and loads that.
func replace(t *testing.T, s *server.Server, name, old, new string) redis.Hook {
	t.Helper()
	rdb := redis.NewClient(s.RedisOptions())
	defer rdb.Close()
	for _, script := range mutexv1.Scripts() {
		if script.Name != name {
			continue
		}
		if !strings.Contains(script.Source, old) {
			t.Fatalf("%s has no %q any more: change this test with it", name, old)
		}
		sha1, err := rdb.ScriptLoad(t.Context(), strings.ReplaceAll(script.Source, old, new)).Result()
		if err != nil {
			t.Fatal(err)
		}
		return swap{script.SHA1, sha1}
	}
	t.Fatalf("no script %s", name)
	return nil
}

func (s swap) change(cmd redis.Cmder) {
	if args := cmd.Args(); len(args) > 1 && args[0] == "evalsha" && args[1] == s.from {
		args[1] = s.to
	}
}

func (s swap) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s swap) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.change(cmd)
		return next(ctx, cmd)
	}
}

func (s swap) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.change(cmd)
		}
		return next(ctx, cmds)
	}
}
