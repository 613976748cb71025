package luatest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// code is how an error reply begins; a run-time error of Lua is a plain ERR, which is none of a script's own.
var code = regexp.MustCompile(`^[A-Z][A-Z0-9_]*( |$)`)

// bench is an engine with all scripts loaded.
type bench struct {
	*engine.Lua
	sha1 map[string]string
	keys []string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	all, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	b := &bench{Lua: e, sha1: map[string]string{}}
	for _, s := range all {
		_, verb, _ := strings.Cut(s.Name, ".")
		if b.sha1[verb], err = e.Load(s.Source); err != nil {
			t.Fatal(err)
		}
	}
	for _, suffix := range []string{"", ":redilock:fence", ":redilock:queue", ":redilock:waiters"} {
		key, err := scenario.KeyName("fuzz", suffix)
		if err != nil {
			t.Fatal(err)
		}
		b.keys = append(b.keys, key)
	}
	return b
}

// do runs a command that prepares or inspects.
func (b *bench) do(t *testing.T, args ...string) resp.Reply {
	t.Helper()
	reply, err := b.Do(args...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// call runs a script and checks what holds for every call: an error has a code and made no grant, and anything else is
// an array with a tag in capitals.
func (b *bench) call(t *testing.T, verb string, args ...string) resp.Reply {
	t.Helper()
	before := b.do(t, "GET", b.keys[0])
	reply, err := b.Call(b.sha1[verb], b.keys, args)
	if err != nil {
		t.Fatalf("%s %q: %v", verb, args, err)
	}
	after := b.do(t, "GET", b.keys[0])
	switch {
	case reply.Kind == resp.KindError:
		if !code.MatchString(reply.Text) || reply.Code() == "ERR" {
			t.Errorf("%s %q: the error %q has no code of its own", verb, args, reply.Text)
		}
		if after.Kind == resp.KindString && !after.Equal(before) {
			t.Errorf("%s %q: the error %q, and yet a grant: %s, then %s", verb, args, reply.Text, before, after)
		}
	case reply.Kind != resp.KindArray || len(reply.Items) == 0 || !code.MatchString(reply.Items[0].Text):
		t.Errorf("%s %q: the reply %s has no tag", verb, args, reply)
	}
	return reply
}

// FuzzTokens checks that a token comes back byte for byte from all that keep it, and that only its bearer is served.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"a", "\x00", "a\x00b", "a b c", "%s%d%%", "nan", "1e3", "\xff\xfe", "{}", "-1", "\r\n"} {
		f.Add(seed, seed+"'")
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, one, other string) {
		if one == other || one == "" || other == "" || len(one) > 512 || len(other) > 512 {
			return
		}
		if err := b.FlushAll(); err != nil {
			t.Fatal(err)
		}
		expect := func(tag string, reply resp.Reply) {
			t.Helper()
			if reply.Kind == resp.KindError || reply.Items[0].Text != tag {
				t.Errorf("tokens %q and %q: %s, want %s", one, other, reply, tag)
			}
		}
		expect("GRANTED", b.call(t, "acquire", one, "60000"))
		expect("HELD", b.call(t, "acquire", other, "60000"))
		expect("NOTHELD", b.call(t, "extend", other, "60000"))
		expect("NOTHELD", b.call(t, "release", other))
		expect("QUEUED", b.call(t, "acquire", other, "60000", "60000"))
		status := b.call(t, "inspect")
		if len(status.Items) != 6 || status.Items[1].Text != one || len(status.Items[5].Items) != 1 ||
			status.Items[5].Items[0].Items[0].Text != other {
			t.Errorf("tokens %q and %q: inspect says %s", one, other, status)
		}
		expect("RELEASED", b.call(t, "release", one))
		expect("EXTENDED", b.call(t, "extend", other, "60000"))
		handed := b.call(t, "release", other, "", one, "60000", "60000")
		expect("HANDED", handed)
		if len(handed.Items) > 1 && handed.Items[1].Text != one {
			t.Errorf("handed to %q, not to %q", handed.Items[1].Text, one)
		}
		expect("RELEASED", b.call(t, "release", one))
	})
}

