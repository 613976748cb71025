package model

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/explore"
)

// program is the scripts of the mutex, compiled: any number of runners share it.
type program struct {
	scripts [len(scriptNames)]*sandbox.Script
}

// compile takes the scripts of mutex version 1.
func compile(c *Config, scripts []dist.Script) (*program, error) {
	scripts, err := c.Scripts(scripts)
	if err != nil {
		return nil, err
	}
	p := &program{}
	for i, verb := range scriptNames {
		script, err := dist.Find(scripts, "mutex", 1, verb)
		if err != nil {
			return nil, err
		}
		if p.scripts[i], err = sandbox.Compile(script.Source); err != nil {
			return nil, fmt.Errorf("model: %s: %w", script.File, err)
		}
	}
	return p, nil
}

// Scripts are the scripts as they run in this world: with a Sweep of its own, that number is another in their text.
func (c *Config) Scripts(scripts []dist.Script) ([]dist.Script, error) {
	if c.Sweep == 0 {
		return scripts, nil
	}
	changed, found := slices.Clone(scripts), false
	for i := range changed {
		s := &changed[i]
		if !strings.Contains(s.Source, sweepText) {
			continue
		}
		s.Source, found = strings.Replace(s.Source, sweepText, fmt.Sprintf("for _ = 1, %d do\n", c.Sweep), 1), true
		sum := sha1.Sum([]byte(s.Source))
		s.SHA1 = hex.EncodeToString(sum[:])
	}
	if !found {
		return nil, fmt.Errorf("model: no script has %q", sweepText)
	}
	return changed, nil
}

// sweepText is where the scripts say how many dead waiters a call may drop.
const sweepText = "for _ = 1, 64 do\n"

// runner does one action at a time, from any state.
type runner struct {
	config   *Config
	program  *program
	instance *instance
	sandbox  *sandbox.Sandbox
	keys     [][]string
	actions  []action
	renames  [][]int

	// Of the call that runs:
	out       outcome
	deaf      uint // clients whose subscription is gone
	addressed uint // clients that something was published to
	buffer    []byte
	best      []byte
	other     []byte // another lock's state, which no call may change
}

func newRunner(c *Config, p *program) *runner {
	r := &runner{
		config: c, program: p, instance: newInstance(c), actions: c.actions(), renames: explore.Permutations(c.Clients),
	}
	for lock := range c.Locks {
		r.keys = append(r.keys, keysOf(lock))
	}
	r.instance.keyspace.Publish = r.publish
	full := func() bool { return r.instance.memory }
	r.sandbox = sandbox.New(r.instance.keyspace.Dispatch, sandbox.Options{OutOfMemory: full})
	return r
}

// Close frees the sandbox.
func (r *runner) Close() { r.sandbox.Close() }

func (r *runner) publish(channel, payload string) int64 {
	client := clientOf(channel, r.config.Clients)
	m := message{client: client, payload: payload}
	if client >= 0 {
		r.addressed |= 1 << client
		m.received = r.deaf&(1<<client) == 0
	}
	r.out.published = append(r.out.published, m)
	return int64(bit(m.received))
}

// canonical encodes the world's state so that it is the same whatever the clients are called. Its result is good until
// the next call.
func (r *runner) canonical() ([]byte, error) {
	for i, rename := range r.renames {
		b, err := r.instance.encode(r.buffer[:0], rename)
		if err != nil {
			return nil, err
		}
		r.buffer = b
		if i == 0 || string(b) < string(r.best) {
			r.best, r.buffer = b, r.best
		}
	}
	return r.best, nil
}

// step is one transition.
type step struct {
	explore.Step
	config *Config
	action *action
	deaf   uint
	mended bool // the key was of a wrong type before
	full   bool // memory is out now
	check  check
}

// Explore does every action from a state and shows each transition, until visit returns false. A call that publishes
// is done once for each set of listeners that can be gone.
func (r *runner) Explore(state []byte, visit func(*explore.Step) bool) {
	for i := range r.actions {
		if !r.do(state, &r.actions[i], visit) {
			return
		}
	}
	r.do(state, &inspection, visit)
}

