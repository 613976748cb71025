package meaning

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/coverage/suite"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// stepLimit is how many instructions a scenario of a mutant may run: some loop for ever.
const stepLimit = 2_000_000

// Noticed lists the scenarios that notice a mutant, in their order, so many at the most; 0: all. A step that expects or
// gets BADARG does not count: what only such a step notices is no change of meaning.
func Noticed(s *suite.Suite, m Mutant, most int) ([]string, error) {
	changed, err := m.Apply(s.Scripts)
	if err != nil {
		return nil, err
	}
	var instead []*sandbox.Script
	for _, script := range changed {
		compiled, err := sandbox.Compile(script.Source)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", m.Name, script.Name, err)
		}
		compiled.SHA1 = script.SHA1
		instead = append(instead, compiled)
	}
	var names []string
	for _, sc := range s.Scenarios {
		noticed, err := notices(s, instead, sc)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", m.Name, sc.Name, err)
		}
		if noticed {
			names = append(names, sc.Name)
		}
		if len(names) == most && most > 0 {
			break
		}
	}
	return names, nil
}

func notices(s *suite.Suite, instead []*sandbox.Script, sc scenario.Scenario) (noticed bool, err error) {
	e, err := s.Engine(instead...)
	if err != nil {
		return false, err
	}
	defer func() {
		if recover() != nil { // the sandbox panics where a real server would crash
			noticed = true
		}
		err = errors.Join(err, e.Close())
	}()
	coverage.Limit(e.Lua, stepLimit)
	err = scenario.Replay(e, s.Scripts, sc)
	var failure *scenario.Failure
	if errors.As(err, &failure) {
		said := string(failure.Step.Reply) + failure.Err.Error() // what was to come, and what came
		return !strings.Contains(said, "BADARG"), nil
	}
	return false, err
}

// Hunt asks about all the mutants, on so many goroutines: the names of the scenarios that notice each, in their order.
func Hunt(s *suite.Suite, all []Mutant, most, workers int) ([][]string, error) {
	names, failed := make([][]string, len(all)), make([]error, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				names[i], failed[i] = Noticed(s, all[i], most)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return names, errors.Join(failed...)
}