// FuzzArguments calls a script with any arguments on a lock that is free, ours or another's: BADARG changes nothing.
func FuzzArguments(f *testing.F) {
	verbs := []string{"acquire", "release", "extend", "inspect"}
	for i := range verbs {
		for _, line := range []string{
			"", "a", "a\n1000", "a\n1000\n60000\npush\nc", "a\n0x10", "a\n1e3", "a\n 7", "a\n2147483648", "a\n-1",
			"a\n99999999999999999999", "a\nnan", "a\n1\n2\n3\n4\n5\n6\n7", "a\nc\ns\n1000\n1000\npush",
			"a\nc\na", "\n", "1000", "1001",
			"a\n1000\n1000\npush", "a\n1000\n1000\nPUSH\nc", "%d\n%s",
		} {
			f.Add(uint8(i), uint8(i+len(line)), line)
		}
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, verb, state uint8, lines string) {
		var args []string
		if lines != "" {
			args = strings.Split(lines, "\n")
		}
		if len(args) > 50 {
			return
		}
		if err := b.FlushAll(); err != nil {
			t.Fatal(err)
		}
		switch state % 3 {
		case 1:
			b.call(t, "acquire", "a", "60000")
		case 2:
			b.call(t, "acquire", "z", "60000")
			b.call(t, "acquire", "y", "60000", "60000")
		}
		before := b.dump(t)
		reply := b.call(t, verbs[int(verb)%len(verbs)], args...)
		if after := b.dump(t); reply.Kind == resp.KindError && before != after {
			t.Errorf("%s %q: %s changed something:\n%s\nthen\n%s", verbs[int(verb)%len(verbs)], args, reply, before, after)
		}
	})
}

// dump is the lock's four keys as text.
func (b *bench) dump(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, words := range [][]string{
		{"GET", b.keys[0]}, {"PTTL", b.keys[0]}, {"GET", b.keys[1]},
		{"ZRANGE", b.keys[2], "0", "-1", "WITHSCORES"}, {"HKEYS", b.keys[3]},
	} {
		text.WriteString(b.do(t, words...).String() + "\n")
	}
	return text.String()
}

// FuzzCompanions puts anything into one companion key and calls every script.
func FuzzCompanions(f *testing.F) {
	for key := range uint8(4) {
		for kind := range uint8(5) {
			for _, content := range []string{
				"", "x", "9007199254740991", "9007199254740992", "-1", "1e3", "nan", " 7",
				"99999 5 push c", "1 1 poll ", "%s\x00",
				"9999999999999 0 poll ", "9999999999999 99999999999 poll ", "9999999999999 60000 poll ",
			} {
				f.Add(key, kind, content)
			}
		}
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, key, kind uint8, content string) {
		for _, held := range []bool{false, true} {
			for _, call := range [][]string{
				{"acquire", "a", "1000"}, {"acquire", "b", "1000", "1000"}, {"acquire", "c", "1000", "1000", "push", "ch"},
				{"extend", "a", "2000"}, {"release", "a"}, {"release", "a", "ch", "s", "1000", "1000"}, {"release", "b"},
				{"release", "b", "ch", "s", "1000", "1000"}, {"inspect"},
			} {
				if err := b.FlushAll(); err != nil {
					t.Fatal(err)
				}
				if held {
					b.call(t, "acquire", "a", "60000")
					b.call(t, "acquire", "b", "60000", "60000", "broadcast", "ch")
				}
				name := b.keys[int(key)%len(b.keys)]
				b.do(t, "DEL", name)
				switch kind % 5 {
				case 0:
					b.do(t, "SET", name, content)
				case 1:
					b.do(t, "ZADD", name, "1", content)
				case 2:
					b.do(t, "HSET", name, "b", content)
				case 3:
					b.do(t, "RPUSH", name, content)
				case 4:
					b.do(t, "SADD", name, content)
				}
				b.call(t, call[0], call[1:]...)
			}
		}
	})
}
