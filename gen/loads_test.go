package gen_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestLoads: what the generator accepts every server loads, and the table of commands is right about them.
func TestLoads(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		rdb := redis.NewClient(s.RedisOptions())
		defer rdb.Close()
		load := func(source string) (string, error) { return rdb.ScriptLoad(t.Context(), source).Result() }
		accepted, examples := 0, 0
		dirs, err := filepath.Glob("testdata/*/lua")
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			o := gen.Options{Root: filepath.Dir(dir), Source: "lua", Dist: "lua/dist"}
			if strings.HasPrefix(filepath.Base(o.Root), "bad_") {
				continue
			}
			accepted++
			if err := gen.VerifyLoads(o, load); err != nil {
				t.Errorf("%s: %v", o.Root, err)
			}
			err := gen.VerifyExamples(o, func(sha1 string, keys []string, args []any) (any, error) {
				examples++
				if err := rdb.FlushAll(t.Context()).Err(); err != nil {
					return nil, err
				}
				reply, err := rdb.EvalSha(t.Context(), sha1, keys, args...).Result()
				if errors.Is(err, redis.Nil) {
					return nil, nil
				}
				return reply, err
			})
			if err != nil {
				t.Errorf("%s: %v", o.Root, err)
			}
		}
		if examples < 59 {
			t.Errorf("%d examples", examples)
		}
		if accepted < 4 {
			t.Errorf("%d folders", accepted)
		}
		infos, err := rdb.Command(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range gen.Commands() {
			if strings.Contains(name, "|") {
				continue // a subcommand, which the client does not list
			}
			info := infos[strings.ToLower(name)]
			if info == nil {
				t.Errorf("the server has no %s", name)
				continue
			}
			writes, denyOOM, arity := gen.CommandInfo(name)
			flags := strings.Join(info.Flags, " ") + " "
			if got := strings.Contains(flags, "write "); got != writes {
				t.Errorf("%s: writes %v", name, got)
			}
			if got := strings.Contains(flags, "denyoom "); got != denyOOM {
				t.Errorf("%s: denyoom %v", name, got)
			}
			// Newer servers take options where the oldest takes none.
			if got := int(info.Arity); got != arity && got != -arity {
				t.Errorf("%s: arity %d, not %d", name, got, arity)
			}
		}
	})
}

// TestLoadsNot: an error of the server is told with the line of the source.
func TestLoadsNot(t *testing.T) {
	t.Parallel()
	o := gen.Options{Root: "testdata/rate_limit", Source: "lua", Dist: "lua/dist"}
	err := gen.VerifyLoads(o, func(source string) (string, error) {
		if !strings.HasPrefix(source, "-- rate_limit.take ") {
			return "another", nil
		}
		for i, line := range strings.Split(source, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "local t = redis.call('TIME')") {
				return "", errors.New("ERR Error compiling script: user_script:" + strconv.Itoa(i+1) + ": unexpected symbol")
			}
		}
		return "", os.ErrInvalid
	})
	for _, want := range []string{
		"lua/rate_limit/v1/include/clock.lua:2: the server does not load it",
		"list_taken.lua: the server knows it as another",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
