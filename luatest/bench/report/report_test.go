package report_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
	"github.com/zferentz/go-redilock/luatest/bench/report"
)

func sample() *figure.Set {
	set := new(figure.Set)
	for i, workers := range measure.Crowds {
		name := measure.Crowd(workers, measure.OneProcess)
		set.Add(2, name, measure.HandOffs, contestant.Redsync, 1000)
		set.Add(2, name, measure.HandOffs, contestant.Rueidislock, 2000)
		rate := 3500 + float64(i)
		if workers == 16 {
			rate *= 10
		}
		set.Add(2, name, measure.HandOffs, contestant.Ours, rate)
		set.Add(2, name, measure.Overlaps, contestant.Redsync, 0)
		set.Add(2, name, measure.Overlaps, contestant.Ours, 0)
	}
	return set
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := report.Tables(&out, sample(), 2, "Many workers"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2. Many workers", "ours ÷ theirs", "3.50x", "1.75x", "3500/s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Index(out.String(), "3.50x") > strings.Index(out.String(), "3500/s") {
		t.Error("the ratios come first")
	}
}

// One overlap of anybody, and a bar that is missed, must show.
func TestBars(t *testing.T) {
	t.Parallel()
	met := func(set *figure.Set) (met map[string]bool) {
		met = map[string]bool{}
		for _, b := range report.Bars(set) {
			met[b.Text] = b.Met()
		}
		return met
	}
	const sixteen = "16 workers, 1 process: hand-offs/s ÷ the best peer's"
	const huge = "2048 workers, 1 process: hand-offs/s ÷ the best peer's"
	const overlaps = "overlaps, all contestants' included"
	set := sample()
	if got := met(set); !got[sixteen] || got[huge] || !got[overlaps] || len(got) != 4 {
		t.Errorf("%v: 17.5 is enough for 16 workers, and 1.75 is not for 2048", got)
	}
	set.Add(2, measure.Crowd(16, measure.OneProcess), measure.Overlaps, contestant.Redsync, 1)
	if met(set)[overlaps] {
		t.Error("an overlap does not show")
	}
	if len(report.Bars(new(figure.Set))) != 0 {
		t.Error("bars without figures")
	}
}

// Strict is held against the revision before it, crowd by crowd, and the semaphore against each peer by name.
func TestBarsByName(t *testing.T) {
	t.Parallel()
	set := new(figure.Set)
	eight, one := measure.Crowd(16, measure.ManyProcess), measure.Crowd(16, measure.OneProcess)
	for _, name := range []string{one, eight} {
		set.Add(2, name, measure.HandOffs, contestant.Strict, 1050)
		set.Add(2, name, measure.HandOffs, contestant.Before, 1000)
	}
	many := measure.Permits(measure.ManyProcess)
	for _, c := range []struct {
		name      string
		rate, p99 float64
	}{{contestant.Ours, 100, 0.2}, {contestant.Redisson, 50, 0.1}, {contestant.ZSet, 200, 0.3}} {
		set.Add(10, many, measure.HandOffs, c.name, c.rate)
		set.Add(10, many, measure.WaitP99, c.name, c.p99)
		set.Add(10, many, measure.OverLimit, c.name, 0)
		set.Add(10, measure.KilledHolders, measure.PermitsLost, c.name, 2)
	}
	want := map[string]bool{
		one + ": strict hand-offs/s ÷ revision ef75be5":          true,
		eight + ": strict hand-offs/s ÷ revision ef75be5":        false,
		"semaphore, " + many + ": hand-offs ÷ redisson":          true,
		"semaphore, " + many + ": wait p99 ÷ redisson":           false,
		"semaphore, " + many + ": hand-offs ÷ zset by hand":      false,
		"semaphore, " + many + ": wait p99 ÷ zset by hand":       true,
		"semaphore, " + measure.KilledHolders + ": permits lost": false,
		"semaphore: times that more than the limit were in":      true,
	}
	got := map[string]bool{}
	for _, b := range report.Bars(set) {
		got[b.Text] = b.Met()
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	set.Add(10, many, measure.OverLimit, contestant.Ours, 1)
	for _, b := range report.Bars(set) {
		if b.Text == "semaphore: times that more than the limit were in" && b.Met() {
			t.Error("one more than the limit in the second round does not show")
		}
	}
}

func TestChartsAndJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := report.Charts(dir, sample()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "handoffs-1-process.svg"))
	if err != nil || !strings.Contains(string(text), "<svg") {
		t.Errorf("%v: %.100s", err, text)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d charts, want only the one that has figures: %v", len(files), err)
	}
	path := filepath.Join(dir, "run.json")
	if err := report.JSON(path, report.About{}, sample(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), `"rounds"`) {
		t.Errorf("%v: %.100s", err, text)
	}
}
