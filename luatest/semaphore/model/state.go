package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/explore"
)

// In the world every state is set at this moment; all that a state remembers of time is relative to it.
const (
	epochMS    = 1_767_225_600_000 // 2026-01-01, the first millisecond of a minute
	epochMicro = 500
)

// Where the fence counter is: every fence that was ever granted is this high at the most. It is below the clock,
// because a grant takes more than a microsecond; unless the clock was set back.
const (
	usualGap     = 1_000_000     // us; far longer ago than a grant may own numbers, and in another minute
	restoredGap  = 3_600_000_000 // us, from the last fence back to that of a snapshot
	counterAhead = 8_000_000_000_000_000
)

const maxTokens = 4

// condition is what a key is.
type condition int8

const (
	absent condition = iota
	good
	wrong   // a list, or a string that is another program's
	behind  // a fence counter far behind the last fence
	atLimit // one at the limit
)

// kind is what a record is of.
type kind int8

const (
	noRecord kind = iota
	ofHolder
	ofWaiter
)

// record is what the hash says of a token.
type record struct {
	kind          kind
	weight, limit int8
	left          int8 // of a waiter's presence, in ms; -1 if it has passed; farAhead
	lease         int8 // ms, of a grant by admission
	fences        int8 // numbers that a grant should own
	wake          wake
	channel       int8  // the client that listens; none if there is no channel
	fence         int64 // of a holder
}

// A waiter of a later version is present for ever: a scenario cannot make a record of the server's time.
const (
	presentForever = 9_000_000_000_000 // ms, of the server's clock
	farAhead       = 127               // ms left, of such a presence
)

// notHeld is what is left of the lease of a token that is not in the set of holders. Of one that is over it is -1.
const notHeld = -2

// state is all that a call can notice, and what the model has to know beside it: times before now are one, and numbers whose
// size does not matter are left out.
type state struct {
	memory  bool // out of
	damaged bool // a key was lost, broken or changed by others: records may be left over, or not add up
	keys    [roles]condition
	counter int64 // of fences; 0 if there is none
	left    [maxTokens]int8
	records [maxTokens]record
	queue   []int8
	summed  bool // there is an empty field; without one nobody's weight is known
	used    int  // by those whose weight is known
	unknown int  // of the holders that are counted: those whose record was lost
	count   int
	limit   int
	cursor  int64
	passes  int

	// held is what each token holds by what it was told: the sum of it over the live leases must never be too high.
	held [maxTokens]int8
}

func (s *state) clone() state {
	c := *s
	c.queue = slices.Clone(s.queue)
	return c
}

func (s *state) live(token int) bool { return s.left[token] >= 0 }

func (s *state) place(token int) int { return slices.Index(s.queue, int8(token)) }

// holders is how many tokens are in the set of holders.
func (s *state) holders() int {
	n := 0
	for _, left := range s.left {
		n += int(bit(left != notHeld))
	}
	return n
}

// inUse is the sum of what the live leases hold.
func (s *state) inUse() int {
	n := 0
	for token, left := range s.left {
		if left >= 0 {
			n += int(s.held[token])
		}
	}
	return n
}

// errState is a state that no correct script leaves.
var errState = errors.New("")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errState}, args...)...)
}

// encode appends the state to b, with the clients renamed: client i is called rename[i].
func (c *Config) encode(b []byte, s *state, rename []int) []byte {
	b = append(b, bit(s.memory)|bit(s.damaged)<<1|bit(s.summed)<<2)
	for _, k := range s.keys {
		b = append(b, byte(k))
	}
	b = append(b, byte(s.used), byte(s.unknown), byte(s.count), byte(s.limit), byte(s.passes))
	b = append(b, byte(s.cursor), byte(s.cursor>>8), byte(s.cursor>>16), byte(s.cursor>>24))
	var back [maxTokens]int // the token that is called so
	for token := range c.tokens() {
		back[rename[token/c.Tokens]*c.Tokens+token%c.Tokens] = token
	}
	for name := range c.tokens() {
		token := back[name]
		r := s.records[token]
		channel := r.channel
		if channel >= 0 {
			channel = int8(rename[channel])
		}
		b = append(b, byte(s.left[token]), byte(s.held[token]), byte(r.kind))
		if r.kind != noRecord {
			b = append(b, byte(r.weight), byte(r.limit), byte(r.left), byte(r.lease), byte(r.fences), byte(r.wake),
				byte(channel))
		}
	}
	for _, token := range s.queue {
		b = append(b, byte(rename[int(token)/c.Tokens]*c.Tokens+int(token)%c.Tokens))
	}
	return b
}

