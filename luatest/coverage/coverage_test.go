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
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
	"github.com/zferentz/go-redilock/luatest/subjects"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestCoverage replays every scenario and wants every line run, and every branch both ways. The page has all the scripts.
func TestCoverage(t *testing.T) {
	t.Parallel()
	page := &coverage.Report{}
	for _, p := range subjects.All() {
		t.Run(p.String(), func(t *testing.T) { covered(t, p, page) })
	}
	if name := os.Getenv("REDILOCK_COVERAGE"); name != "" {
		if err := writePage(page, name); err != nil {
			t.Fatal(err)
		}
	}
}

// covered holds the coverage of one primitive to what is excused, and adds it to the page.
func covered(t *testing.T, p subject.Subject, page *coverage.Report) {
	s, err := suite.Load("../..", p)
	if err != nil {
		t.Fatal(err)
	}
	excused := excuses(t, p)
	report := replay(t, s, func(scenario.Scenario) bool { return true })
	page.Files = append(page.Files, report.Files...)
	var table strings.Builder
	if err := report.Write(&table); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	used, byFile := map[string]bool{}, map[string]int{} // by line; excuses
	for _, gap := range report.Gaps() {
		text, err := sourceLine(gap.At)
		if err != nil {
			t.Fatal(err)
		}
		if !excused[text] {
			t.Errorf("%v: %s\n\t%s", gap.At, gap.Missed, text)
		} else {
			byFile[gap.At.File]++
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
		row := testreport.Row{Section: "coverage", Passed: n.LinesSeen + n.WaysSeen}
		row.Subject = p.Primitive + "/" + filepath.Base(f.Name)
		if byFile[f.Name] > 0 {
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
	s, err := suite.Load("../..", mutex.Subject)
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

// excuses are the lines that a primitive's table excuses.
func excuses(t *testing.T, p subject.Subject) map[string]bool {
	t.Helper()
	table, err := p.Table("excused.txt")
	if err != nil {
		t.Fatal(err)
	}
	excused, reason := map[string]bool{}, ""
	for line := range strings.SplitSeq(table, "\n") {
		if text, ok := strings.CutPrefix(line, "# "); ok {
			reason = text
		} else if reason != "" && line != "" {
			excused[line] = true
		}
	}
	return excused
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
