package figure_test

import (
	"math"
	"testing"

	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

func TestSet(t *testing.T) {
	t.Parallel()
	rate := figure.Metric{Name: "pairs", Unit: figure.PerSecond, Better: figure.Higher}
	var set figure.Set
	for round, v := range []float64{10, 20, 40} {
		set.Add(1, "case", rate, "ours", v)
		set.Add(1, "case", rate, "theirs", v*float64(round+1)) // 10, 40, 120
	}
	set.Add(1, "case", rate, "ours", math.NaN())
	set.Add(1, "case", rate, "ours", math.Inf(1))
	ours, theirs := set.Find(1, "case", "pairs", "ours"), set.Find(1, "case", "pairs", "theirs")
	if len(ours.Rounds) != 3 || ours.Median() != 20 || ours.Spread() != 0.75 {
		t.Errorf("%v: median %v, spread %v; want three rounds, 20 and 0.75", ours.Rounds, ours.Median(), ours.Spread())
	}
	// By rounds 1, 1/2 and 1/3. By medians it would be 1/2 as well, so look at the spread too.
	if r := figure.Ratio(ours, theirs); r.Median() != 0.5 || len(r.Rounds) != 3 || r.Rounds[2] != 1.0/3 {
		t.Errorf("ratios %v", r.Rounds)
	}
	if figure.Ratio(ours, nil) != nil || figure.Ratio(nil, ours) != nil {
		t.Error("a ratio with nothing")
	}
	if best := set.Best(1, "case", "pairs", "ours", "theirs", "nobody"); best != theirs {
		t.Errorf("the best is %v, want theirs: higher is better", best)
	}
	if !math.IsNaN(set.Find(2, "case", "pairs", "ours").Median()) {
		t.Error("a figure that was not measured has a median")
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 5}, 5}} {
		if got := figure.Median(test.values); got != test.want {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
	}
}
