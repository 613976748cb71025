package explore

import (
	"fmt"
	"strings"
)

// Violation is the shortest way to something that must not be.
type Violation struct {
	World string
	Fault *Fault
	Path  []Event // what happened, the last of which went wrong

	world World
}

// Error tells all of it, on several lines, and gives the scenario.
func (v *Violation) Error() string {
	text, err := v.Scenario()
	if err != nil {
		return v.Story() + err.Error()
	}
	return fmt.Sprintf("%sAs a scenario, to replay on any engine (a file below luatest/scenarios, go test ./luatest):\n%s",
		v.Story(), text)
}

// Scenario is the way to it as a file of scenarios, which expects what should have been.
func (v *Violation) Scenario() ([]byte, error) { return v.world.Scenario(v) }

// Story tells what happened, on several lines.
func (v *Violation) Story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nafter %d steps:\n", v.World, v.Fault.Error(), len(v.Path))
	for i, s := range v.Path {
		fmt.Fprintf(&b, "  %2d. %s\n", i+1, s)
	}
	return b.String()
}

// violation walks the way to a fault once more: states are kept as hashes, so at each of them the step is looked for
// that leads to the next. States do not know what the clients are called; here they keep their names, so that one who
// did something in one step is the same one in the next.
func (s *search) violation(w Worker, parent uint32, last *Step) *Violation {
	var way []hash
	for at := parent; at != 0; at = s.nodes[at].parent {
		way = append(way, s.nodes[at].hash)
	}
	v := &Violation{World: s.world.Name(), Fault: last.Fault, world: s.world}
	state := s.first
	for i := len(way) - 1; i >= 0; i-- {
		found := false
		w.Explore(state, func(t *Step) bool {
			if t.Fault != nil || s.hash(t.State) != way[i] {
				return true
			}
			found = true
			v.Path = append(v.Path, t.Event.Kept())
			state = w.Plain()
			return false
		})
		if !found {
			panic("explore: a state cannot be reached a second time")
		}
	}
	w.Explore(state, func(t *Step) bool {
		if t.Fault == nil || t.Fault.Promise != last.Fault.Promise || !t.Event.Like(last.Event) {
			return true
		}
		v.Fault = t.Fault
		v.Path = append(v.Path, t.Event.Kept())
		return false
	})
	return v
}
