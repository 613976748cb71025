package model

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/explore"
	planting "github.com/zferentz/go-redilock/luatest/explore/seed"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

func load(t *testing.T) []dist.Script {
	t.Helper()
	scripts, err := mutex.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

func configOf(t *testing.T, name string) Config {
	t.Helper()
	all := Configs()
	i := slices.IndexFunc(all, func(c Config) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no world %q", name)
	}
	return all[i]
}

// plant edits the scripts. Each edit must be possible in each of the files.
func (s *seed) plant(t *testing.T, scripts []dist.Script) []dist.Script {
	t.Helper()
	return planting.Plant(t, scripts, s.files, s.edits)
}

// TestSeeds plants known bugs, one at a time. Each must be found, and the scenario that is made of it must fail with the
// bug, and pass without.
func TestSeeds(t *testing.T) {
	t.Parallel()
	scripts := load(t)
	var found atomic.Int64
	t.Cleanup(func() {
		n := int(found.Load())
		testreport.Report(t, testreport.Row{
			Section: "model", Subject: "known bugs", Passed: n, Failed: len(seeds) - n,
			Notes: []string{fmt.Sprintf("%d edits of the scripts, %d found and replayed as a scenario", len(seeds), n)},
		})
	})
	for _, s := range seeds {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if !t.Failed() {
					found.Add(1)
				}
			}()
			text, wrong, right := s.find(t, scripts)
			s.check(t, func() (engine.Engine, error) { return engine.NewLua() }, text, wrong, right)
		})
	}
}

// TestSeedsOnServers replays some of those scenarios on real servers.
func TestSeedsOnServers(t *testing.T) {
	t.Parallel()
	scripts := load(t)
	server.ForEach(t, server.Options{}, func(t *testing.T, running *server.Server) {
		for i, name := range []string{
			"anybody can release", "a newcomer overtakes the queue of a free lock", // each without a pause between its steps
			"a waiter that nobody listens for keeps the lock", "a successor takes the head of the queue",
		} {
			s := &seeds[slices.IndexFunc(seeds, func(s seed) bool { return s.name == name })]
			text, wrong, right := s.find(t, scripts)
			s.check(t, func() (engine.Engine, error) { return engine.NewReal(running, i) }, text, wrong, right)
		}
	})
}

// find searches for the bug, and gives the scenario that is made of it, and the scripts with and without the bug.
func (s *seed) find(t *testing.T, scripts []dist.Script) (text []byte, wrong, right []dist.Script) {
	t.Helper()
	c := configOf(t, s.world)
	wrong = s.plant(t, scripts)
	r, err := Search(t.Context(), wrong, c, explore.Options{Depth: s.depth})
	if err != nil {
		t.Fatal(err)
	}
	if r.Violation == nil {
		t.Fatalf("%s: not found in %d states, %d transitions, depth %d", s.name, r.States, r.Transitions, r.Depth)
	}
	t.Logf("found in %d transitions, depth %d: %v", r.Transitions, r.Depth, r.Violation.Story())
	if text, err = r.Violation.Scenario(); err != nil {
		t.Fatal(err)
	}
	if wrong, err = c.Scripts(wrong); err != nil {
		t.Fatal(err)
	}
	if right, err = c.Scripts(scripts); err != nil {
		t.Fatal(err)
	}
	return text, wrong, right
}

// check replays a file of one scenario, which must fail with the bug and pass without.
func (s *seed) check(t *testing.T, open func() (engine.Engine, error), text []byte, wrong, right []dist.Script) {
	t.Helper()
	planting.Replay(t, open, text, wrong, right, !s.instant)
}
