package sandbox_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// same are chunks that must answer the same bytes here as on every real server.
var same = []string{
	`return tostring(1718000000123456)`,
	`return 1718000000123456 .. ''`,
	`return 'a' .. 1.5 .. 'b' .. 2^53`,
	`return {tostring(2^53), tostring(1e15), tostring(1e14), tostring(99999999999999), tostring(123456789012345)}`,
	`return {tostring(0.1), tostring(1/3), tostring(1/0), tostring(-1/0), tostring(-0.0), tostring(1e300),
		tostring(-7)}`,
	`return {1.9, -1.9, 2^53, 2^62, 2^63, -2^63, 0/0, 1/0, -1/0}`,
	`return {1, false, nil, 4}`,
	`return {1, nil, 4}`,
	`return {1, true, 'x', {2, {3}}}`,
	`return true`, `return false`, `return nil`, `return`, `return {}`, `return function() end`,
	`return {1, function() end, 2}`,
	`return {ok = 'fine'}`, `return {err = 'MYCODE thing'}`, `return {err = 'thing'}`, `return {ok = 'a\r\nb'}`,
	`return redis.error_reply('MYCODE thing')`, `return redis.error_reply('thing')`, `return
		redis.error_reply('-thing x')`,
	`return redis.status_reply('s')`, `return redis.sha1hex('')`, `return {redis.call('PING')}`,
	`redis.call('SET', KEYS[1], 1718000000123456) return redis.call('GET', KEYS[1])`,
	`redis.call('SET', KEYS[1], 1.5) return redis.call('GET', KEYS[1])`,
	`redis.call('SET', KEYS[1], 2^53) return redis.call('GET', KEYS[1])`,
	`return redis.call('SET', KEYS[1], 'v', 'NX', 'PX', 100000)`,
	`redis.call('SET', KEYS[1], 'v') return {redis.call('SET', KEYS[1], 'w', 'NX'), redis.call('PTTL', KEYS[1])}`,
	`local e = redis.pcall('INCR', KEYS[1], 'x') return type(e)`,
	`redis.call('HSET', KEYS[1], 'a', 'b') return redis.pcall('GET', KEYS[1]).err`,
	`redis.call('HSET', KEYS[1], 'a', 'b') return redis.pcall('GET', KEYS[1])`,
	`redis.call('HSET', KEYS[1], 'a', 'b') local ok, e = pcall(redis.call, 'GET', KEYS[1]) return
		{tostring(ok), type(e), e}`,
	`redis.call('ZADD', KEYS[1], 2^53, 'm') return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')`,
	`redis.call('ZADD', KEYS[1], 7, 'm') return {redis.call('ZSCORE', KEYS[1], 'm'), redis.call('ZSCORE',
		KEYS[1], 'n')}`,
	`return redis.call('ZRANK', KEYS[1], 'm')`,
	`return {type(string.format('%s', 'a\0b')), #string.format('%s', 'a\0b'), #string.format('%s',
		string.rep('x', 100) .. '\0b')}`,
	`return string.format('%d %d %s %s', 3.7, '12', 5, 'x')`,
	`return string.format('%.0f %5d|%-5d|%05d %x %X %c %%', 1718000000123456, 5, 5, 5, 255, 255, 65)`,
	`return string.format('%g %g %.3f %e %.14g', 0.1, 1e20, 1/3, 12345.678, 2^53)`,
	`return string.format('%5.1s|%.2s|%10s', 'abc', 'abc', 'abc')`,
	`return {tostring(tonumber('nan')), tostring(tonumber('1e3', 10)), tostring(tonumber(' 7', 10)),
		tostring(tonumber('0x10', 10))}`,
	`return {tostring(tonumber('010')), tostring(tonumber('-5')), tostring(tonumber('inf')),
		tostring(tonumber('1.5'))}`,
	`return {tostring(tonumber('')), tostring(tonumber(' ')), tostring(tonumber('1_0')), tostring(tonumber('1 0'))}`,
	`return {tostring(tonumber('7\0x')), tostring(tonumber('+7')), tostring(tonumber('--7')),
		tostring(tonumber('0x')), tostring(tonumber('1e'))}`,
	`return {tostring(tonumber('9007199254740993')), tostring(tonumber('1e400')), tostring(tonumber({}))}`,
	`local a, b, c, d = string.match('12 30 poll a\0b\nc', '^(%d+) (%d+) (%l+) (.*)$') return {a, b, c, d}`,
	`return {string.find('7\0', '^%d+$') == nil, string.find('7\n', '^%d+$') == nil, string.find('77', '^%d+$')}`,
	`return table.concat({1, 'a', 2^53, 1.5}, ',')`,
	`return {#KEYS, #ARGV, KEYS[1], ARGV[1], ARGV[2]}`,
	`return type(x_undefined == nil)`, `x = 1`, `KEYS = {}`, `string.foo = 1`, `redis.foo = 1`,
	`rawset(string, 'a', 1)`,
	`return redis.call('SET', KEYS[1], nil)`, `return redis.call('SET', KEYS[1], true)`, `return
		redis.call('SET', KEYS[1], {})`,
	`return redis.call()`, `return redis.call('NOSUCH')`, `return redis.call('GET')`,
	`return redis.pcall('SET', KEYS[1], nil)`, `return redis.pcall()`, `return redis.pcall('NOSUCH')`,
	`return redis.pcall('GET')`,
	`redis.call('HSET', KEYS[1], 'a', 'b')` + "\n" + `return redis.call('GET', KEYS[1])`,
	`error('boom')`, `error({err = 'CODE boom'})`, `error(redis.error_reply('CODE boom'))`,
	"\n\nlocal function f() error('deep') end\nf()",
	"#!lua\nreturn 1", "#!lua flags=no-writes\nreturn 2", "#!python\nreturn 1",
	`return redis.error_reply(1)`, `return redis.status_reply()`,
}

