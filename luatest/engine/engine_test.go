package engine_test

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestEngines checks what scenarios rely on: receivers are counted, messages come in order, time moves.
func TestEngines(t *testing.T) {
	t.Parallel()
	t.Run(engine.KindLua, func(t *testing.T) {
		e, err := engine.NewLua()
		check(t, e, err)
	})
	t.Run(engine.KindMiniredis, func(t *testing.T) {
		e, err := engine.NewMiniredis()
		check(t, e, err)
	})
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		e, err := engine.NewReal(s, 3)
		check(t, e, err)
	})
}

func check(t *testing.T, e engine.Engine, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	do := func(want string, args ...string) {
		t.Helper()
		reply, err := e.Do(args...)
		if err != nil || reply.String() != want {
			t.Errorf("%q: got %s, %v, want %s", args, reply, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	publish, err := e.Load(`return {redis.call('PUBLISH', ARGV[1], 'x'), redis.call('PUBLISH', ARGV[1], 'y')}`)
	must(err)
	receivers := func(channel, want string) {
		t.Helper()
		reply, err := e.Call(publish, nil, []string{channel})
		if err != nil || reply.String() != want {
			t.Errorf("receivers on %s: got %s, %v, want %s", channel, reply, err, want)
		}
	}
	receivers("one", "[0, 0]")
	must(e.Subscribe("one", "two"))
	receivers("one", "[1, 1]")
	receivers("two", "[1, 1]")
	receivers("three", "[0, 0]")
	do("1", "PUBLISH", "one", "z")
	got, err := e.Messages("one", 3)
	if err != nil || !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Errorf("messages %q, %v", got, err)
	}
	if got, err = e.Messages("one", 0); err != nil || len(got) != 0 {
		t.Errorf("messages again: %q, %v", got, err)
	}
	must(e.Unsubscribe("one"))
	receivers("one", "[0, 0]")
	must(e.Unsubscribe("two"))
	receivers("two", "[0, 0]")

	do("+OK", "SET", "k", "v", "PX", "20")
	do(`"v"`, "GET", "k")
	must(e.Advance(20 * time.Millisecond))
	do("null", "GET", "k")
	do("+OK", "SET", "k", "v")
	must(e.FlushAll())
	do("[]", "KEYS", "*")

	reply, err := e.Call("0000000000000000000000000000000000000000", nil, nil)
	if err != nil || reply.Code() != "NOSCRIPT" {
		t.Errorf("an unknown script: %s, %v", reply, err)
	}
}

// BenchmarkLua measures an acquire and a release of a free lock on our own runner.
func BenchmarkLua(b *testing.B) {
	scripts, err := dist.Load()
	if err != nil {
		b.Fatal(err)
	}
	e, err := engine.NewLua()
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	sha1 := map[string]string{}
	for _, s := range scripts {
		if sha1[s.Name], err = e.Load(s.Source); err != nil {
			b.Fatal(err)
		}
	}
	keys := []string{"k", "{k}:redilock:fence", "{k}:redilock:queue", "{k}:redilock:waiters"}
	for b.Loop() {
		for script, args := range map[string][]string{"mutex.acquire": {"a", "10000"}, "mutex.release": {"a"}} {
			if reply, err := e.Call(sha1[script], keys, args); err != nil || reply.Err() != nil {
				b.Fatal(reply, err)
			}
		}
	}
}
