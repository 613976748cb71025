package mutation

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/zferentz/go-redilock/luatest/coverage"
	"github.com/zferentz/go-redilock/luatest/coverage/suite"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// Mutant is a source file that was changed in one place, and so every script that includes it.
type Mutant struct {
	File string // the source file of the change
	Line int    // in that file
	Text string // of the line, trimmed
	What string // was changed

	scripts []mutated
}

// mutated is one script of a mutant.
type mutated struct {
	script dist.Script
	index  int // among the changes of the script
	line   int // of the script as it is shipped
}

// Key names a mutant for as long as its line stays the same, wherever that moves. Two changes of a line may share it.
func (m Mutant) Key() string { return path.Base(m.File) + " | " + m.Text + " | " + m.What }

// String shows the mutant.
func (m Mutant) String() string {
	return fmt.Sprintf("%s:%d\n\t  %s\n\t~ %s", m.File, m.Line, m.Text, m.What)
}

// All lists the mutants of the suite's scripts, in the order of scripts and lines.
func All(s *suite.Suite) ([]Mutant, error) {
	var all []Mutant
	known := map[string]int{}
	for _, script := range s.Scripts {
		chunk, err := sandbox.Parse(script.Source)
		if err != nil {
			return nil, err
		}
		lines, count := strings.Split(script.Source, "\n"), map[string]int{}
		for i, c := range changes(chunk) {
			origin := s.Origin(script, c.line)
			m := Mutant{File: origin.File, Line: origin.Line, Text: strings.TrimSpace(lines[c.line-1]), What: c.what}
			key := fmt.Sprintf("%v %s", origin, c.what)
			count[key]++
			key = fmt.Sprintf("%s %d", key, count[key])
			n, ok := known[key]
			if !ok {
				n = len(all)
				known[key] = n
				all = append(all, m)
			}
			all[n].scripts = append(all[n].scripts, mutated{script, i, c.line})
		}
	}
	return all, nil
}

// stepLimit is how many instructions a scenario of a mutant may run: some loop for ever.
const stepLimit = 500_000

// Hunter finds out which mutants live.
type Hunter struct {
	suite *suite.Suite
	// reaches are, by script and line, the scenarios that run the line: no other can notice a change of it.
	reaches map[string]map[int][]scenario.Scenario
	// code are, by script, the lines that have instructions. A table that is written over several lines has them all in one.
	code map[string]map[int]bool
}

// NewHunter replays every scenario once, to see which lines it runs.
func NewHunter(s *suite.Suite) (*Hunter, error) {
	h := &Hunter{suite: s, reaches: map[string]map[int][]scenario.Scenario{}, code: map[string]map[int]bool{}}
	for _, script := range s.Scripts {
		h.code[script.Name] = coverage.Lines(s.Compiled(script).Proto)
	}
	for _, sc := range s.Scenarios {
		e, err := s.Engine()
		if err != nil {
			return nil, err
		}
		rec := coverage.Record(e.Lua)
		if err := errors.Join(scenario.Replay(e, s.Scripts, sc), e.Close()); err != nil {
			return nil, err
		}
		for _, script := range s.Scripts {
			for line := range rec.Lines(s.Compiled(script).Proto) {
				if h.reaches[script.Name] == nil {
					h.reaches[script.Name] = map[int][]scenario.Scenario{}
				}
				h.reaches[script.Name][line] = append(h.reaches[script.Name][line], sc)
			}
		}
	}
	return h, nil
}

// Lives reports whether no scenario notices the mutant, in any of its scripts.
func (h *Hunter) Lives(m Mutant) (bool, error) {
	for _, in := range m.scripts {
		changed, err := in.compile()
		if err != nil {
			return false, nil //nolint:nilerr // what does not compile is noticed by any server
		}
		for _, sc := range h.reach(in) {
			noticed, err := h.notices(changed, sc)
			if noticed || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// reach gives the scenarios that run the line of a change.
func (h *Hunter) reach(in mutated) []scenario.Scenario {
	if !h.code[in.script.Name][in.line] {
		return h.suite.Scenarios
	}
	return h.reaches[in.script.Name][in.line]
}

// Commands gives the commands that a mutant that lives sends in the scenarios that reach it, and those of the scripts as
// they are.
func (h *Hunter) Commands(m Mutant) (mutant, sound []string, err error) {
	for _, in := range m.scripts {
		changed, err := in.compile()
		if err != nil {
			return nil, nil, err
		}
		for _, sc := range h.reach(in) {
			if mutant, err = h.record(mutant, sc, changed); err != nil {
				return nil, nil, err
			}
			if sound, err = h.record(sound, sc); err != nil {
				return nil, nil, err
			}
		}
	}
	return mutant, sound, nil
}

func (h *Hunter) record(commands []string, sc scenario.Scenario, instead ...*sandbox.Script) ([]string, error) {
	e, err := h.suite.Engine(instead...)
	if err != nil {
		return nil, err
	}
	e.Sandbox().SetTrace(func(c sandbox.Command) { commands = append(commands, strings.Join(c.Args, " ")) })
	return commands, errors.Join(scenario.Replay(e, h.suite.Scripts, sc), e.Close())
}

// compile makes the change.
func (in mutated) compile() (*sandbox.Script, error) {
	chunk, err := sandbox.Parse(in.script.Source)
	if err != nil {
		return nil, err
	}
	changes(chunk)[in.index].do()
	return sandbox.CompileChunk(chunk, in.script.Source)
}

func (h *Hunter) notices(changed *sandbox.Script, sc scenario.Scenario) (noticed bool, err error) {
	e, err := h.suite.Engine(changed)
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
	return scenario.Replay(e, h.suite.Scripts, sc) != nil, nil
}

// Hunt asks about all, on so many goroutines, and gives those that live in their order. progress is called after each.
func (h *Hunter) Hunt(all []Mutant, workers int, progress func()) ([]Mutant, error) {
	lives := make([]bool, len(all))
	failed := make([]error, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				lives[i], failed[i] = h.Lives(all[i])
				progress()
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	var alive []Mutant
	for i, m := range all {
		if lives[i] {
			alive = append(alive, m)
		}
	}
	return alive, errors.Join(failed...)
}
