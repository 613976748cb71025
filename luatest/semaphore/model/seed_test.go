package model

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/explore"
	planting "github.com/zferentz/go-redilock/luatest/explore/seed"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// seed is a known bug: an edit of the scripts that the search must find.
type seed struct {
	name  string
	world string   // where it is found
	depth int      // in so many actions at the most
	files string   // the scripts that are edited, by their verbs
	edits []string // pairs: what is there, what is there instead

	// hidden says that no scenario shows it: it is about an instant, a message, or how long a key lives.
	hidden bool
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
			Section: "model", Subject: "known bugs of the semaphore", Passed: n, Failed: len(seeds) - n,
			Notes: []string{fmt.Sprintf("%d edits of the scripts, %d found and replayed as a scenario", len(seeds), n)},
		})
	})
	for _, s := range seeds {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			all := Configs()
			c := all[slices.IndexFunc(all, func(c Config) bool { return c.Name == s.world })]
			wrong := planting.Plant(t, scripts, s.files, s.edits)
			r, err := Search(t.Context(), wrong, c, explore.Options{Depth: s.depth})
			if err != nil {
				t.Fatal(err)
			}
			if r.Violation == nil {
				t.Fatalf("not found in %d states, %d transitions, depth %d", r.States, r.Transitions, r.Depth)
			}
			t.Logf("found in %d transitions, depth %d: %v", r.Transitions, r.Depth, r.Violation.Story())
			text, err := r.Violation.Scenario()
			if errors.Is(err, errNoScenario) {
				found.Add(1)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			right, err := c.Scripts(scripts)
			if err == nil {
				wrong, err = c.Scripts(wrong)
			}
			if err != nil {
				t.Fatal(err)
			}
			planting.Replay(t, func() (engine.Engine, error) { return engine.NewLua() }, text, wrong, right, !s.hidden)
			if !t.Failed() {
				found.Add(1)
			}
		})
	}
}
