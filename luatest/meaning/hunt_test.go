package meaning_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/coverage/suite"
	"github.com/zferentz/go-redilock/luatest/meaning"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
	"github.com/zferentz/go-redilock/luatest/subjects"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// shown is how many of the scenarios that notice a mutant are printed.
const shown = 3

// TestMutants wants every mutant noticed by a scenario, or excused.
func TestMutants(t *testing.T) {
	t.Parallel()
	for _, p := range subjects.All() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			noticed(t, p)
		})
	}
}

func noticed(t *testing.T, p subject.Subject) {
	s, all := load(t, p)
	excuses, err := meaning.Excuses(p)
	if err != nil {
		t.Fatal(err)
	}
	by, err := meaning.Hunt(s, all, shown, runtime.NumCPU())
	if err != nil {
		t.Fatal(err)
	}
	count, lives, alive := map[string]int{}, map[string]int{}, 0
	for i, m := range all {
		count[m.Group]++
		names := strings.Join(by[i], ", ")
		if names == "" {
			names = "NO SCENARIO"
			lives[m.Group]++
			alive++
		}
		t.Logf("%-8s %-36s %s", m.Group, m.Name, names)
	}
	wrong := meaning.Problems(all, by, excuses)
	for _, w := range wrong {
		t.Error(w)
	}
	var notes []string
	for _, group := range p.Groups {
		notes = append(notes, fmt.Sprintf("%s %d of %d", group, count[group]-lives[group], count[group]))
	}
	testreport.Report(t, testreport.Row{
		Section: "mutants", Subject: p.String() + ", by hand",
		Passed: len(all) - alive, Failed: len(wrong),
		Notes: []string{fmt.Sprintf("noticed by a scenario: %s; excused: %d", strings.Join(notes, ", "), len(excuses))},
	})
}

// TestTable holds the table to its size, and every mutant to the scripts as they are.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, p := range subjects.All() {
		t.Run(p.String(), func(t *testing.T) { tabled(t, p) })
	}
}

func tabled(t *testing.T, p subject.Subject) {
	s, all := load(t, p)
	if len(p.Groups) == 0 && len(all) == 0 {
		testreport.Skip(t, "nobody has written mutants of it by hand yet")
	}
	count := map[string]int{}
	for _, m := range all {
		count[m.Group]++
		if _, err := m.Apply(s.Scripts); err != nil {
			t.Error(err)
		}
	}
	for _, group := range p.Groups {
		if count[group] < 10 {
			t.Errorf("%s has %d mutants", group, count[group])
		}
		delete(count, group)
	}
	if len(all) < 60 || len(count) > 0 {
		t.Errorf("%d mutants, in other groups too: %v", len(all), count)
	}
}

// TestBadArgument has mutants that only the answer to a bad argument tells, and one that a scenario without such a step
// tells: only that one is noticed.
func TestBadArgument(t *testing.T) {
	t.Parallel()
	s, _ := load(t, mutex.Subject)
	s.Scenarios = slices.DeleteFunc(s.Scenarios, func(sc scenario.Scenario) bool {
		return sc.File != "arguments.json" && sc.Name != "acquire-free"
	})
	for _, test := range []struct {
		old, new string
		noticed  bool
	}{
		{"if #token < 1 or #token > 512 then", "if #token < 1 or #token > 500 then", false},
		{"if #ARGV > 6 then", "if #ARGV > 7 then", false},
		{"f, lease, owned}\nend\nlocal function", "f, lease + 1, owned}\nend\nlocal function", true},
	} {
		m := meaning.Mutant{Name: test.new, Script: "acquire", Edits: []meaning.Edit{{Old: test.old, New: test.new}}}
		names, err := meaning.Noticed(s, m, 1)
		if err != nil || len(names) > 0 != test.noticed {
			t.Errorf("%s: noticed by %v, %v", m.Name, names, err)
		}
	}
}

func load(t *testing.T, p subject.Subject) (*suite.Suite, []meaning.Mutant) {
	t.Helper()
	s, err := suite.Load("../..", p)
	if err != nil {
		t.Fatal(err)
	}
	all, err := meaning.All(p)
	if err != nil {
		t.Fatal(err)
	}
	return s, all
}
