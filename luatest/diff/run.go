package diff

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Team is one of each runner. The first is the one that the others are compared to.
type Team []Runner

// Found is a sequence that two runners disagree on, cut down to the steps that matter.
type Found struct {
	Seed       uint64
	Sequence   Sequence
	A, B       Outcome
	NameA      string // and version: of the runner that the other is compared to
	NameB      string
	Difference Difference

	plan *Plan
}

func (f Found) Error() string {
	text := f.Difference.String()
	if key := f.Difference.Key; key >= 0 {
		text += " (" + f.plan.Keys[key] + ")"
	}
	return fmt.Sprintf("seed %d: %s differs from %s in %d steps: %s", f.Seed, f.NameB, f.NameA, len(f.Sequence), text)
}

// batchSize is how many sequences a runner is given at a time.
const batchSize = 50

// Run runs the sequences of seeds first to first+n-1, with every team at work on some of them. It stops at the first
// difference, a *[Found]. done, if it is not nil, counts the sequences that every runner agreed on.
func (p *Plan) Run(teams []Team, first, n uint64, done *atomic.Int64) error {
	var next atomic.Uint64
	var stop atomic.Bool
	errs := make([]error, len(teams))
	var wg sync.WaitGroup
	for i, team := range teams {
		wg.Go(func() {
			for !stop.Load() {
				from := next.Add(batchSize) - batchSize
				if from >= n {
					return
				}
				if errs[i] = p.run(team, first+from, min(batchSize, n-from)); errs[i] != nil {
					stop.Store(true)
				} else if done != nil {
					done.Add(int64(min(batchSize, n-from)))
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// run runs a batch.
func (p *Plan) run(t Team, first, n uint64) error {
	batch := make([]Sequence, n)
	for i := range batch {
		batch[i] = p.Generate(first + uint64(i))
	}
	outcomes, err := t.outcomes(batch)
	if err != nil {
		return err
	}
	for i, s := range batch {
		for j := 1; j < len(t); j++ {
			if s.deviates(t[j].Kind()) < 0 && s.Difference(outcomes[0][i], outcomes[j][i]) != nil {
				return p.minimise(t, j, first+uint64(i), s)
			}
		}
	}
	return nil
}

// outcomes has every runner run a batch, all at the same time.
func (t Team) outcomes(batch []Sequence) ([][]Outcome, error) {
	outcomes, errs := make([][]Outcome, len(t)), make([]error, len(t))
	var wg sync.WaitGroup
	for i, runner := range t {
		wg.Go(func() {
			if outcomes[i], errs[i] = runner.Run(batch); errs[i] != nil {
				errs[i] = fmt.Errorf("%s %s: %w", runner.Name(), runner.Version(), errs[i])
			}
		})
	}
	wg.Wait()
	return outcomes, errors.Join(errs...)
}

// minimise cuts a sequence on which the first runner and another differ down to the steps that matter.
func (p *Plan) minimise(t Team, other int, seed uint64, s Sequence) error {
	pair := Team{t[0], t[other]}
	f := &Found{plan: p, Seed: seed, NameA: title(pair[0]), NameB: title(pair[1])}
	differs := func(s Sequence) bool {
		outcomes, err := pair.outcomes([]Sequence{s})
		if err != nil {
			return false
		}
		d := s.Difference(outcomes[0][0], outcomes[1][0])
		if d == nil {
			return false
		}
		f.Sequence, f.A, f.B, f.Difference = s, outcomes[0][0], outcomes[1][0], *d
		return true
	}
	if !differs(s) {
		return fmt.Errorf("diff: seed %d: %s and %s differed once, and not again", seed, f.NameA, f.NameB)
	}
	Minimise(s, differs)
	return f
}

func title(s Runner) string { return s.Name() + " " + s.Version() }
