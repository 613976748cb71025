package meaning_test

import (
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/meaning"
	"github.com/zferentz/go-redilock/luatest/mutex"
)

// TestStale has mutants that do not fit the scripts.
func TestStale(t *testing.T) {
	t.Parallel()
	s, _ := load(t, mutex.Subject)
	edit := func(pairs ...string) (edits []meaning.Edit) {
		for i := 0; i < len(pairs); i += 2 {
			edits = append(edits, meaning.Edit{Old: pairs[i], New: pairs[i+1]})
		}
		return edits
	}
	for _, test := range []struct {
		name, script, want string
		edits              []meaning.Edit
	}{
		{"gone", "", "no script has its text any more", edit("if this was never there", "x")},
		{"of another script", "extend", "no script has its text any more", edit("leave(token)", "x")},
		{"twice", "acquire", "write more of it", edit("leave(who)\n", "x\n", "return 'more'", "x")},
		{"half", "", "1 of its 2 edits", edit("return 'more'", "return", "if this was never there", "x")},
	} {
		m := meaning.Mutant{Name: test.name, Script: test.script, Edits: test.edits}
		if _, err := m.Apply(s.Scripts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestProblems has a mutant live that nothing excuses, and excuses that are none.
func TestProblems(t *testing.T) {
	t.Parallel()
	all := []meaning.Mutant{{Name: "lives"}, {Name: "dies"}, {Name: "excused"}}
	noticed := [][]string{nil, {"a-scenario"}, nil}
	excuse := func(names ...string) (excuses []meaning.Excuse) {
		for _, name := range names {
			excuses = append(excuses, meaning.Excuse{Name: name, Proof: meaning.None})
		}
		return excuses
	}
	for _, test := range []struct {
		excuses []meaning.Excuse
		want    string
	}{
		{excuse("lives", "excused"), ""},
		{excuse("excused"), "no scenario notices lives"},
		{excuse("lives", "excused", "dies"), "a-scenario notices it"},
		{excuse("lives", "excused", "gone"), "there is no such mutant"},
	} {
		got := strings.Join(meaning.Problems(all, noticed, test.excuses), "; ")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, not %q", test.excuses, got, test.want)
		}
	}
}

// TestNobodyNotices replays no scenario, which notices nothing.
func TestNobodyNotices(t *testing.T) {
	t.Parallel()
	s, all := load(t, mutex.Subject)
	s.Scenarios = nil
	if names, err := meaning.Noticed(s, all[0], 0); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}
