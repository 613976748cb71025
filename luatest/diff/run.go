package diff

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Team is one of each subject. The first is the one that the others are compared to.
type Team []Subject

// Found is a sequence that two subjects disagree on, cut down to the steps that matter.
type Found struct {
	Seed       uint64
	Sequence   Sequence
	A, B       Outcome
	NameA      string // and version: of the subject that the other is compared to
	NameB      string
	Difference Difference
}

func (f Found) Error() string {
	return fmt.Sprintf("seed %d: %s differs from %s in %d steps: %s",
		f.Seed, f.NameB, f.NameA, len(f.Sequence), f.Difference)
}

// batchSize is how many sequences a subject is given at a time.
const batchSize = 50

// Run runs the sequences of seeds first to first+n-1, with every team at work on some of them. It stops at the first
// difference, a *[Found]. done, if it is not nil, counts the sequences that every subject agreed on.
func Run(teams []Team, first, n uint64, done *atomic.Int64) error {
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
				if errs[i] = team.run(first+from, min(batchSize, n-from)); errs[i] != nil {
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
func (t Team) run(first, n uint64) error {
	batch := make([]Sequence, n)
	for i := range batch {
		batch[i] = Generate(first + uint64(i))
	}
	outcomes, err := t.outcomes(batch)
	if err != nil {
		return err
	}
	for i, s := range batch {
		for j := 1; j < len(t); j++ {
			if s.deviates(t[j].Kind()) < 0 && s.Difference(outcomes[0][i], outcomes[j][i]) != nil {
				return t.minimise(j, first+uint64(i), s)
			}
		}
	}
	return nil
}

// outcomes has every subject run a batch, all at the same time.
func (t Team) outcomes(batch []Sequence) ([][]Outcome, error) {
	outcomes, errs := make([][]Outcome, len(t)), make([]error, len(t))
	var wg sync.WaitGroup
	for i, subject := range t {
		wg.Go(func() {
			if outcomes[i], errs[i] = subject.Run(batch); errs[i] != nil {
				errs[i] = fmt.Errorf("%s %s: %w", subject.Name(), subject.Version(), errs[i])
			}
		})
	}
	wg.Wait()
	return outcomes, errors.Join(errs...)
}

// minimise cuts a sequence on which the first subject and another differ down to the steps that matter.
func (t Team) minimise(other int, seed uint64, s Sequence) error {
	pair := Team{t[0], t[other]}
	f := &Found{Seed: seed, NameA: title(pair[0]), NameB: title(pair[1])}
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

func title(s Subject) string { return s.Name() + " " + s.Version() }