// TestSameAsReal runs each chunk here and on every real server.
func TestSameAsReal(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		exact := s.Name() == "redis" && strings.HasPrefix(s.Version(), "7.")
		for i, chunk := range same {
			real, err := engine.NewReal(s, i)
			if err != nil {
				t.Fatal(err)
			}
			want := eval(t, real, chunk)
			ours, err := engine.NewLua()
			if err != nil {
				t.Fatal(err)
			}
			got := eval(t, ours, chunk)
			for _, e := range []engine.Engine{real, ours} {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
			// Servers word the errors of the sandbox itself each in their own way; ours are those of Redis 7.0.
			if !exact && got.Kind == resp.KindError && got.Code() == "ERR" && want.Kind == resp.KindError {
				continue
			}
			if !exact && got.Kind == resp.KindError && want.Code() == got.Code() {
				continue
			}
			if !got.Equal(want) {
				t.Errorf("%s\n  got  %s\n  want %s", chunk, got, want)
			}
		}
	})
}

func eval(t *testing.T, e engine.Engine, chunk string) resp.Reply {
	t.Helper()
	sha1, err := e.Load(chunk)
	if err != nil {
		return resp.Error(err.Error())
	}
	reply, err := e.Call(sha1, []string{"key"}, []string{"one", "two"})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// TestStrict has what only this sandbox refuses.
func TestStrict(t *testing.T) {
	t.Parallel()
	for chunk, want := range map[string]string{
		`return redis.call('GET', 'undeclared')`:          "not in KEYS",
		`return redis.call('DEL', KEYS[1], 'undeclared')`: "not in KEYS",
		`return redis.call('KEYS', '*')`:                  "Unknown Redis command",
		`return cjson.encode({})`:                         "nonexistent global variable 'cjson'",
		`error({code = 'X'})`:                             "crashes a real server",
	} {
		e, err := engine.NewLua()
		if err != nil {
			t.Fatal(err)
		}
		if got := eval(t, e, chunk); got.Kind != resp.KindError || !strings.Contains(got.Text, want) {
			t.Errorf("%s: got %s, want an error with %q", chunk, got, want)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// hook is a context that counts how often the virtual machine asks it whether it is done.
type hook struct {
	context.Context
	asked *int
}

func (h hook) Done() <-chan struct{} {
	*h.asked++
	return nil
}

func TestHookAndTrace(t *testing.T) {
	t.Parallel()
	script, err := sandbox.Compile("local n = 0\nfor i = 1, 10 do n = n + i end\nredis.call('SET', KEYS[1], n)\nreturn n")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	s := sandbox.New(
		func([]string) resp.Reply { return resp.Status("OK") },
		sandbox.Options{Trace: func(c sandbox.Command) {
			commands = append(commands, strings.Join(c.Args, " "))
			if !c.Write {
				t.Error("SET is not seen as a write")
			}
		}},
	)
	defer s.Close()
	asked := 0
	s.SetContext(hook{t.Context(), &asked})
	for range 3 {
		if got := s.Run(script, []string{"k"}, nil); got.Integer != 55 {
			t.Fatalf("got %s", got)
		}
	}
	if asked < 90 {
		t.Errorf("the hook was asked %d times in 3 runs of 10 rounds", asked)
	}
	if strings.Join(commands, ",") != "SET k 55,SET k 55,SET k 55" {
		t.Errorf("traced %q", commands)
	}
	s.RemoveContext()
	asked = 0
	s.Run(script, []string{"k"}, nil)
	if asked != 0 {
		t.Error("the hook is still attached")
	}
}
