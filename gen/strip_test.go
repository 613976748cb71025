package gen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// program is what a script is compiled to, without its lines.
type program struct {
	Code      []uint32
	Constants []string
	Inner     []program
	Params    uint8
	VarArg    uint8
}

func compile(t *testing.T, text string) program {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(text), "script")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	proto, err := lua.Compile(chunk, "script")
	if err != nil {
		t.Fatal(err)
	}
	return programOf(proto)
}

func programOf(f *lua.FunctionProto) program {
	p := program{Code: f.Code, Params: f.NumParameters, VarArg: f.IsVarArg}
	for _, c := range f.Constants {
		p.Constants = append(p.Constants, c.Type().String()+" "+c.String())
	}
	for _, inner := range f.FunctionPrototypes {
		p.Inner = append(p.Inner, programOf(inner))
	}
	return p
}

// sameProgram wants two scripts to be compiled to the same.
func sameProgram(t *testing.T, source, code string) {
	t.Helper()
	if d := cmp.Diff(compile(t, source), compile(t, code)); d != "" {
		t.Errorf("another program (-source +code):\n%s\nof\n%s", d, code)
	}
}

func strip(text string) string {
	lines := make([]Position, strings.Count(text, "\n")+1)
	s := &Script{Primitive: "a", Verb: "b", Version: 1, Source: &Expanded{Text: text, Lines: lines}}
	_, code, _ := strings.Cut(stripped(s).Text, "\n")
	return strings.TrimSuffix(code, "\n")
}

func TestStrip(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, want string }{
		{"comment", "-- a\nlocal a = 1 -- b\n\n\n  -- c\nlocal b = 2--d", "local a = 1\nlocal b = 2"},
		{"long comment", "--[[ a\nb ]] local a --[==[ ]] ]=] ]==] = 1 --[[]]", "local a = 1"},
		{"no long comment", "local a -- [[ b\nlocal c --[\n", "local a\nlocal c"},
		{"dashes in strings", `local a, b = '--', "--[[" -- c`, `local a, b = '--', "--[["`},
		{"escaped quotes", `local a, b = 'x\'-- y', "\\" -- "`, `local a, b = 'x\'-- y', "\\"`},
		{"escaped newline", "local a = 'x\\\n  -- y'", "local a = 'x\\\n  -- y'"},
		{"long strings", "local a = [[\n--a\n]] local b = [==[]]--]==]", "local a = [[\n--a\n]] local b = [==[]]--]==]"},
		{"index by a long string", "local a = b[ [[c]] ]", "local a = b[ [[c]]]"},
		{"signs", "local a = - - b - -1-c, -d", "local a = - -b - -1 - c, -d"},
		{"sign of a keyword", "return -a , not-b", "return -a, not -b"},
		{"minus behind end", "local a = f{}-1, (b)-1, x[1]-1", "local a = f {} - 1, (b) - 1, x[1] - 1"},
		{
			"numbers",
			"local a = 1 ..2, .5, 1e-5 - -3E+2, 0x1F-1, 1. ..'x'", "local a = 1 .. 2, .5, 1e-5 - -3E+2, 0x1F - 1, 1. .. 'x'",
		},
		{"calls", "a.b : c ( d , {1 , x=2 ; 3} ) 'e'", "a.b:c(d, {1, x = 2; 3}) 'e'"},
		{"keywords", "if(a)then b()else(c)() end", "if (a) then b() else (c)() end"},
		{"functions", "local f=function(...)return...end", "local f = function(...) return ... end"},
		{"length", "local a = # b + #'c'", "local a = #b + #'c'"},
		{"comparison", "local a = b<c==d~=e>=f", "local a = b < c == d ~= e >= f"},
		{"a call on the next line", "local a = b\n;(c)()", "local a = b\n; (c)()"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := strip(test.source)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if again := strip(got); again != got {
				t.Errorf("stripped twice: %q", again)
			}
			sameProgram(t, test.source, got)
		})
	}
}

// TestStripComments: a comment between any two tokens changes nothing.
func TestStripComments(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"rate_limit", "all_of_lua"} {
		m, err := Load(optionsFor("testdata/" + dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Scripts {
			text := s.Source.Text
			want := strip(text)
			for _, token := range tokens(text) {
				for _, comment := range []string{" --[[ x ]]", " --[==[ x\n]] ]==] "} {
					if got := strip(text[:token.at] + comment + text[token.at:]); got != want {
						t.Fatalf("%s:%d: %q before %s:\n%s", s.Name(), token.line, comment, token.text, cmp.Diff(want, got))
					}
				}
			}
		}
	}
}
