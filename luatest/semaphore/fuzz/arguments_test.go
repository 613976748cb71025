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
		0: {"t\x1f1000\x1f3", "t\x1f1000\x1f3\x1f3\x1f5000\x1fpush\x1fch\x1f64", "t\x1f1000\x1f3\x1f4", "t\x1f1000\x1f0",
			"t\x1f1000\x1f2147483648",
			"t\x1f0\x1f3", "t", "", "t\x1f1e3\x1f3", "t\x1f1\x1f1\x1f1\x1f1\x1fpush", "a\x1f1\x1f3\x1f2",
			"a\x1f1\x1f3\x1f1", "b\x1f1\x1f3\x1f1",
			"t\x1f1000\x1f2147483647\x1f2147483647", "t\x1f1000\x1f3\x1f0", "t\x1f1\x1f3\x1f1\x1f0\x1fpoll\x1f\x1f65",
			"\x1f1\x1f1"},
		1: {"a\x1f1000", "a\x1f2147483648", "x\x1f0x10", "a\x1f1000\x1f2\x1f3", "a\x1f1000\x1f4\x1f3", "a\x1f1000\x1f1",
			"a\x1f1\x1f0\x1f0"},
		2: {"", "10", "1001", "-1", "1\x1f2"},
		3: {"a", "a\x1fch\x1fs\x1f1\x1f3\x1f1\x1f1\x1fpush", "a\x1f\x1fa\x1f1\x1f3\x1f1\x1f1", "a\x1f\x1fs", "\x00",
			"a\x1f\x1fs\x1f1000\x1f3\x1f4\x1f1", "a\x1f\x1fs\x1f1000\x1f3\x1f1\x1f60001", "a\x1f\x1fs\x1f1\x1f0\x1f1\x1f1"},
		4: {"a\x1f1", "a\x1f0", "a\x1f2147483647\x1fch", "a", "x\x1f1", "a\x1f1\x1f\x1f"},
	} {
		for i, args := range calls {
			f.Add(verb, uint8(i), uint8(4), args)
			f.Add(verb, uint8(1), uint8(4), args)
		}
	}
	f.Add(uint8(0), uint8(0), uint8(3), "t\x1f1000\x1f3")
	f.Add(uint8(0), uint8(0), uint8(4), strings.Repeat("x", 512)+"\x1f1000\x1f1")
	f.Add(uint8(0), uint8(0), uint8(4), strings.Repeat("x", 513)+"\x1f1000\x1f1")
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
	before := w.State(t)
	reply, err := w.Engine.Call(s.SHA1, given, args)
	if err != nil {
		return err
	}
	if err := fuzz.WellFormed(s, args, reply); err != nil {
		return err
	}
	refused := refusal(s, way, len(given), args)
	switch {
	case refused != "" && reply.Code() != "BADARG":
		return fmt.Errorf("%s %q: %s, and the reply is %s", s.Name, args, refused, reply)
	case refused != "" && before != w.State(t):
		return fmt.Errorf("%s %q: refused, and the server changed from\n%sto\n%s", s.Name, args, before, w.State(t))
	case refused != "":
		return nil
	case way%4 == 2 && reply.Code() == "WRONGTYPE" && before == w.State(t):
		return nil // another program has the name
	case way%4 == 2:
		return fmt.Errorf("%s %q: the name is another program's, and the reply is %s", s.Name, args, reply)
	case reply.Err() != nil:
		return fmt.Errorf("%s %q: nothing is wrong with that, and the reply is %s", s.Name, args, reply)
	case reply.Items[0].Text == "GRANTED" && !w.holds(t, args[0]):
		return fmt.Errorf("%s %q: granted, and it does not hold", s.Name, args)
	}
	return w.checkSum(t, s.Name)
}

// refusal says what is wrong with a call: by the manifest, and by what the header says in words only.
func refusal(s dist.Script, way uint8, keys int, args []string) string {
	if why := fuzz.Refused(s, keys, args); why != "" {
		return why
	}
	value := func(name string) string {
		if i := slices.IndexFunc(s.Args, func(a dist.Arg) bool { return a.Name == name }); i >= 0 && i < len(args) {
			return args[i]
		}
		return ""
	}
	number := func(name string) int {
		n, err := strconv.Atoi(value(name)) // it is within its range
		if err != nil && name == "weight" && subject.Verb(s) != "extend" {
			return 1
		}
		return n
	}
	switch verb := subject.Verb(s); {
	case verb == "release" && value("successor") != "" && value("successor") == args[0]:
		return "the successor is the token"
	case (verb == "acquire" || verb == "extend" || verb == "release" && value("successor") != "") &&
		number("weight") > number("limit"):
		return "the weight is more than the limit"
	case verb == "acquire" && way%4 == 1:
		if weight, ok := map[string]int{"a": 2, "e": 1, "b": 2, "c": 1}[args[0]]; ok && weight != number("weight") {
			return "another weight"
		}
	}
	return ""
}
