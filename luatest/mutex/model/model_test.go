package model

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestModel explores each world as deep as a quick run does.
func TestModel(t *testing.T) {
	scripts := load(t)
	for _, c := range Configs() {
		t.Run(c.Name, func(t *testing.T) {
			r, err := Search(t.Context(), scripts, c, explore.Options{Depth: c.Depth})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r)
			testreport.Report(t, r.Row())
			if r.Violation != nil {
				t.Error(r.Violation)
			}
		})
	}
}

// TestWorkers checks that the result does not depend on how many search, nor the way that is found.
func TestWorkers(t *testing.T) {
	t.Parallel()
	scripts := load(t)
	const name = "release does not look at the queue"
	s := seeds[slices.IndexFunc(seeds, func(s seed) bool { return s.name == name })]
	bug, c := s.plant(t, scripts), configOf(t, s.world)
	var first string
	for _, workers := range []int{1, 5} {
		good, err := Search(t.Context(), scripts, c, explore.Options{Depth: 4, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		bad, err := Search(t.Context(), bug, c, explore.Options{Depth: s.depth, Workers: workers})
		if err != nil || bad.Violation == nil {
			t.Fatal(err, bad)
		}
		got := fmt.Sprint(good.States, good.Transitions, good.Depth, bad.Violation)
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("with %d workers: %s, with one: %s", workers, got, first)
		}
	}
}
