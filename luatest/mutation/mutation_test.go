package mutation_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zferentz/go-redilock/luatest/coverage/suite"
	"github.com/zferentz/go-redilock/luatest/mutation"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
	"github.com/zferentz/go-redilock/luatest/subjects"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestMutants wants every mutant of every script noticed by a scenario, except those that are equivalent.
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
	equivalent, err := p.Table("equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	h, all := hunter(t, p, func(scenario.Scenario) bool { return true })
	var hunted atomic.Int64
	alive, err := h.Hunt(all, runtime.NumCPU(), func() {
		if n := hunted.Add(1); testing.Verbose() && n%100 == 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d mutants\n", p, n, len(all))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	excused, reasons := map[string]int{}, map[string]string{} // by key: how many may live, and why
	reason, lastLine := "", ""
	for line := range strings.SplitSeq(equivalent, "\n") {
		switch {
		case strings.HasPrefix(line, "# ["):
			reason, _, _ = strings.Cut(line[len("# ["):], "]")
		case strings.HasPrefix(line, "# ") && lastLine == "":
			reason = ""
		case strings.Count(line, " | ") >= 2:
			excused[line]++
			reasons[line] = reason
		}
		lastLine = line
	}
	checked := 0
	for _, m := range alive {
		if excused[m.Key()]--; excused[m.Key()] < 0 {
			t.Errorf("no scenario notices this:\n%s", m)
			continue
		}
		switch reasons[m.Key()] {
		case "more commands":
			checked++
			if m.Sent <= m.Sound {
				t.Errorf("it sends %d commands, and without the change %d:\n%s", m.Sent, m.Sound, m)
			}
		case "the same commands":
			checked++
			if !m.Same {
				t.Errorf("it does not send the same commands:\n%s", m)
			}
		}
	}
	row := testreport.Row{
		Section: "mutants", Subject: p.String() + ", all scripts", Passed: len(all) - len(alive),
		Notes: []string{fmt.Sprintf("%d mutants: %d noticed by a scenario, %d proved equivalent, %d of them by their "+
			"commands", len(all), len(all)-len(alive), len(alive), checked)},
	}
	for key, left := range excused {
		if left > 0 {
			t.Errorf("this mutant is excused, and is noticed or gone: %s", key)
		}
	}
	if t.Failed() {
		row.Failed = 1
	}
	testreport.Report(t, row)
}

// Without the scenarios of promise M7 a lease that is shortened goes unnoticed, and the hunt says so.
func TestMutantsLiveWithoutScenarios(t *testing.T) {
	t.Parallel()
	h, all := hunter(t, mutex.Subject, func(s scenario.Scenario) bool { return !slices.Contains(s.Shows, "M7") })
	all = slices.DeleteFunc(all, func(m mutation.Mutant) bool { return !strings.HasSuffix(m.File, "/lease.lua") })
	alive, err := h.Hunt(all, runtime.NumCPU(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(alive, func(m mutation.Survivor) bool {
		return m.Text == "if left < lease then" && m.What == "condition always true"
	}) {
		t.Errorf("of %d mutants these live: %v", len(all), alive)
	}
}

func hunter(t *testing.T, p subject.Subject, chosen func(scenario.Scenario) bool) (*mutation.Hunter, []mutation.Mutant) {
	t.Helper()
	s, err := suite.Load("../..", p)
	if err != nil {
		t.Fatal(err)
	}
	s.Scenarios = slices.DeleteFunc(s.Scenarios, func(sc scenario.Scenario) bool { return !chosen(sc) })
	h, err := mutation.NewHunter(s)
	if err != nil {
		t.Fatal(err)
	}
	all, err := mutation.All(s)
	if err != nil {
		t.Fatal(err)
	}
	return h, all
}
