package model

import (
	"strconv"

	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/explore"
)

// runner does one action at a time, from any state.
type runner struct {
	world
	keyspace explore.Keyspace
	sandbox  *sandbox.Sandbox
	actions  []action
	renames  [][]int
	now      state // what the last step led to

	// Of the call that runs:
	out       outcome
	deaf      uint // clients whose subscription is gone
	addressed uint // clients that something was published to
	memory    bool
	buffer    []byte
	best      []byte
	plain     []byte
}

func newRunner(w world) *runner {
	r := &runner{world: w, actions: w.config.actions(), renames: explore.Permutations(w.config.Clients)}
	if w.config.Page > 0 || w.config.Bound > 0 {
		r.renames = r.renames[:1] // names have an order: whose turn it is depends on them
	}
	r.keyspace.Page = w.config.Page
	r.keyspace.Publish = r.publish
	r.sandbox = sandbox.New(r.keyspace.Dispatch, sandbox.Options{OutOfMemory: func() bool { return r.memory }})
	return r
}

// Close frees the sandbox.
func (r *runner) Close() { r.sandbox.Close() }

func (r *runner) publish(channel, payload string) int64 {
	client := r.config.clientOf(channel)
	m := message{client: client, payload: payload}
	if client >= 0 {
		r.addressed |= 1 << client
		m.received = r.deaf&(1<<client) == 0
	}
	r.out.published = append(r.out.published, m)
	return int64(bit(m.received))
}

// First is the state that everything starts with.
func (r *runner) First() (plain, canonical []byte, err error) {
	s := state{}
	for token := range s.left {
		s.left[token] = notHeld
	}
	if r.config.Ahead {
		s.keys[roleFence] = good
	}
	r.now = s
	return r.config.encode(nil, &s, r.renames[0]), r.canonical(), nil
}

// Plain encodes the state with the clients' own names.
func (r *runner) Plain() []byte {
	r.plain = r.config.encode(r.plain[:0], &r.now, r.renames[0])
	return r.plain
}

// canonical encodes the state so that it is the same whatever the clients are called. Its result is good until
// the next call.
func (r *runner) canonical() []byte {
	for i, rename := range r.renames {
		r.buffer = r.config.encode(r.buffer[:0], &r.now, rename)
		if i == 0 || string(r.buffer) < string(r.best) {
			r.best, r.buffer = r.buffer, r.best
		}
	}
	return r.best
}

// Explore does every action from a state and shows each transition, until visit returns false. A call that publishes
// is done once for each set of listeners that can be gone.
func (r *runner) Explore(from []byte, visit func(*explore.Step) bool) {
	before := r.config.decode(from)
	r.set(&before)
	before, err := r.config.read(&r.keyspace, &before)
	if err != nil {
		panic(err) // it was read before
	}
	for i := range r.actions {
		a := &r.actions[i]
		switch {
		case a.verb == verbDrain:
			if len(before.queue) > 0 && !visit(&r.drain(a, &before).Step) {
				return
			}
		case !a.verb.isCall():
			if s := r.apply(a, &before); s != nil && !visit(&s.Step) {
				return
			}
		case !honest(a, &before):
		default:
			more := explore.Listeners(func(deaf uint) (uint, bool) {
				s := r.call(a, &before, deaf)
				addressed := r.addressed
				return addressed, visit(&s.Step)
			})
			if !more {
				return
			}
		}
	}
}

// honest says whether a client sends such a call: of a grant whose record is lost it does not say that it has less than it
// was told. (A late call may say that it has more.)
func honest(a *action, s *state) bool {
	restores := a.verb == verbAcquire || a.verb == verbExtend && a.weight > 0 ||
		a.verb == verbRelease && a.successor != none
	token := a.token
	if a.verb == verbRelease {
		token = a.successor
	}
	return !restores || !s.live(token) || s.records[token].kind == ofHolder || a.weight >= int(s.held[token])
}

func (r *runner) set(s *state) {
	r.memory = s.memory
	r.config.write(&r.keyspace, s)
}

// call runs a script in a state, and judges it.
func (r *runner) call(a *action, before *state, deaf uint) *step {
	r.set(before)
	s := &step{config: r.config, action: a}
	s.Event = s
	j := &s.check
	j.config, j.action, j.before, j.deaf = r.config, a, *before, deaf
	j.out = r.run(a, deaf)
	s.Calls = r.keyspace.Calls
	var err error
	if j.after, err = r.config.read(&r.keyspace, before); err != nil {
		s.Fault = fault("state", "%v", err)
		return s
	}
	for role, key := range keysOf {
		j.expires[role] = r.keyspace.Find(key).Expires - r.keyspace.Now
	}
	if s.Fault = j.fault(); s.Fault == nil {
		r.finish(s, &j.after)
	}
	return s
}

// run has a script answer.
func (r *runner) run(a *action, deaf uint) outcome {
	r.deaf, r.addressed, r.keyspace.Calls = deaf, 0, 0
	r.out.published = r.out.published[:0]
	r.out.reply = r.sandbox.Run(r.scripts[a.verb], keysOf, a.args)
	return r.out
}

