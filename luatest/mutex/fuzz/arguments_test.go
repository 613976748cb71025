package fuzz_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/fuzz"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// FuzzArguments calls every script with any arguments: it answers BADARG, and changes nothing, exactly when the manifest
// and the rules between arguments refuse them. An input's arguments are parted by the byte 0x1f.
func FuzzArguments(f *testing.F) {
	w := newFixture(f, "", "")
	for verb, calls := range map[uint8][]string{
		0: {"t\x1f1000", "t\x1f1000\x1f5000\x1fpush\x1fch", "t\x1f0", "t", "", "\x1f1", "t\x1f1e3", "t\x1f1\x1f1\x1fpush",
			"t\x1f1000\x1f0\x1fpoll\x1f\x1f64", "t\x1f1000\x1f0\x1fpoll\x1f\x1f65", "t\x1f1000\x1f0\x1fpoll\x1f\x1f0",
			"t\x1f1000\x1f0\x1fpoll\x1f\x1f064"},
		1: {"a\x1f1000", "a\x1f2147483648", "a\x1f 7", "x\x1f0x10"},
		2: {"", "10", "1001", "-1", "1\x1f2"},
		3: {"a", "a\x1fch\x1fs\x1f1\x1f1\x1fpush", "a\x1f\x1fa\x1f1\x1f1", "a\x1f\x1fs", "a\x1f\x1fs\x1f1\x1f60001", "\x00",
			"a\x1f\x1fs\x1f1000\x1f1\x1fpoll\x1f3", "a\x1f\x1fs\x1f1000\x1f1\x1fpoll\x1f65"},
	} {
		for i, args := range calls {
			f.Add(verb, uint8(i), uint8(4), args)
		}
	}
	f.Add(uint8(0), uint8(0), uint8(3), "t\x1f1000")
	f.Add(uint8(0), uint8(0), uint8(4), strings.Repeat("x", 512)+"\x1f1000")
	f.Add(uint8(0), uint8(0), uint8(4), strings.Repeat("x", 513)+"\x1f1000")
	f.Fuzz(func(t *testing.T, script, way, count uint8, packed string) {
		if err := checkArguments(t, w, script, way, count, packed); err != nil {
			t.Error(err)
		}
	})
}

func checkArguments(t testing.TB, w *fixture, script, way, count uint8, packed string) error {
	s := w.Scripts[int(script)%len(w.Scripts)]
	var args []string
	if packed != "" {
		args = strings.Split(packed, "\x1f")
	}
	given := slices.Repeat(keys, 2)[:count%8]
	w.reset(t, way)
	before, last := w.State(t), w.counter(t)
	reply, err := w.Engine.Call(s.SHA1, given, args)
	if err != nil {
		return err
	}
	if err := fuzz.WellFormed(s, args, reply); err != nil {
		return err
	}
	holder, held := w.holder(t)
	refused := refusal(s, len(given), args)
	switch {
	case refused != "" && reply.Code() != "BADARG":
		return fmt.Errorf("%s %q: %s, and the reply is %s", s.Name, args, refused, reply)
	case refused != "" && before != w.State(t):
		return fmt.Errorf("%s %q: refused, and the server changed from\n%sto\n%s", s.Name, args, before, w.State(t))
	case refused != "":
		return nil
	case reply.Err() != nil:
		return fmt.Errorf("%s %q: nothing is wrong with that, and the reply is %s", s.Name, args, reply)
	case reply.Items[0].Text == "GRANTED" && holder != args[0]:
		return fmt.Errorf("%s %q: granted, and the holder is %q", s.Name, args, holder)
	case reply.Items[0].Text == "HELD" && !held:
		return fmt.Errorf("%s %q: held, by nobody", s.Name, args)
	}
	return w.checkNumbers(t, s, args, reply, last, wish(s, args))
}

// wish is how many numbers a grant of this call may own: what it asks for, or what a waiter of the fixture did, one.
func wish(s dist.Script, args []string) int {
	i := slices.IndexFunc(s.Args, func(a dist.Arg) bool { return a.Name == "fences" })
	if i < 0 || i >= len(args) {
		return 1
	}
	n, _ := strconv.Atoi(args[i]) // it is within its range
	return n
}

// refusal says what is wrong with a call: by the manifest, and by what the header says in words only.
func refusal(s dist.Script, keys int, args []string) string {
	if why := fuzz.Refused(s, keys, args); why != "" {
		return why
	}
	if subject.Verb(s) == "release" && len(args) > 2 && args[2] != "" && args[2] == args[0] {
		return "the successor is the token"
	}
	return ""
}
