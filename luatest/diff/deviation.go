package diff

import (
	"regexp"
	"slices"

	"github.com/zferentz/go-redilock/luatest/engine"
)

// Deviation is where an engine is known to differ from a real server. A sequence that goes there is not compared on it.
type Deviation struct {
	Kind string // of the engine
	Why  string
	in   func(Step) bool // whether a step goes there
}

// Deviations are all that are known.
var Deviations = []Deviation{
	{
		Kind: engine.KindMiniredis,
		Why:  "a score with eight zeros or more is printed with an exponent, which tonumber does not know",
		in:   sends(regexp.MustCompile(`^[1-9]0{8,}$`)),
	},
}

// sends says of a foreign command whether one of its words matches.
func sends(word *regexp.Regexp) func(Step) bool {
	return func(s Step) bool { return slices.ContainsFunc(s.Do, word.MatchString) }
}

// deviates gives the index of the deviation that a sequence would meet on a kind of engine, -1 if there is none.
func (s Sequence) deviates(kind string) int {
	return slices.IndexFunc(Deviations, func(d Deviation) bool {
		return d.Kind == kind && slices.ContainsFunc(s, d.in)
	})
}

// Excused counts the sequences of seeds first to first+n-1 that are not compared because of a deviation.
func (p *Plan) Excused(first, n uint64, deviation int) int {
	count := 0
	for seed := first; seed < first+n; seed++ {
		if p.Generate(seed).deviates(Deviations[deviation].Kind) == deviation {
			count++
		}
	}
	return count
}