// finish encodes what the step led to.
func (r *runner) finish(s *step, to *state) {
	if len(to.queue) == 0 && to.keys[roleHolders] == absent && to.keys[roleMembers] == absent && !to.wrong() {
		to.damaged = false
	}
	r.now = *to
	s.State = r.canonical()
}

// apply does what is no call. Nil: it changes nothing.
func (r *runner) apply(a *action, before *state) *step {
	r.set(before)
	to := before.clone()
	k := &r.keyspace
	lose := func(roles ...int) {
		for _, role := range roles {
			k.Find(keysOf[role]).Clear()
		}
	}
	switch a.verb {
	case verbTick:
		k.Now++
	case verbDelete:
		if before.keys[a.role] == absent {
			return nil
		}
		lose(a.role)
		to.damaged = to.damaged || a.role != roleFence
	case verbFlush:
		lose(roleHolders, roleFence, rolePending, roleMembers)
	case verbCollect:
		k.Now += 3 * fenceRetain
	case verbRemove:
		if before.left[a.token] == notHeld {
			return nil
		}
		k.Dispatch([]string{"ZREM", keysOf[roleHolders], r.config.tokenName(a.token)})
		to.damaged = true
		r.trim()
	case verbSet:
		switch before.keys[roleHolders] {
		case good:
			return nil
		case wrong:
			lose(roleHolders)
		default:
			k.Find(keysOf[roleHolders]).Kind = explore.KindList
			to.damaged = true
		}
	case verbBreak:
		mended := before.keys[a.role] == wrong
		lose(a.role)
		if !mended {
			k.Find(keysOf[a.role]).Kind = explore.KindList
		}
		to.damaged = true
	case verbMemory:
		to.memory = !to.memory
	case verbLater:
		if before.place(a.token) < 0 || before.records[a.token].kind != ofWaiter {
			return nil
		}
		w := before.records[a.token]
		w.left, w.wake, w.channel = farAhead, a.wake, int8(a.token/r.config.Tokens)
		k.Dispatch([]string{"HSET", keysOf[roleMembers], r.config.tokenName(a.token), r.config.text(&w, unscaled)})
	case verbSnapshot:
		lose(roleHolders, rolePending, roleMembers)
		r.counter(r.config.counter() - restoredGap)
	case verbFill:
		r.counter(fenceLimit)
	}
	s := &step{config: r.config, action: a}
	s.Event = s
	after, err := r.config.read(k, &to)
	if err != nil {
		s.Fault = fault("state", "%v", err)
		return s
	}
	for token := range after.held {
		if after.left[token] < 0 {
			after.held[token] = 0
		}
	}
	r.finish(s, &after)
	return s
}

// trim makes the holders key end with the latest lease. After a ZREM it may end later, which no call can tell.
func (r *runner) trim() {
	if e := r.keyspace.Find(keysOf[roleHolders]); len(e.Members) > 0 {
		e.Expires = e.Members[len(e.Members)-1].Score + 1
	}
}

func (r *runner) counter(to int64) {
	e := r.keyspace.Find(keysOf[roleFence])
	e.Clear()
	e.Kind, e.Text = explore.KindString, strconv.FormatInt(to, 10)
	e.Expires = r.keyspace.Now + r.config.kept(fenceRetain)
}

// drain has those that wait ask again in every millisecond, as long as they wait, while nobody else does anything: each is
// granted in its turn, and none waits for longer than those before it, and those that hold, may hold.
func (r *runner) drain(a *action, before *state) *step {
	s := &step{config: r.config, action: a}
	s.Event = s
	r.set(before)
	waiting := before.clone().queue
	now := before.clone()
	// A token is held up by what those before it hold, and by the presence of the dead, each of a lease and one.
	for range (len(waiting)+2)*(leaseMS+1) + presenceMS {
		for i := 0; i < len(waiting); i++ {
			token := int(waiting[i])
			weight := 1
			if w := now.records[token]; w.kind == ofWaiter {
				weight = int(w.weight)
			}
			ask := action{
				verb: verbAcquire, token: token, lease: leaseMS, limit: r.config.Limits[0], weight: weight,
				presence: presenceMS, fences: 1, successor: none,
			}
			ask.args = r.config.args(&ask, unscaled)
			reply := r.run(&ask, 0).reply
			if len(reply.Items) > 0 && reply.Items[0].Text == "GRANTED" {
				waiting = append(waiting[:i:i], waiting[i+1:]...)
				i--
			}
			var err error
			if now, err = r.config.read(&r.keyspace, &now); err != nil {
				s.Fault = fault("state", "%v", err)
				return s
			}
		}
		r.keyspace.Now++
	}
	if len(waiting) > 0 && !before.wrong() {
		s.Fault = fault("M5", "%s goes on asking, and is never granted", r.config.tokenName(int(waiting[0])))
		return s
	}
	now = before.clone()
	r.finish(s, &now)
	return s
}
