package gen

import (
	"strings"
	"testing"
)

func TestInlined(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, source, want string }{
		{"a number", "local MOST = 64\nreturn MOST", "return 64"},
		{"a string", "local MARK = '%d--'\nreturn f(MARK .. MARK)", "return f('%d--' .. '%d--')"},
		{
			"in a function",
			"local MOST = 64\nlocal function f() return MOST end\nreturn f()",
			"local function f() return 64 end\nreturn f()",
		},
		{"two", "local A1 = 1\nlocal B1 = 2\nreturn A1 + B1", "return 1 + 2"},
		{"not in capitals", "local most = 64\nreturn most", "local most = 64\nreturn most"},
		{"one letter", "local M = 64\nreturn M", "local M = 64\nreturn M"},
		{"an expression", "local MOST = 64 * 2\nreturn MOST", "local MOST = 64 * 2\nreturn MOST"},
		{"an expression that goes on", "local MOST = 64\n* 2\nreturn MOST", "local MOST = 64\n* 2\nreturn MOST"},
		{"a condition that goes on", "local MOST = 64\nor 2\nreturn MOST", "local MOST = 64\nor 2\nreturn MOST"},
		{"assigned", "local MOST = 64\nMOST = 65\nreturn MOST", "local MOST = 64\nMOST = 65\nreturn MOST"},
		{
			"assigned with others",
			"local MOST = 64\nMOST, a = 65, 1\nreturn MOST",
			"local MOST = 64\nMOST, a = 65, 1\nreturn MOST",
		},
		{
			"declared twice",
			"local MOST = 64\nlocal MOST = 65\nreturn MOST",
			"local MOST = 64\nlocal MOST = 65\nreturn MOST",
		},
		{
			"a parameter",
			"local MOST = 64\nlocal function f(a, MOST) return MOST end",
			"local MOST = 64\nlocal function f(a, MOST) return MOST end",
		},
		{
			"a loop's",
			"local MOST = 64\nfor MOST = 1, 2 do f(MOST) end",
			"local MOST = 64\nfor MOST = 1, 2 do f(MOST) end",
		},
		{
			"a loop's among others",
			"local MOST = 64\nfor i, MOST in g() do f(MOST) end",
			"local MOST = 64\nfor i, MOST in g() do f(MOST) end",
		},
		{"a field", "local MOST = 64\nreturn t.MOST", "local MOST = 64\nreturn t.MOST"},
		{"a field's name in a table", "local MOST = 64\nreturn {MOST = 1}", "local MOST = 64\nreturn {MOST = 1}"},
		{"in a block", "do\nlocal MOST = 64\nf(MOST)\nend", "do\nlocal MOST = 64\nf(MOST)\nend"},
		{"the last argument of a call", "local MOST = 64\nf(1, MOST)\nreturn 1", "f(1, 64)\nreturn 1"},
		{"compared", "local MOST = 64\nreturn a == MOST", "return a == 64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			join := func(list []token) string {
				var b strings.Builder
				for _, t := range list {
					b.WriteString(t.text + " ")
				}
				return b.String()
			}
			if got, want := join(inlined(tokens(test.source+"\n"))), join(tokens(test.want+"\n")); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
