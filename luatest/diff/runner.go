package diff

import (
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Runner is an engine that runs sequences. It is not for concurrent use.
type Runner interface {
	// Name and Version are the product's.
	Name() string
	Version() string
	// Kind is the engine's.
	Kind() string
	// Run runs each sequence in an empty database, and gives their outcomes.
	Run(batch []Sequence) ([]Outcome, error)
	// Close frees everything.
	Close() error
}

// memory is an engine whose clock can be moved.
type memory struct {
	engine.Engine
	plan *Plan
	sha1 map[string]string // by verb
	dump string
	now  time.Time
}

// NewMemory makes a runner of an engine in memory, with scripts of the plan's subject. It closes the engine with itself.
func (p *Plan) NewMemory(e engine.Engine, scripts []dist.Script) (Runner, error) {
	m := &memory{Engine: e, plan: p, sha1: map[string]string{}, now: Epoch}
	before := ""
	if e.Kind() == engine.KindMiniredis {
		before = wholeMS
	}
	for _, s := range scripts {
		sha1, err := e.Load(before + s.Source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		m.sha1[subject.Verb(s)] = sha1
	}
	var err error
	if m.dump, err = e.Load(dump); err != nil {
		return nil, err
	}
	return m, e.Subscribe(Listened)
}

func (m *memory) Run(batch []Sequence) ([]Outcome, error) {
	outcomes := make([]Outcome, len(batch))
	for i, s := range batch {
		var err error
		if outcomes[i], err = m.run(s); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

func (m *memory) run(s Sequence) (Outcome, error) {
	if err := m.FlushAll(); err != nil {
		return Outcome{}, err
	}
	if err := m.advance(Epoch.Sub(m.now) - Margin); err != nil {
		return Outcome{}, err
	}
	o := Outcome{Replies: make([]resp.Reply, len(s))}
	for i, step := range s {
		var err error
		switch {
		case step.Call != "":
			o.Replies[i], err = m.Call(m.sha1[step.Call], m.plan.keysOf(step), step.Args)
		case step.Do != nil:
			o.Replies[i], err = m.Do(step.Do...)
		default:
			err = m.advance(step.Advance)
		}
		if err != nil {
			return Outcome{}, err
		}
		o.Replies[i] = normal(o.Replies[i])
	}
	return o, m.inspect(&o)
}

func (m *memory) advance(d time.Duration) error {
	m.now = m.now.Add(d + Margin)
	return m.Advance(d)
}

// inspect reads what is left. A message is on its way while a PUBLISH says that it was received: the marker that is
// published last comes behind it.
func (m *memory) inspect(o *Outcome) error {
	reply, err := m.Call(m.dump, m.plan.Keys, nil)
	if err != nil {
		return err
	}
	if o.State, err = m.plan.stateOf(reply); err != nil {
		return err
	}
	if reply, err = m.Do("DBSIZE"); err != nil {
		return err
	}
	o.Keys = reply.Integer
	if _, err = m.Do("PUBLISH", Listened, marker); err != nil {
		return err
	}
	for {
		messages, err := m.Messages(Listened, 1)
		if err != nil {
			return err
		}
		for _, message := range messages {
			if message == marker {
				return nil
			}
			o.Messages = append(o.Messages, message)
		}
	}
}

// marker is the message that ends a sequence.
const marker = "the end"
