package table

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	t.Parallel()
	got := Lines([][]string{{"NAME", "N", "NOTE"}, {"日本", "7", ""}, {"a", "100", "x"}}, map[string]bool{"N": true})
	if d := cmp.Diff([]string{"NAME    N  NOTE", "日本    7", "a     100  x"}, got); d != "" {
		t.Error(d)
	}
	if Lines(nil, nil) != nil {
		t.Error("lines of nothing")
	}
}

func TestCell(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		width int
		right bool
		want  string
	}{
		{"abc", 5, false, "abc  "},
		{"abc", 5, true, "  abc"},
		{"abcdef", 5, false, "abcd…"},
		{"日本語", 5, false, "日本…"},
		{"日本語", 4, false, "日… "},
		{"abc", 0, false, ""},
	} {
		if got := Cell(test.text, test.width, test.right); got != test.want {
			t.Errorf("%q in %d: %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// What a terminal would obey is shown as what it is.
func TestSafe(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"web1:42": "web1:42", "größe 日本": "größe 日本", "": `""`, " a": `" a"`, "a\nb": `"a\nb"`, "\x1b[2J": `"\x1b[2J"`,
		"\xff": `"\xff"`, "\u202eevil": `"\u202eevil"`, `a"b`: `"a\"b"`, "\u009b2J": `"\u009b2J"`,
	} {
		got := Safe(s)
		if got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
		if strings.Contains(ansi.Strip(got), "\x1b") || ansi.Strip(got) != got {
			t.Errorf("%q: a terminal obeys %q", s, got)
		}
	}
}
