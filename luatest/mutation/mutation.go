package mutation

import (
	"errors"
	"fmt"
	"path"
	"slices"
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
	// sound are, by scenario, the commands of the scripts as they are.
	sound map[string][]string
	// code are, by script, the lines that have instructions. A table that is written over several lines has them all in one.
	code map[string]map[int]bool
}

// NewHunter replays every scenario once, to see which lines it runs and what it sends.
func NewHunter(s *suite.Suite) (*Hunter, error) {
	h := &Hunter{
		suite: s, sound: map[string][]string{},
		reaches: map[string]map[int][]scenario.Scenario{}, code: map[string]map[int]bool{},
	}
	for _, script := range s.Scripts {
		h.code[script.Name] = coverage.Lines(s.Compiled(script).Proto)
		h.reaches[script.Name] = map[int][]scenario.Scenario{}
	}
	for _, sc := range s.Scenarios {
		e, err := s.Engine()
		if err != nil {
			return nil, err
		}
		rec := coverage.Record(e.Lua)
		if h.sound[sc.Name], err = trace(e, s, sc); err != nil {
			return nil, err
		}
		for _, script := range s.Scripts {
			reaches := h.reaches[script.Name]
			for line := range rec.Lines(s.Compiled(script).Proto) {
				reaches[line] = append(reaches[line], sc)
			}
		}
	}
	for _, reaches := range h.reaches {
		for _, all := range reaches {
			h.shortFirst(all)
		}
	}
	s.Scenarios = slices.Clone(s.Scenarios)
	h.shortFirst(s.Scenarios)
	return h, nil
}

// shortFirst sorts scenarios by how much they do: most mutants are noticed by many.
func (h *Hunter) shortFirst(all []scenario.Scenario) {
	slices.SortStableFunc(all, func(a, b scenario.Scenario) int { return len(h.sound[a.Name]) - len(h.sound[b.Name]) })
}

// trace replays a scenario, and gives the commands that the scripts send.
func trace(e *suite.Engine, s *suite.Suite, sc scenario.Scenario) (commands []string, err error) {
	e.Sandbox().SetTrace(func(c sandbox.Command) { commands = append(commands, strings.Join(c.Args, " ")) })
	err = errors.Join(scenario.Replay(e, s.Scripts, sc), e.Close())
	return commands, err
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

// Survivor is a mutant that no scenario notices, and what it sends in those that reach it.
type Survivor struct {
	Mutant
	Sent  int  // commands
	Sound int  // commands of the scripts as they are
	Same  bool // they are the same, in the same order
}

// survivor looks at what a mutant that lives sends.
func (h *Hunter) survivor(m Mutant) (Survivor, error) {
	s := Survivor{Mutant: m, Same: true}
	for _, in := range m.scripts {
		changed, err := in.compile()
		if err != nil {
			return s, err
		}
		for _, sc := range h.reach(in) {
			e, err := h.suite.Engine(changed)
			if err != nil {
				return s, err
			}
			sent, err := trace(e, h.suite, sc)
			if err != nil {
				return s, err
			}
			sound := h.sound[sc.Name]
			s.Sent, s.Sound, s.Same = s.Sent+len(sent), s.Sound+len(sound), s.Same && slices.Equal(sent, sound)
		}
	}
	return s, nil
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
func (h *Hunter) Hunt(all []Mutant, workers int, progress func()) ([]Survivor, error) {
	lives := make([]bool, len(all))
	survivors := make([]Survivor, len(all))
	failed := make([]error, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if lives[i], failed[i] = h.Lives(all[i]); lives[i] {
					survivors[i], failed[i] = h.survivor(all[i])
				}
				progress()
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	var alive []Survivor
	for i, s := range survivors {
		if lives[i] {
			alive = append(alive, s)
		}
	}
	return alive, errors.Join(failed...)
}
