package gen

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// run runs a script that calls no command but redis.error_reply, and gives the error's text, or what it returned.
func run(t *testing.T, code string, keys int, args []string) string {
	t.Helper()
	l := lua.NewState()
	defer l.Close()
	table := func(name string, elements []string) {
		list := l.NewTable()
		for _, e := range elements {
			list.Append(lua.LString(e))
		}
		l.SetGlobal(name, list)
	}
	table("KEYS", strings.Fields(strings.Repeat("k ", keys)))
	table("ARGV", args)
	redis := l.NewTable()
	redis.RawSetString("error_reply", l.NewFunction(func(l *lua.LState) int { return 1 }))
	l.SetGlobal("redis", redis)
	if err := l.DoString(code); err != nil {
		t.Fatal(err)
	}
	reply, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return l.Get(-1).String()
	}
	var parts []string
	for i := range reply.Len() {
		parts = append(parts, reply.RawGetInt(i+1).String())
	}
	return strings.Join(parts, " ")
}

// TestArguments runs what is generated for a header that has one of everything.
func TestArguments(t *testing.T) {
	t.Parallel()
	m, err := Load(optionsFor(filepath.Join("testdata", "arguments")))
	if err != nil {
		t.Fatal(err)
	}
	const least = "1|one|-5"
	for _, test := range []struct {
		args, want string
		keys       int // other than 1
	}{
		{args: least, want: "BUMPED -5 oneabcsoft"},
		{args: least + "|0005|xyz||2|soft||0", want: "BUMPED -5 onexyzsoft"},
		{args: "-3|one|-1|10|xyz|n|2|hard|r|9", want: "BUMPED -541 onexyznhardr"},
		{args: "", want: "by: missing"},
		{args: "1", want: "unit: missing"},
		{args: "1|one", want: "from: missing"},
		{args: "|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "0x1|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "--1|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "-|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "1-|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "+1|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "-100|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "100|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "0001|one|-5", want: "by: must be an integer from -99 to 99"},
		{args: "-99|one|-5", want: "BUMPED -5 oneabcsoft"},
		{args: "1|two|-5", want: "unit: must be one or dozen"},
		{args: "x|two|-9", want: "by: must be an integer from -99 to 99"},
		{args: "1|one|0", want: "from: must be an integer from -5 to -1"},
		{args: "1|one|-6", want: "from: must be an integer from -5 to -1"},
		{args: least + "|4", want: "size: must be an integer from 5 to 2000"},
		{args: least + "|2001", want: "size: must be an integer from 5 to 2000"},
		{args: least + "|7|ab", want: "label: must have 3 to 5 bytes, has 2"},
		{args: least + "|7|abcdef", want: "label: must have 3 to 5 bytes, has 6"},
		{args: least + "|7|abc|12345", want: "note: must have 0 to 4 bytes, has 5"},
		{args: least + "|7|abc|n", want: "count: must be an integer from 1 to 30"},
		{args: least + "|7|abc|n|31", want: "count: must be an integer from 1 to 30"},
		{args: least + "|7|abc||31", want: "count: must be an integer from 0 to 30"},
		{args: "1|dozen|-5", want: "count: must be an integer from 1 to 30"},
		{args: least + "|7|abc|n|1|it", want: "mode: must be soft, hard or it_s"},
		{args: least + "|7|abc|n|1|hard", want: "reason: must be named when mode is hard or it_s"},
		{args: least + "|7|abc|n|1|hard|r", want: "limit: must be an integer from 1 to 10"},
		{args: least + "|7|abc|n|1|hard|r|11", want: "limit: must be an integer from 1 to 10"},
		{args: least + "|7|abc||0|soft||11", want: "limit: must be an integer from 0 to 10"},
		{args: least + "|7|abc||0|soft||3", want: "note: must be named when limit is not 0"},
		{args: least, keys: 2, want: "keys: must be 1, are 2"},
		{args: least, keys: -1, want: "keys: must be 1, are 0"},
		{args: least + "|7|abc||0|soft||0|", want: "arguments: must be 10 at most, are 11"},
		{args: least + "|4", keys: 2, want: "size: must be an integer from 5 to 2000"},
	} {
		t.Run(fmt.Sprint(test.args, test.keys), func(t *testing.T) {
			t.Parallel()
			var args []string
			if test.args != "" {
				args = strings.Split(test.args, "|")
			}
			keys := 1
			if test.keys != 0 {
				keys = max(test.keys, 0)
			}
			if got := strings.TrimPrefix(run(t, m.Scripts[0].Code.Text, keys, args), "BADARG "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
