package model

import (
	"fmt"
	"strings"
)

// Violation is the shortest way to something that must not be.
type Violation struct {
	Fault  *Fault
	Steps  []string // what happened, the last of which went wrong
	config *Config
	path   []step
}

// Error tells all of it, on several lines, and gives the scenario.
func (v *Violation) Error() string {
	text, err := v.Scenario()
	if err != nil {
		return v.Story() + err.Error()
	}
	return fmt.Sprintf("%sAs a scenario, to replay on any engine (a file in luatest/scenarios, go test ./luatest):\n%s",
		v.Story(), text)
}

// Story tells what happened, on several lines.
func (v *Violation) Story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nafter %d steps:\n", v.config.Name, v.Fault.Error(), len(v.Steps))
	for i, s := range v.Steps {
		fmt.Fprintf(&b, "  %2d. %s\n", i+1, s)
	}
	return b.String()
}

// violation walks the way to a fault once more: states are kept as hashes, so at each of them the action is looked for
// that leads to the next. States do not know what the clients are called; here they keep their names, so that one who
// did something in one step is the same one in the next.
func (s *search) violation(r *runner, parent uint32, last *step) *Violation {
	var way []hash
	for at := parent; at != 0; at = s.nodes[at].parent {
		way = append(way, s.nodes[at].hash)
	}
	v := &Violation{Fault: last.fault, config: s.config}
	state := s.first
	for i := len(way) - 1; i >= 0; i-- {
		found := false
		r.explore(state, func(t *step) bool {
			if t.fault != nil || s.hash(t.state) != way[i] {
				return true
			}
			found = true
			v.add(t)
			state = r.plain()
			return false
		})
		if !found {
			panic("model: a state cannot be reached a second time")
		}
	}
	r.explore(state, func(t *step) bool {
		if t.fault == nil || t.fault.Promise != last.fault.Promise || t.action.verb != last.action.verb {
			return true
		}
		v.Fault = t.fault
		v.add(t)
		return false
	})
	return v
}

// plain encodes the world's state with the clients' own names.
func (r *runner) plain() []byte {
	b, err := r.world.encode(nil, r.renames[0])
	if err != nil {
		panic(err)
	}
	return b
}

func (v *Violation) add(t *step) {
	kept := *t
	kept.judged.out.published = append([]message{}, t.judged.out.published...)
	v.path = append(v.path, kept)
	text := v.config.describe(t.action)
	if t.action.verb.isCall() {
		text += " → " + t.judged.out.reply.String()
		for _, m := range t.judged.out.published {
			text += fmt.Sprintf(", published %q", m.payload)
			if !m.received {
				text += " (nobody listens)"
			}
		}
	}
	v.Steps = append(v.Steps, text)
}
