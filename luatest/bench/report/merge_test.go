package report_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
	"github.com/zferentz/go-redilock/luatest/bench/report"
)

// saved writes a run in which ours makes so many times the hand-offs of the best peer.
func saved(t *testing.T, day int, times float64, change func(*report.About, *figure.Set)) string {
	t.Helper()
	about := report.About{
		Server: "redis 7.0", CPUs: 2, Began: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC),
		Contestants: map[string]string{"redsync, mutex": "v4"},
	}
	set := new(figure.Set)
	name := measure.Crowd(16, measure.OneProcess)
	for _, round := range []float64{0.5, 1, 2} {
		set.Add(2, name, measure.HandOffs, contestant.Redsync, 1000*round)
		set.Add(2, name, measure.HandOffs, contestant.Ours, times*1000*round)
	}
	if change != nil {
		change(&about, set)
	}
	path := filepath.Join(t.TempDir(), "run.json")
	if err := report.JSON(path, about, set, nil, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMerge(t *testing.T) {
	t.Parallel()
	only := func(_ *report.About, set *figure.Set) {
		set.Add(1, measure.OneWorker, measure.PairP50, contestant.Ours, 1)
	}
	m, err := report.Merge([]string{saved(t, 1, 9, nil), saved(t, 2, 12, only), saved(t, 3, 30, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Bars) != 1 {
		t.Fatalf("bars %v, want one", m.Bars)
	}
	b := m.Bars[0]
	known := slices.Equal(b.Runs, []float64{9, 12, 30}) && strings.HasPrefix(b.Note, "in 2 of 3 runs")
	if b.Got != 12 || !known || !b.Met() {
		t.Errorf("%+v: the median of 9, 12 and 30 is 12, and two of them are 10 at least", b)
	}
	if len(m.Problems) != 1 || !strings.Contains(m.Problems[0], "only 1 of 3") {
		t.Errorf("%q: one figure is not in all runs", m.Problems)
	}
	var out strings.Builder
	if err := m.Print(&out); err != nil {
		t.Fatal(err)
	}
	if err := report.Tables(&out, &m.Set, 2, "Many workers"); err != nil {
		t.Fatal(err)
	}
	if err := report.PrintBars(&out, m.Bars); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"median of 3 runs", "12000/s (9000/s – 30000/s)", "12.0x (9.00x – 30.0x)", "2026-01-02", "1 of 1 met",
		"redsync, mutex",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	// What was merged is a table, and no run.
	table := filepath.Join(t.TempDir(), "table.json")
	if err := report.JSON(table, m.About, &m.Set, m.Bars, m.Problems); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Merge([]string{table, saved(t, 4, 9, nil), saved(t, 5, 9, nil)}); err == nil {
		t.Error("a table was merged as a run")
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	about := func(change func(*report.About)) func(*report.About, *figure.Set) {
		return func(a *report.About, _ *figure.Set) { change(a) }
	}
	for _, test := range []struct {
		name, want string
		third      func(t *testing.T) string
	}{
		{"no third", "2 runs", func(*testing.T) string { return "" }},
		{"no file", "no such file", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }},
		{"the same", "same run", func(t *testing.T) string { return saved(t, 1, 10, nil) }},
		{"quick", "short run", func(t *testing.T) string {
			return saved(t, 3, 10, about(func(a *report.About) { a.Quick = true }))
		}},
		{"few rounds", "short run", func(t *testing.T) string {
			return saved(t, 3, 10, about(func(a *report.About) { a.Rounds = 4 }))
		}},
		{"another server", "redis 8.0", func(t *testing.T) string {
			return saved(t, 3, 10, about(func(a *report.About) { a.Server = "redis 8.0" }))
		}},
		{"another machine", "8 CPUs", func(t *testing.T) string {
			return saved(t, 3, 10, about(func(a *report.About) { a.CPUs = 8 }))
		}},
		{"another peer", "v5", func(t *testing.T) string {
			return saved(t, 3, 10, about(func(a *report.About) { a.Contestants["redsync, mutex"] = "v5" }))
		}},
		{"no figures", "no figures", func(t *testing.T) string {
			return saved(t, 3, 10, func(_ *report.About, s *figure.Set) { s.Figures = nil })
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			paths := []string{saved(t, 1, 10, nil), saved(t, 2, 10, nil)}
			if path := test.third(t); path != "" {
				paths = append(paths, path)
			}
			if _, err := report.Merge(paths); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want an error with %q", err, test.want)
			}
		})
	}
}
