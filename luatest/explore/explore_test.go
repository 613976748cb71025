package explore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/explore"
)

// jugs is a world that has nothing to do with locks: two jugs of 3 and 5 litres, to be filled, emptied and poured from one
// into the other. Its fault is to have so many litres in one of them.
type jugs struct {
	wrong byte // litres; 0: nothing is wrong
	lost  bool // the first state cannot be told
}

func (w jugs) Name() string           { return "jugs" }
func (w jugs) Worker() explore.Worker { return &pourer{world: w} }

func (w jugs) Scenario(v *explore.Violation) ([]byte, error) {
	return fmt.Appendf(nil, "%d steps to %s", len(v.Path), v.Fault), nil
}

type pourer struct {
	world jugs
	at    [2]byte
}

// poured is what was done.
type poured string

func (p poured) String() string                { return string(p) }
func (p poured) Like(other explore.Event) bool { return p == other }
func (p poured) Kept() explore.Event           { return p }

func (p *pourer) First() (plain, canonical []byte, err error) {
	if p.world.lost {
		return nil, nil, errors.New("lost")
	}
	return []byte{0, 0}, []byte{0, 0}, nil
}

func (p *pourer) Plain() []byte { return p.at[:] }
func (p *pourer) Close()        {}

func (p *pourer) Explore(state []byte, visit func(*explore.Step) bool) {
	a, b := state[0], state[1]
	toB, toA := min(a, 5-b), min(b, 3-a)
	for _, next := range []struct {
		what string
		at   [2]byte
	}{
		{"fill 3", [2]byte{3, b}}, {"fill 5", [2]byte{a, 5}}, {"empty 3", [2]byte{0, b}}, {"empty 5", [2]byte{a, 0}},
		{"3 into 5", [2]byte{a - toB, b + toB}}, {"5 into 3", [2]byte{a + toA, b - toA}},
	} {
		p.at = next.at
		s := &explore.Step{State: slices.Clone(p.at[:]), Calls: 1, Event: poured(next.what)}
		if w := p.world.wrong; w > 0 && slices.Contains(p.at[:], w) {
			s.State, s.Fault = nil, explore.Faultf("M1", "there are %d litres", w)
		}
		if !visit(s) {
			return
		}
	}
}

// All that can be reached is found, and that there is no more.
func TestClosed(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 3} {
		r, err := explore.Search(t.Context(), jugs{}, explore.Options{Workers: workers})
		if err != nil || r.States != 16 || !r.Closed || r.Violation != nil || r.Transitions != 16*6 || r.MaxCalls != 1 {
			t.Errorf("%d workers: %v, %v", workers, r, err)
		}
	}
	r, err := explore.Search(t.Context(), jugs{}, explore.Options{Depth: 2})
	if err != nil || r.Closed || r.Depth != 2 {
		t.Errorf("%v, %v", r, err)
	}
}

// Four litres take six steps, and no way is shorter.
func TestShortestWay(t *testing.T) {
	t.Parallel()
	r, err := explore.Search(t.Context(), jugs{wrong: 4}, explore.Options{})
	if err != nil || r.Violation == nil || r.Depth != 6 {
		t.Fatalf("%v, %v", r, err)
	}
	want := []explore.Event{
		poured("fill 5"), poured("5 into 3"), poured("empty 3"), poured("5 into 3"), poured("fill 5"), poured("5 into 3"),
	}
	if !slices.Equal(r.Violation.Path, want) {
		t.Errorf("the way is %q", r.Violation.Path)
	}
	text := r.Violation.Error()
	if !strings.Contains(text, "6. 5 into 3") || !strings.Contains(text, "6 steps to M1: there are 4 litres") {
		t.Error(text)
	}
	if row := r.Row(); row.Failed != 1 || row.Passed != r.Transitions-1 {
		t.Errorf("%+v", row)
	}
}

// A world whose first state is no state is an error.
func TestNoFirstState(t *testing.T) {
	t.Parallel()
	if _, err := explore.Search(t.Context(), jugs{lost: true}, explore.Options{}); err == nil {
		t.Error("it was explored")
	}
}