// inspection is done in every state; it changes nothing.
var inspection = action{verb: verbInspect, successor: none}

func (r *runner) do(state []byte, a *action, visit func(*explore.Step) bool) bool {
	if !a.verb.isCall() {
		r.instance.decode(state)
		if !r.instance.apply(a) {
			return true
		}
		mended := a.verb == verbBreak && r.instance.entry(a.lock, a.role).Kind == explore.KindNone
		return visit(&r.finish(&step{config: r.config, action: a, mended: mended, full: r.instance.memory}).Step)
	}
	return explore.Listeners(func(deaf uint) (uint, bool) {
		r.instance.decode(state)
		more := visit(&r.call(a, deaf).Step)
		return r.addressed, more
	})
}

// call runs a script in the state that the world is set to, and judges it.
func (r *runner) call(a *action, deaf uint) *step {
	w := r.instance
	r.deaf, r.addressed = deaf, 0
	r.out.published = r.out.published[:0]
	w.keyspace.Calls = 0
	s := &step{config: r.config, action: a, deaf: deaf}
	s.Event = s
	j := &s.check
	j.config, j.action, j.deaf = r.config, a, deaf
	j.memory, j.damaged, j.wrong = w.memory, w.damaged[a.lock], w.wrong(a.lock)
	j.wrongLock = w.entry(a.lock, roleLock).Kind == explore.KindList
	var err error
	if j.before, err = w.observe(a.lock); err != nil {
		s.Fault = fault("state", "%v", err)
		return s
	}
	other, err := r.others(a.lock)
	if err != nil {
		s.Fault = fault("state", "%v", err)
		return s
	}
	r.out.reply = r.sandbox.Run(r.program.scripts[a.verb], r.keys[a.lock], a.args)
	s.Calls = w.keyspace.Calls
	j.out = r.out
	if j.after, err = w.observe(a.lock); err != nil {
		s.Fault = fault("state", "%v", err)
		return s
	}
	r.measure(j)
	if s.Fault = j.fault(); s.Fault != nil {
		return s
	}
	if now, err := r.others(a.lock); err != nil || now != other {
		s.Fault = fault("state", "the call changed another lock")
		return s
	}
	if !j.wrong && a.verb != verbInspect {
		want := r.config.call(a, &j.before, deaf)
		if s.Fault = r.config.repeated(a, &want, deaf); s.Fault != nil {
			return s
		}
	}
	return r.finish(s)
}

// others is the state of the locks that the call is not about.
func (r *runner) others(lock int) (string, error) {
	if r.config.Locks == 1 {
		return "", nil
	}
	r.other = r.other[:0]
	var err error
	for i := range r.config.Locks {
		for role := range roles {
			if i == lock {
				continue
			}
			if r.other, err = r.instance.encodeKey(r.other, r.instance.entry(i, role), role, r.renames[0]); err != nil {
				return "", err
			}
		}
	}
	return string(r.other), nil
}

// measure notes what the call left in the companion keys.
func (r *runner) measure(j *check) {
	w, lock := r.instance, j.action.lock
	counter, queue, waiters := w.entry(lock, roleFence), w.entry(lock, roleQueue), w.entry(lock, roleWaiters)
	j.fenceLeft, j.queueLeft, j.waitersLeft = w.left(counter.Expires), w.left(queue.Expires), w.left(waiters.Expires)
	switch {
	case j.wrong:
	case len(waiters.Fields) > len(queue.Members):
		j.loose = "a waiter's record is left over"
	case len(waiters.Fields) < len(queue.Members):
		j.loose = "a waiter stands in the queue without a record"
	}
}

// finish encodes what the step led to.
func (r *runner) finish(s *step) *step {
	s.Event = s
	state, err := r.canonical()
	if err != nil {
		s.Fault = fault("M10", "%v", err)
		return s
	}
	s.State = state
	return s
}