// decode is the state that was encoded.
func (c *Config) decode(b []byte) state {
	s := state{memory: b[0]&1 != 0, damaged: b[0]&2 != 0, summed: b[0]&4 != 0}
	for i := range s.keys {
		s.keys[i] = condition(b[1+i])
	}
	b = b[1+roles:]
	s.used, s.unknown, s.count, s.limit, s.passes = int(b[0]), int(b[1]), int(b[2]), int(b[3]), int(b[4])
	b = b[5:]
	s.cursor = int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24
	b = b[4:]
	for token := range s.left {
		s.left[token] = notHeld
	}
	for token := range c.tokens() {
		s.left[token], s.held[token] = int8(b[0]), int8(b[1])
		k := kind(b[2])
		b = b[3:]
		if k != noRecord {
			s.records[token] = record{
				kind: k, weight: int8(b[0]), limit: int8(b[1]), left: int8(b[2]), lease: int8(b[3]), fences: int8(b[4]),
				wake: wake(b[5]), channel: int8(b[6]),
			}
			b = b[7:]
		}
		if k == ofHolder {
			s.records[token].fence = c.fenceOf(token)
		}
	}
	for _, token := range b {
		s.queue = append(s.queue, int8(token))
	}
	return s
}

// fenceOf is what a record has for the fence of a token, in every state: each another.
func (c *Config) fenceOf(token int) int64 { return c.counter() - 100 - int64(token) }

// keysOf are the keys of the semaphore.
var keysOf = []string{"sem", "{sem}:redilock:fence", "{sem}:redilock:pending", "{sem}:redilock:members"}

// foreignName is what another program's key holds.
const foreignName = "foreign"

// write sets a keyspace to a state.
func (c *Config) write(k *explore.Keyspace, s *state) {
	k.Now, k.Micros = epochMS, epochMicro
	for role, key := range keysOf {
		e := k.Find(key)
		e.Clear()
		if s.keys[role] == wrong {
			e.Kind = explore.KindList
		}
	}
	if e := k.Find(keysOf[roleHolders]); s.keys[roleHolders] == good {
		latest := int64(-1)
		e.Kind = explore.KindZset
		for left := int64(-1); left <= leaseMS; left++ {
			for token := range c.tokens() {
				if int64(s.left[token]) == left {
					e.Members = append(e.Members, explore.Member{Name: c.tokenName(token), Score: k.Now + left})
					latest = left
				}
			}
		}
		e.Expires = k.Now + latest + 1
	}
	counters := [...]int64{good: c.counter(), behind: c.counter() - restoredGap, atLimit: fenceLimit}
	if e, counter := k.Find(keysOf[roleFence]), counters[s.keys[roleFence]]; counter > 0 {
		e.Kind, e.Text, e.Expires = explore.KindString, strconv.FormatInt(counter, 10), k.Now+c.kept(fenceRetain)
	}
	if e := k.Find(keysOf[rolePending]); s.keys[rolePending] == good {
		e.Kind, e.Expires = explore.KindZset, k.Now+retainMS-1
		for i, token := range s.queue {
			e.Members = append(e.Members, explore.Member{Name: c.tokenName(int(token)), Score: int64(i + 1)})
		}
	}
	e := k.Find(keysOf[roleMembers])
	if s.keys[roleMembers] != good {
		return
	}
	e.Kind, e.Expires = explore.KindHash, k.Now+c.kept(retainMS)
	add := func(name, value string) { e.Fields = append(e.Fields, explore.Field{Name: name, Value: value}) }
	if s.summed {
		add("", fmt.Sprintf("%d %d %d %d %d", s.used+s.unknown*unknownWeight, s.count, s.limit, s.cursor, s.passes))
	}
	for token := range c.tokens() {
		if s.records[token].kind != noRecord {
			add(c.tokenName(token), c.text(&s.records[token], unscaled))
		}
	}
}

// text is a record as the hash has it.
func (c *Config) text(r *record, scale func(ms int) int) string {
	if r.kind == ofHolder {
		return fmt.Sprintf("%d %d %d", r.fence, r.weight, r.limit)
	}
	end := epochMS + int64(r.left)
	if r.left == farAhead {
		end = presentForever
	}
	return fmt.Sprintf("%d %d %d %d %d %s %s", end, scale(int(r.lease)), r.fences, r.weight, r.limit, wakeNames[r.wake],
		channelName(int(r.channel)))
}

