package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// Failure is a step that went otherwise than its scenario says.
type Failure struct {
	Scenario Scenario
	Path     string // of the step: 3, or 3.1 for the first step of a repeated one
	Step     Step
	Err      error  // what was expected, and what came
	State    string // all that the server had after the step
}

// Error tells all of it, on several lines.
func (f *Failure) Error() string {
	step, err := json.Marshal(f.Step)
	if err != nil {
		step = []byte(err.Error())
	}
	return fmt.Sprintf("%s (%s): %s\n  step %s: %s\n  %v\n  the server has:\n%s",
		f.Scenario.Name, f.Scenario.File, f.Scenario.Title, f.Path, step, f.Err, f.State)
}

// Unwrap is Err.
func (f *Failure) Unwrap() error { return f.Err }

// replay is one run of a scenario.
type replay struct {
	scope
	engine   engine.Engine
	scenario Scenario
	roles    []string          // of the keys, in order
	sha1     map[string]string // of the scripts, by verb
}

// Replay runs a scenario on an engine with an empty database. Its error is a *[Failure] when a step went wrong.
func Replay(e engine.Engine, scripts []dist.Script, s Scenario) error {
	r := &replay{engine: e, scenario: s, sha1: map[string]string{}}
	r.vars, r.keys = map[string]resp.Reply{}, map[string]string{}
	name := s.Name
	if s.Lock != nil {
		var err error
		if name, err = r.text(*s.Lock); err != nil {
			return err
		}
	}
	for _, script := range scripts {
		verb, ok := strings.CutPrefix(script.Name, s.Primitive+".")
		if !ok || script.Version != s.Version {
			continue
		}
		sha1, err := e.Load(script.Source)
		if err != nil {
			return fmt.Errorf("%s: %w", script.Name, err)
		}
		if sha1 != script.SHA1 {
			return fmt.Errorf("%s: the server says that its sha1 is %s, the manifest %s", script.Name, sha1, script.SHA1)
		}
		r.sha1[verb] = sha1
		r.roles = r.roles[:0]
		for _, key := range script.Keys {
			r.roles = append(r.roles, key.Name)
			if r.keys[key.Name], err = KeyName(name, key.Suffix); err != nil {
				return err
			}
		}
	}
	return r.run(s.Steps, "")
}

func (r *replay) run(steps []Step, prefix string) error {
	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		if step.Repeat > 0 {
			for n := range step.Repeat {
				r.vars[step.As] = resp.Integer(int64(n + 1))
				if err := r.run(step.Steps, path+"."); err != nil {
					return err
				}
			}
			continue
		}
		if err := r.step(step); err != nil {
			return &Failure{Scenario: r.scenario, Path: path, Step: step, Err: err, State: r.dump()}
		}
	}
	return nil
}

func (r *replay) step(step Step) error {
	switch {
	case step.Call != "":
		return r.call(step)
	case step.Do != nil:
		words, err := r.texts(step.Do)
		if err != nil {
			return err
		}
		reply, err := r.engine.Do(words...)
		if err != nil {
			return err
		}
		if step.Reply == nil {
			return reply.Err()
		}
		return r.match(step.Reply, reply)
	case step.AdvanceMS > 0:
		return r.engine.Advance(time.Duration(step.AdvanceMS) * time.Millisecond)
	case step.Subscribe != nil:
		channels, err := r.texts(step.Subscribe)
		if err != nil {
			return err
		}
		return r.engine.Subscribe(channels...)
	case step.Unsubscribe != nil:
		channels, err := r.texts(step.Unsubscribe)
		if err != nil {
			return err
		}
		return r.engine.Unsubscribe(channels...)
	case step.Messages != nil:
		return r.messages(*step.Messages)
	case step.State != nil:
		return r.state(*step.State)
	}
	return fmt.Errorf("the step does nothing")
}

func (r *replay) call(step Step) error {
	sha1, ok := r.sha1[step.Call]
	if !ok {
		return fmt.Errorf("no script %s.%s of version %d", r.scenario.Primitive, step.Call, r.scenario.Version)
	}
	var keys []string
	for _, role := range r.roles {
		keys = append(keys, r.keys[role])
	}
	args, err := r.texts(step.Args)
	if err != nil {
		return err
	}
	if step.Keys != nil {
		if keys, err = r.texts(*step.Keys); err != nil {
			return err
		}
	}
	reply, err := r.engine.Call(sha1, keys, args)
	if err != nil {
		return err
	}
	if step.Reply == nil {
		return fmt.Errorf("the step says not what the call answers; it was %s", reply)
	}
	return r.match(step.Reply, reply)
}

func (r *replay) messages(want Messages) error {
	channel, err := r.text(want.Channel)
	if err != nil {
		return err
	}
	arrived, err := r.engine.Messages(channel, len(want.Payloads))
	if err != nil {
		return err
	}
	got := make([]resp.Reply, len(arrived))
	for i, message := range arrived {
		got[i] = resp.String(message)
	}
	return r.matchAll(want.Payloads, got)
}
