package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

const (
	// enoughRuns is how many make a figure that may be published: two runs on different days have met 16 and 21 of the same
	// 33 bars.
	enoughRuns = 3
	// enoughRounds is how many each of them has to have.
	enoughRounds = 5
)

// Merged is one table of several runs.
type Merged struct {
	About    About
	Set      figure.Set // a figure's rounds are the medians of the runs
	Bars     []Bar
	Problems []string
}

// Merge reads the JSON files of runs and makes one table of them: of each figure the median of the runs' medians, and of
// each bar the median of what the runs got. Its error says why runs cannot be compared: another server, machine or version,
// a run that was cut short, or the same one twice. A figure that not all runs have is left out, and named in Problems.
func Merge(paths []string) (*Merged, error) {
	if len(paths) < enoughRuns {
		return nil, fmt.Errorf("%d runs: a table wants %d at least", len(paths), enoughRuns)
	}
	m := &Merged{Set: figure.Set{Merged: true}}
	var runs []file
	for _, path := range paths {
		run, err := read(path)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			if err := comparable(&runs[0].About, &run.About); err != nil {
				return nil, fmt.Errorf("%s and %s: %w", paths[0], path, err)
			}
		}
		if slices.ContainsFunc(m.About.Runs, run.About.Began.Equal) {
			return nil, fmt.Errorf("%s is the same run as another one", path)
		}
		runs = append(runs, run)
		m.About.Runs = append(m.About.Runs, run.About.Began)
		for _, problem := range run.Problems {
			m.Problems = append(m.Problems, path+": "+problem)
		}
	}
	began := m.About.Runs
	m.About = runs[0].About
	m.About.Runs = began
	m.figures(runs)
	m.bars(runs)
	return m, nil
}

func read(path string) (file, error) {
	var run file
	text, err := os.ReadFile(path)
	if err != nil {
		return run, err
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return run, fmt.Errorf("%s is no run of the benchmark: %w", path, err)
	}
	switch {
	case len(run.Figures) == 0:
		return run, fmt.Errorf("%s has no figures", path)
	case run.About.Quick || run.About.Rounds > 0 && run.About.Rounds < enoughRounds:
		return run, fmt.Errorf("%s is a short run: only whole ones are merged", path)
	case len(run.About.Runs) > 0:
		return run, fmt.Errorf("%s is a table of several runs already", path)
	}
	return run, nil
}

// comparable says what differs between two runs that must not.
func comparable(a, b *About) error {
	for _, one := range [][2]string{
		{a.Server, b.Server}, {a.Go, b.Go}, {a.System, b.System}, {fmt.Sprint(a.CPUs, " CPUs"), fmt.Sprint(b.CPUs, " CPUs")},
	} {
		if one[0] != one[1] {
			return fmt.Errorf("%s is not %s", one[0], one[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Contestants)) {
		if a.Contestants[name] != b.Contestants[name] {
			return fmt.Errorf("%s: %q is not %q", name, a.Contestants[name], b.Contestants[name])
		}
	}
	if len(a.Contestants) != len(b.Contestants) {
		return fmt.Errorf("%d contestants are not %d", len(a.Contestants), len(b.Contestants))
	}
	return nil
}

func (m *Merged) figures(runs []file) {
	seen := map[string]bool{}
	for _, run := range runs {
		for _, f := range run.Figures {
			name := fmt.Sprintf("%d, %s, %s, %s", f.Item, f.Case, f.Metric.Name, f.Contestant)
			if seen[name] {
				continue
			}
			seen[name] = true
			var medians []float64
			for _, other := range runs {
				set := figure.Set{Figures: other.Figures}
				if same := set.Find(f.Item, f.Case, f.Metric.Name, f.Contestant); same != nil {
					medians = append(medians, same.Median())
				}
			}
			if len(medians) < len(runs) {
				m.Problems = append(m.Problems, fmt.Sprintf("left out, as only %d of %d runs have it: %s",
					len(medians), len(runs), name))
				continue
			}
			for _, v := range medians {
				m.Set.Add(f.Item, f.Case, f.Metric, f.Contestant, v)
			}
		}
	}
}

// bars judges each run by itself, as it was judged when it ended.
func (m *Merged) bars(runs []file) {
	got := map[string][]float64{}
	notes := map[string][]string{}
	var first []Bar
	for _, run := range runs {
		for _, b := range Bars(&figure.Set{Figures: run.Figures}) {
			if len(got[b.Text]) == 0 {
				first = append(first, b)
			}
			got[b.Text] = append(got[b.Text], b.Got)
			if !slices.Contains(notes[b.Text], b.Note) {
				notes[b.Text] = append(notes[b.Text], b.Note)
			}
		}
	}
	for _, b := range first {
		b.Runs, b.Spread = got[b.Text], 0
		b.Got = figure.Median(b.Runs)
		met := 0
		for _, v := range b.Runs {
			one := b
			one.Got = v
			if one.Met() {
				met++
			}
		}
		b.Note = fmt.Sprintf("in %d of %d runs", met, len(b.Runs))
		if best := strings.Join(notes[b.Text], ", "); best != "" {
			b.Note += "; " + best
		}
		m.Bars = append(m.Bars, b)
	}
}

// Print writes which runs the table is of.
func (m *Merged) Print(w io.Writer) error {
	var began []string
	for _, t := range m.About.Runs {
		began = append(began, t.Format(time.DateTime))
	}
	fmt.Fprintf(w, "%s, %s, %s, %d CPUs. The median of %d runs, and (the lowest – the highest), that began at %s UTC.\n\n",
		m.About.Server, m.About.Go, m.About.System, m.About.CPUs, len(began), strings.Join(began, ", "))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(m.About.Contestants)) {
		fmt.Fprintf(t, "   %s\t%s\n", name, m.About.Contestants[name])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return PrintProblems(w, m.Problems)
}

// PrintProblems writes what went wrong on the way.
func PrintProblems(w io.Writer, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nWhat went wrong on the way\n\n    %s\n", strings.Join(problems, "\n    "))
	return err
}