// read is the state of a keyspace; what a state has beside that is as in before.
func (c *Config) read(k *explore.Keyspace, before *state) (state, error) {
	s := state{memory: before.memory, damaged: before.damaged, held: before.held}
	var entries [roles]*explore.Entry
	for role, key := range keysOf {
		e := k.Find(key)
		entries[role] = e
		want := [roles]explore.Kind{explore.KindZset, explore.KindString, explore.KindZset, explore.KindHash}[role]
		switch {
		case e.Kind == explore.KindNone:
		case e.Kind == want && e.Expires == 0:
			return s, broken("the %s key has no expiry", roleNames[role])
		case e.Kind == want:
			s.keys[role] = good
		default:
			s.keys[role] = wrong
		}
	}
	for token := range s.left {
		s.left[token] = notHeld
	}
	if err := c.readCounter(entries[roleFence], &s); err != nil {
		return s, err
	}
	latest := int64(0)
	for _, m := range entries[roleHolders].Members {
		token := c.tokenOf(m.Name)
		if token == none {
			return s, broken("%q is a holder, which is nobody's token", m.Name)
		}
		latest = m.Score
		s.left[token] = int8(max(m.Score-k.Now, -1))
	}
	if e := entries[roleHolders]; s.keys[roleHolders] == good && e.Expires != latest+1 {
		return s, broken("the latest lease has %d ms, and the holders key %d", latest-k.Now, e.Expires-k.Now)
	}
	for i, m := range entries[rolePending].Members {
		token := c.tokenOf(m.Name)
		if token == none || i > 0 && m.Score == entries[rolePending].Members[i-1].Score {
			return s, broken("%q waits, which is nobody's token, or the place is another's", m.Name)
		}
		s.queue = append(s.queue, int8(token))
	}
	err := c.readMembers(entries[roleMembers], &s, k.Now)
	if !s.summed && s.keys[roleMembers] != wrong {
		s.count = s.holders()
		s.unknown = s.count
	}
	return s, err
}

func (c *Config) readCounter(e *explore.Entry, s *state) error {
	if s.keys[roleFence] != good {
		return nil
	}
	n, ok := explore.Integer(e.Text)
	switch s.counter = n; {
	case ok && n == fenceLimit && c.Full:
		s.keys[roleFence] = atLimit
	case ok && n == c.counter()-restoredGap:
		s.keys[roleFence] = behind
	case !ok || n < c.counter():
		return broken("the fence counter went from %d to %s", c.counter(), e.Text)
	}
	return nil
}

func (c *Config) readMembers(e *explore.Entry, s *state, now int64) error {
	for _, f := range e.Fields {
		if f.Name == "" {
			s.summed = true
			if n, err := fmt.Sscanf(f.Value, "%d %d %d %d %d", &s.used, &s.count, &s.limit, &s.cursor, &s.passes); n != 5 {
				return broken("the empty field is %q: %w", f.Value, err)
			}
			s.used, s.unknown = s.used%unknownWeight, s.used/unknownWeight
			if s.used < 0 || s.used > 100 || s.unknown > s.count || s.count < 0 || s.count > maxTokens ||
				s.passes < 0 || s.passes > 2 {
				return broken("the empty field is %q", f.Value)
			}
			continue
		}
		token := c.tokenOf(f.Name)
		if token == none {
			return broken("there is a record of %q, which is nobody's token", f.Name)
		}
		r, ok := c.recordOf(f.Value, now)
		if !ok {
			return broken("the record of %s is %q", f.Name, f.Value)
		}
		s.records[token] = r
	}
	return nil
}

// recordOf reads a record.
func (c *Config) recordOf(text string, now int64) (record, bool) {
	words := strings.Split(text, " ")
	var n [5]int64
	if len(words) == 3 {
		for i := range 3 {
			n[i], _ = explore.Integer(words[i])
		}
		r := record{kind: ofHolder, fence: n[0], weight: int8(n[1]), limit: int8(n[2]), channel: none}
		return r, c.text(&r, unscaled) == text
	}
	if len(words) != 7 {
		return record{}, false
	}
	for i := range n {
		n[i], _ = explore.Integer(words[i])
	}
	how := slices.Index(wakeNames[:], words[5])
	left := max(n[0]-now, -1)
	if n[0] == presentForever {
		left = farAhead
	}
	channel := c.clientOf(words[6])
	if how < 0 || left > leaseMS && left != farAhead || n[1] < 1 || n[1] > leaseMS || n[2] < 1 || n[2] > manyFences ||
		channel == none && words[6] != "" {
		return record{}, false
	}
	return record{
		kind: ofWaiter, left: int8(left), lease: int8(n[1]), fences: int8(n[2]), weight: int8(n[3]), limit: int8(n[4]),
		wake: wake(how), channel: int8(channel),
	}, true
}

// bit is a flag in a state.
func bit(is bool) byte {
	if is {
		return 1
	}
	return 0
}
