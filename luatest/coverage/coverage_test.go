package coverage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/coverage/suite"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// excused are lines of which something is never run by the scenarios, and why that is right. One that is run after all
// fails the test.
var excused = map[string]string{
	"return type(raised) == 'table' and raised or nil":                                                       always,
	"local digits = time[1] .. (#time[2] == 6 and time[2] or string.sub('00000' .. time[2], -6))":            always,
	"local arrival = head[3] and next_arrival() or tonumber(head[2]) + 1":                                    always,
	"local position = second and arrival - second + 1 or 1":                                                  always,
	"successor.position = position < FENCE_LIMIT and position or nil -- no infinity that somebody put there": always,
	"return #digits <= 15 and math.min(tonumber(digits, 10), most) or most":                                  always,
	"return tail[2] and tonumber(tail[2]) + 1 or 1":                                                          always,
	"for i, who in ipairs(limit > 0 and redis.call('ZRANGE', queue, 0, limit - 1) or {}) do":                 always,
	"local counter = f and string.find(f, COUNTER) and #f <= 16 and tonumber(f, 10) or 0":                    always,
	"position = position > 0 and position_of(successor) or 0":                                                always,
}

const always = "the middle of `a and b or c` is never false here"

// TestCoverage replays every scenario and wants every line run, and every branch both ways.
func TestCoverage(t *testing.T) {
	t.Parallel()
	s, err := suite.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	report := replay(t, s, func(scenario.Scenario) bool { return true })
	if name := os.Getenv("REDILOCK_COVERAGE"); name != "" {
		if err := writePage(report, name); err != nil {
			t.Fatal(err)
		}
	}
	var table strings.Builder
	if err := report.Write(&table); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	used, excuses := map[string]bool{}, map[string]int{} // by line; by file
	for _, gap := range report.Gaps() {
		text, err := sourceLine(gap.At)
		if err != nil {
			t.Fatal(err)
		}
		if excused[text] == "" {
			t.Errorf("%v: %s\n\t%s", gap.At, gap.Missed, text)
		} else {
			excuses[gap.At.File]++
		}
		used[text] = true
	}
	for text := range excused {
		if !used[text] {
			t.Errorf("this line is excused and has no gap: %s", text)
		}
	}
	for _, f := range report.Files {
		n := f.Figures()
		missed := n.Lines + n.Ways - n.LinesSeen - n.WaysSeen
		row := testreport.Row{Section: "coverage", Subject: filepath.Base(f.Name), Passed: n.LinesSeen + n.WaysSeen}
		if excuses[f.Name] > 0 {
			row.Skipped = missed
			row.Notes = []string{fmt.Sprintf("%d of %d lines and ways of branches have a reason not to be run",
				missed, n.Lines+n.Ways)}
		} else {
			row.Failed = missed
		}
		testreport.Report(t, row)
	}
}

// The report sees what is not run: without the scenarios of successors, no line of theirs is.
func TestCoverageFalls(t *testing.T) {
	t.Parallel()
	s, err := suite.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	report := replay(t, s, func(sc scenario.Scenario) bool { return sc.Name == "fence-grows" })
	var lines, branches bool
	for _, gap := range report.Gaps() {
		lines = lines || gap.Missed == "never run"
		branches = branches || strings.Contains(gap.Missed, "goes one way only")
	}
	if total := report.Total(); !lines || !branches || total.LinesSeen == total.Lines || total.WaysSeen == total.Ways {
		t.Errorf("one scenario runs everything: %+v", total)
	}
}

func replay(t *testing.T, s *suite.Suite, chosen func(scenario.Scenario) bool) *coverage.Report {
	t.Helper()
	report := &coverage.Report{}
	for _, sc := range s.Scenarios {
		if !chosen(sc) {
			continue
		}
		e, err := s.Engine()
		if err != nil {
			t.Fatal(err)
		}
		rec := coverage.Record(e.Lua)
		if err := scenario.Replay(e, s.Scripts, sc); err != nil {
			t.Error(err)
		}
		for _, script := range s.Scripts {
			report.Add(rec, s.Compiled(script).Proto, func(line int) gen.Position { return s.Origin(script, line) })
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return report
}

func sourceLine(at gen.Position) (string, error) {
	text, err := os.ReadFile(filepath.Join("../..", at.File))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(strings.Split(string(text), "\n")[at.Line-1]), nil
}

func writePage(r *coverage.Report, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.Page(file, os.DirFS("../..")); err != nil {
		return err
	}
	return file.Close()
}
