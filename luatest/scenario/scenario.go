// Package scenario loads and replays scenarios: what a script answers, step by step, and what it leaves behind. They
// are data, so that a client in any language can replay them; folder scenarios has them, and the format's
// description.
package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/engine"
)

// Scenario is one story, on one lock, in an empty database.
type Scenario struct {
	Name      string   `json:"name"`  // unique; also the name of its lock, unless Lock says otherwise
	Title     string   `json:"title"` // a sentence: what it shows, and why that matters
	Shows     []string `json:"shows"` // the promises that it checks: M1 to M10
	Primitive string   `json:"-"`     // of its file: mutex
	Version   int      `json:"-"`     // of its file
	File      string   `json:"-"`
	Lock      *Value   `json:"lock,omitempty"`      // the name of its lock
	Engines   []string `json:"engines,omitempty"`   // the kinds of engines it can run on; none: all
	Reason    string   `json:"reason,omitempty"`    // why not on all
	Exclusive bool     `json:"exclusive,omitempty"` // changes settings of the server: needs one of its own
	Steps     []Step   `json:"steps"`
}

// Step is one step. Exactly one of Call, Do, AdvanceMS, Subscribe, Unsubscribe, Messages, State and Repeat is set.
type Step struct {
	Why         string          `json:"why,omitempty"`
	Call        string          `json:"call,omitempty"` // the script's verb
	Keys        *[]Value        `json:"keys,omitempty"` // of a call; nil: all the keys of the lock, in order
	Args        []Value         `json:"args,omitempty"` // of a call
	Do          []Value         `json:"do,omitempty"`   // a command
	Reply       json.RawMessage `json:"reply,omitempty"`
	AdvanceMS   int             `json:"advance_ms,omitempty"`
	Subscribe   []Value         `json:"subscribe,omitempty"`
	Unsubscribe []Value         `json:"unsubscribe,omitempty"`
	Messages    *Messages       `json:"messages,omitempty"`
	State       *[]Key          `json:"state,omitempty"`
	Repeat      int             `json:"repeat,omitempty"` // how often Steps are done
	As          string          `json:"as,omitempty"`     // the variable that counts them, from 1
	Steps       []Step          `json:"steps,omitempty"`
}

// Messages is all that has arrived on a channel since it was last asked for, in order.
type Messages struct {
	Channel  Value             `json:"channel"`
	Payloads []json.RawMessage `json:"payloads"`
}

// Key is one key of the database. A state lists all of them.
type Key struct {
	Key     Value             `json:"key"`
	Type    string            `json:"type"`              // as TYPE answers
	PTTL    json.RawMessage   `json:"pttl"`              // ms; -1: no expiry
	Value   json.RawMessage   `json:"value,omitempty"`   // of a string
	Members []json.RawMessage `json:"members,omitempty"` // of a sorted set, in order
	Fields  []json.RawMessage `json:"fields,omitempty"`  // of a hash, sorted by bytes
}

// Load reads every *.json below files that has scenarios, and checks them.
func Load(files fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	var all []Scenario
	var problems []error
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(text, []byte(`"scenarios"`)) || bytes.Contains(text, []byte(`"$schema"`)) {
			continue // other data, or the schema
		}
		var file struct {
			Primitive string     `json:"primitive"`
			Version   int        `json:"version"`
			Scenarios []Scenario `json:"scenarios"`
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&file); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			continue
		}
		for _, s := range file.Scenarios {
			s.Primitive, s.Version, s.File = file.Primitive, file.Version, name
			all = append(all, s)
		}
	}
	if err := errors.Join(append(problems, check(all))...); err != nil {
		return nil, err
	}
	return all, nil
}

// check finds what the decoder does not see.
func check(all []Scenario) error {
	var problems []error
	names, channels := map[string]bool{}, map[string]string{}
	for _, s := range all {
		complain := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("%s: %s: %s", s.File, s.Name, fmt.Sprintf(format, args...)))
		}
		if s.Name == "" || s.Title == "" {
			complain("a scenario has a name and a title")
		}
		if names[s.Name] {
			complain("the name is taken")
		}
		names[s.Name] = true
		if len(s.Shows) == 0 {
			complain("names none of M1 to M10")
		}
		for _, m := range s.Shows {
			if !slices.Contains(promises, m) {
				complain("%q is none of M1 to M10", m)
			}
		}
		if len(s.Engines) > 0 && s.Reason == "" {
			complain("says not why it runs on some engines only")
		}
		for _, kind := range s.Engines {
			if !slices.Contains([]string{engine.KindLua, engine.KindMiniredis, engine.KindReal}, kind) {
				complain("unknown engine %q", kind)
			}
		}
		if len(s.Steps) == 0 || s.Steps[len(s.Steps)-1].State == nil {
			complain("the last step is not the state that is left")
		}
		walk(s.Steps, "", func(path string, step Step) {
			if n := step.actions(); n != 1 {
				complain("step %s has %d actions, not one", path, n)
			}
			// Databases keep scenarios apart on one server, but channels are the server's.
			for _, channel := range step.Subscribe {
				name := string(channel.raw)
				if owner, taken := channels[name]; taken && owner != s.Name {
					complain("step %s listens on %s, as %s does", path, name, owner)
				}
				channels[name] = s.Name
			}
		})
	}
	return errors.Join(problems...)
}

var promises = strings.Fields("M1 M2 M3 M4 M5 M6 M7 M8 M9 M10")

// actions counts what the step does.
func (s Step) actions() int {
	n := 0
	for _, set := range []bool{
		s.Call != "", s.Do != nil, s.AdvanceMS != 0, s.Subscribe != nil, s.Unsubscribe != nil, s.Messages != nil,
		s.State != nil, s.Repeat != 0,
	} {
		if set {
			n++
		}
	}
	return n
}

func walk(steps []Step, prefix string, visit func(path string, step Step)) {
	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		visit(path, step)
		walk(step.Steps, path+".", visit)
	}
}

// RunsOn says whether the scenario can run on a kind of engine.
func (s Scenario) RunsOn(kind string) bool {
	return len(s.Engines) == 0 || slices.Contains(s.Engines, kind)
}
