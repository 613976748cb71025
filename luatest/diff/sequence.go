// Package diff runs the same random sequences of commands on every engine that there is, and finds where two of them
// answer differently or leave something different behind. Such a sequence is cut down to the steps that matter, and
// written as a scenario that can be replayed.
//
// Clocks are aligned exactly, not nearly. The engines in memory have a clock that is moved; they run the scripts byte for
// byte. A real server's clock cannot be moved: there the scripts run behind a prelude that turns what depends on the clock
// into the same thing at a given time (see [prelude]). So a fence, a lease left, a presence deadline are compared to the
// last digit. What is not seen: a key in its very last millisecond, which miniredis ends one earlier than a server does;
// and a clock that moves inside a script, as it does on Redis 7.0. The scenarios run on the servers' own clocks.
package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Lock is the name of the lock, or of whatever the primitive is, that sequences are about.
const Lock = "diff"

// Listened is the channel with one subscriber; no other has any.
const Listened = "redilock:diff"

// Plan is what sequences are about, and how they are made.
type Plan struct {
	Subject subject.Subject
	// Keys are those of Lock, in the order of KEYS; Roles what each is called.
	Keys, Roles []string
	// Generate makes a sequence of a seed, always the same.
	Generate func(seed uint64) Sequence
}

// NewPlan makes a plan for a primitive.
func NewPlan(p subject.Subject, generate func(seed uint64) Sequence) (*Plan, error) {
	keys, roles, err := p.Keys(Lock)
	return &Plan{Subject: p, Keys: keys, Roles: roles, Generate: generate}, err
}

// Step is one step of a sequence. Exactly one of Call, Do and Advance is set.
type Step struct {
	Call    string        // a script's verb
	Keys    []string      // of a call; nil: all those of Lock, in order
	Args    []string      // of a call
	Do      []string      // a command that a foreign client sends
	Advance time.Duration // whole milliseconds; as in a scenario the clock moves by one more
}

// keysOf gives the KEYS of a call.
func (p *Plan) keysOf(s Step) []string {
	if s.Keys != nil {
		return s.Keys
	}
	return p.Keys
}

// Sequence is a story on one lock, in an empty database, that begins at [Epoch].
type Sequence []Step

// Epoch is the time at which every sequence begins. It is that of the engines in memory.
var Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 123456000, time.UTC)

// Margin is what a clock moves by more than a step says.
const Margin = time.Millisecond

// Outcome is what an engine made of a sequence.
type Outcome struct {
	Replies  []resp.Reply // one a step; none for the clock
	State    []KeyState   // one a key of Lock
	Keys     int64        // that the database has
	Messages []string     // that arrived on Listened
}

// KeyState is a key when all is done.
type KeyState struct {
	Type  string
	PTTL  int64      // ms; -1: no expiry; -2: no such key
	Value resp.Reply // of a string; of a hash the fields and values, sorted; of a zset the members and scores
}

// Equal says whether both are the same.
func (k KeyState) Equal(other KeyState) bool {
	return k.Type == other.Type && k.PTTL == other.PTTL && k.Value.Equal(other.Value)
}

func (k KeyState) String() string { return fmt.Sprintf("%s, pttl %d, %s", k.Type, k.PTTL, k.Value) }

// Difference says where two outcomes of one sequence differ. Nil: nowhere.
func (s Sequence) Difference(a, b Outcome) *Difference {
	for i := range s {
		if !a.Replies[i].Equal(b.Replies[i]) {
			return &Difference{Step: i, Key: -1, A: a.Replies[i].String(), B: b.Replies[i].String()}
		}
	}
	if !slices.Equal(a.Messages, b.Messages) {
		d := Difference{Step: -1, Key: -1}
		d.A, d.B = fmt.Sprintf("messages %q", a.Messages), fmt.Sprintf("messages %q", b.Messages)
		return &d
	}
	for i := range a.State {
		if !a.State[i].Equal(b.State[i]) {
			return &Difference{Step: -1, Key: i, A: a.State[i].String(), B: b.State[i].String()}
		}
	}
	if a.Keys != b.Keys {
		return &Difference{Step: -1, Key: -1, A: fmt.Sprintf("%d keys", a.Keys), B: fmt.Sprintf("%d keys", b.Keys)}
	}
	return nil
}

// Difference is the first point at which two outcomes differ.
type Difference struct {
	Step int // the step whose replies differ, from 0; -1: the replies are the same
	Key  int // the key that is left different, an index of KEYS; -1: none
	A, B string
}

func (d Difference) String() string {
	where := "what is left"
	switch {
	case d.Step >= 0:
		where = fmt.Sprintf("step %d", d.Step+1)
	case d.Key >= 0:
		where = fmt.Sprintf("key %d", d.Key+1)
	}
	return fmt.Sprintf("%s: %s against %s", where, d.A, d.B)
}

// stateOf reads the reply of the script dump.
func (p *Plan) stateOf(reply resp.Reply) ([]KeyState, error) {
	if len(reply.Items) != len(p.Keys) {
		return nil, fmt.Errorf("diff: the state is %s", reply)
	}
	states := make([]KeyState, len(p.Keys))
	for i, item := range reply.Items {
		states[i] = KeyState{Type: item.Items[0].Text, PTTL: item.Items[1].Integer, Value: item.Items[2]}
		switch states[i].Type {
		case "hash":
			states[i].Value = sortedPairs(states[i].Value)
		case "zset":
			states[i].Value = plainScores(states[i].Value)
		}
	}
	return states, nil
}

// sortedPairs sorts the fields of a hash, which have no order.
func sortedPairs(r resp.Reply) resp.Reply {
	pairs := slices.Collect(slices.Chunk(r.Items, 2))
	slices.SortFunc(pairs, func(a, b []resp.Reply) int { return strings.Compare(a[0].Text, b[0].Text) })
	return resp.Array(slices.Concat(pairs...)...)
}

// plainScores writes the scores of a zset in one way: engines print a large one with an exponent or without.
func plainScores(r resp.Reply) resp.Reply {
	for i := 1; i < len(r.Items); i += 2 {
		if score, err := strconv.ParseFloat(r.Items[i].Text, 64); err == nil {
			r.Items[i].Text = strconv.FormatFloat(score, 'f', -1, 64)
		}
	}
	return r
}

// normal gives a reply without what every engine words as it likes: the text of an error whose code is the general one, and
// where in a script an error was raised.
func normal(r resp.Reply) resp.Reply {
	if r.Kind != resp.KindError {
		return r
	}
	if r.Code() == "ERR" {
		return resp.Error("ERR")
	}
	text, _, _ := strings.Cut(r.Text, " script: ")
	return resp.Error(text)
}
