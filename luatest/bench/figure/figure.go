// Package figure is what a benchmark run has measured: figures by item, case, metric and contestant, one value for each
// round.
package figure

import (
	"math"
	"slices"
)

// Metric says how a figure is to be read.
type Metric struct {
	Name   string `json:"name"`
	Unit   Unit   `json:"unit"`
	Better Better `json:"better"`
}

// Unit is what a value counts.
type Unit string

// The units.
const (
	Seconds   Unit = "s" // printed as µs or ms
	PerSecond Unit = "/s"
	Bytes     Unit = "B"
	Share     Unit = "%"
	Times     Unit = "x" // a ratio
	Number    Unit = ""
)

// Better says which of two values is the better one.
type Better string

// The two ways.
const (
	Lower  Better = "lower"
	Higher Better = "higher"
)

// Figure is one metric of one contestant in one case.
type Figure struct {
	Item       int       `json:"item"`
	Case       string    `json:"case"`
	Metric     Metric    `json:"metric"`
	Contestant string    `json:"contestant"`
	Rounds     []float64 `json:"rounds"`
}

// Set is all figures of a run, in the order in which they were first measured. The zero value is empty.
type Set struct {
	Figures []*Figure `json:"figures"`
	Merged  bool      `json:"-"` // a round of a figure is the median of a whole run
}

// Add adds the value of one round.
func (s *Set) Add(item int, name string, metric Metric, contestant string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return // nothing was measured, such as a division by no turns
	}
	f := s.Find(item, name, metric.Name, contestant)
	if f == nil {
		f = &Figure{Item: item, Case: name, Metric: metric, Contestant: contestant}
		s.Figures = append(s.Figures, f)
	}
	f.Rounds = append(f.Rounds, value)
}

// Find gives a figure, or nil if it was not measured.
func (s *Set) Find(item int, name, metric, contestant string) *Figure {
	for _, f := range s.Figures {
		if f.Item == item && f.Case == name && f.Metric.Name == metric && f.Contestant == contestant {
			return f
		}
	}
	return nil
}

// Median is the middle of the rounds, NaN of a nil figure.
func (f *Figure) Median() float64 {
	if f == nil {
		return math.NaN()
	}
	return Median(f.Rounds)
}

// Median is the middle value, the mean of the two middle ones of an even number; NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Spread is half of what lies between the lowest and the highest round, as a share of the median; 0 of one round.
func (f *Figure) Spread() float64 {
	if f == nil || len(f.Rounds) < 2 || f.Median() == 0 {
		return 0
	}
	return (slices.Max(f.Rounds) - slices.Min(f.Rounds)) / 2 / math.Abs(f.Median())
}

// Ratio is f ÷ g, round by round: what drifts over a run drifts in both. It is nil if either is missing.
func Ratio(f, g *Figure) *Figure {
	if f == nil || g == nil {
		return nil
	}
	r := &Figure{
		Item: f.Item, Case: f.Case, Contestant: g.Contestant,
		Metric: Metric{Name: f.Metric.Name, Unit: Times, Better: f.Metric.Better},
	}
	for i := range min(len(f.Rounds), len(g.Rounds)) {
		if g.Rounds[i] != 0 {
			r.Rounds = append(r.Rounds, f.Rounds[i]/g.Rounds[i])
		}
	}
	if len(r.Rounds) == 0 {
		return nil
	}
	return r
}

// Best gives the best of some contestants' figures by their medians, or nil if none was measured.
func (s *Set) Best(item int, name, metric string, contestants ...string) *Figure {
	var best *Figure
	for _, c := range contestants {
		f := s.Find(item, name, metric, c)
		if f == nil {
			continue
		}
		better := best == nil || f.Metric.Better == Higher && f.Median() > best.Median() ||
			f.Metric.Better == Lower && f.Median() < best.Median()
		if better {
			best = f
		}
	}
	return best
}
