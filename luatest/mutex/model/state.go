package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// In the world every state is set at this moment; all that a state remembers of time is relative to it.
const (
	epochMS    = 1_767_225_600_000 // 2026-01-01
	epochMicro = 500
)

// Where the fence counter is: every fence that was ever granted is this high at the most. It is below the clock,
// because a grant takes more than a microsecond; unless the clock was set back.
const (
	usualGap     = 1_000_000     // us; far longer ago than a grant may own numbers, and in another slot
	slotGap      = 2             // us; too short a time for all the numbers that are asked for
	restoredGap  = 3_600_000_000 // us, from the last fence back to that of a snapshot
	counterAhead = 8_000_000_000_000_000
)

// world is a server and what the model has to know beside it.
type world struct {
	config  *Config
	store   store
	memory  bool   // out of
	damaged []bool // per lock: a companion key was deleted or broken, so that another may be left over until it expires
}

func newWorld(c *Config) *world {
	w := &world{config: c, damaged: make([]bool, c.Locks)}
	w.store.now, w.store.micros = c.epoch(), epochMicro
	for lock := range c.Locks {
		for _, key := range keysOf(lock) {
			w.store.find(key)
		}
		if c.Ahead {
			w.setCounter(lock, c.counter())
		}
	}
	return w
}

func (w *world) setCounter(lock int, to int64) {
	e := w.entry(lock, roleFence)
	e.kind, e.text, e.expires = kindString, strconv.FormatInt(to, 10), w.store.now+w.config.fenceKept()
}

// keysOf are the keys of a lock.
func keysOf(lock int) []string {
	name := lockName(lock)
	return []string{
		name, "{" + name + "}:redilock:fence", "{" + name + "}:redilock:queue", "{" + name + "}:redilock:waiters",
	}
}

func lockName(lock int) string { return "lock" + strconv.Itoa(lock+1) }

func (w *world) entry(lock, role int) *entry { return &w.store.entries[lock*roles+role] }

// Codes of what a key holds.
const (
	codeAbsent = iota
	codeWrong  // a list
	codeForeign
	codeOurs     // and the token
	codeCounter  // at the last fence
	codeRestored // far behind it
	codeFull     // at the limit
	codeQueue
	codeWaiters
)

// errState is a state that no correct script leaves.
var errState = errors.New("")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errState}, args...)...)
}

// encode appends the state to b, with the clients renamed: client i is called rename[i]. Nothing that a script can
// notice is left out, but for times before now and numbers whose size does not matter: arrival numbers, fences, and how
// much is left of retentions (they are far longer than all else).
func (w *world) encode(b []byte, rename []int) ([]byte, error) {
	b = append(b, byte(one(w.memory)))
	var err error
	for lock := range w.config.Locks {
		b = append(b, byte(one(w.damaged[lock])))
		for role := range roles {
			e := w.entry(lock, role)
			w.store.expire(e)
			if b, err = w.encodeKey(b, e, role, rename); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func (w *world) encodeKey(b []byte, e *entry, role int, rename []int) ([]byte, error) {
	switch {
	case e.kind == kindNone:
		return append(b, codeAbsent), nil
	case e.kind == kindList:
		return append(b, codeWrong), nil
	case role == roleLock && e.kind == kindString:
		return w.encodeLock(b, e, rename)
	case e.expires == 0:
		return nil, broken("the %s key has no expiry", roleNames[role])
	case role == roleFence && e.kind == kindString:
		switch n, ok := integer(e.text); {
		case ok && n == fenceLimit && w.config.Full:
			return append(b, codeFull), nil
		case ok && n == w.config.counter()-restoredGap:
			return append(b, codeRestored), nil
		case !ok || n < w.config.counter():
			return nil, broken("the fence counter went from %d to %s", w.config.counter(), e.text)
		}
		return append(b, codeCounter), nil
	case role == roleQueue && e.kind == kindZset:
		return w.encodeQueue(b, e, rename)
	case role == roleWaiters && e.kind == kindHash:
		return w.encodeWaiters(b, e, rename)
	}
	return nil, broken("the %s key is a %s", roleNames[role], kindNames[e.kind])
}

// left is what is left until a time, and -1 if there is no such time.
func (w *world) left(expires int64) int64 {
	if expires == 0 {
		return -1
	}
	return expires - w.store.now
}

func (w *world) renamed(name string, rename []int) (byte, bool) {
	token := w.config.tokenOf(name)
	if token < 0 {
		return 0, false
	}
	return byte(rename[token/w.config.Tokens]*w.config.Tokens + token%w.config.Tokens), true
}

func (w *world) encodeLock(b []byte, e *entry, rename []int) ([]byte, error) {
	if token, ok := w.renamed(e.text, rename); ok {
		b = append(b, codeOurs, token)
	} else if e.text == foreignName {
		b = append(b, codeForeign)
	} else {
		return nil, broken("the lock holds %q, which is nobody's token", e.text)
	}
	return binary.AppendVarint(b, w.left(e.expires)), nil
}

func (w *world) encodeQueue(b []byte, e *entry, rename []int) ([]byte, error) {
	b = append(b, codeQueue, byte(len(e.members)))
	for i, m := range e.members {
		token, ok := w.renamed(m.name, rename)
		if !ok {
			return nil, broken("%q stands in the queue, which is nobody's token", m.name)
		}
		if i > 0 && m.score == e.members[i-1].score {
			return nil, broken("%s and %s have the same place in the queue", e.members[i-1].name, m.name)
		}
		b = append(b, token)
	}
	return b, nil
}

// storedRecord is a token and its waiter, in a state.
type storedRecord [6]byte

func (w *world) encodeWaiters(b []byte, e *entry, rename []int) ([]byte, error) {
	b = append(b, codeWaiters, byte(len(e.fields)))
	start := len(b)
	var records [16]storedRecord
	for i, f := range e.fields {
		token, ok := w.renamed(f.name, rename)
		if !ok || i == len(records) {
			return nil, broken("the waiters have a record of %q, which is nobody's token", f.name)
		}
		r, err := w.record(f.value)
		if err != nil {
			return nil, err
		}
		if r.channel >= 0 {
			r.channel = int8(rename[r.channel])
		}
		records[i] = storedRecord{token, byte(r.left), byte(r.lease), byte(r.fences), byte(r.wake), byte(r.channel)}
	}
	list := records[:len(e.fields)]
	slices.SortFunc(list, func(a, b storedRecord) int { return int(a[0]) - int(b[0]) })
	for _, r := range list {
		b = append(b, r[:]...)
	}
	if len(b)-start != len(storedRecord{})*len(e.fields) {
		return nil, broken("the waiters do not add up")
	}
	return b, nil
}

// waiter is who stands in a queue, and what is known of it.
type waiter struct {
	token   int8
	left    int8 // of its presence in ms; -1 if it has passed, or if nothing is known of it; farAhead
	lease   int8 // ms, of a grant by hand-off
	fences  int8 // numbers that a grant should own
	wake    wake
	channel int8 // the client that listens; none if there is no channel
}

// A waiter of a later version is present for ever: a scenario cannot make a record of the server's time.
const (
	presentForever = 9_000_000_000_000 // ms, of the server's clock
	farAhead       = 127               // ms left, of such a presence
)

// presenceEnd is when the presence of a waiter ends, in ms of the server's clock.
func (w *world) presenceEnd(left int8) int64 {
	if left == farAhead {
		return presentForever
	}
	return w.store.now + int64(left)
}

// laterRecord is the record that a client of a later version writes, with its times in other units.
func (c *Config) laterRecord(a *action, scale func(ms int) int) string {
	return fmt.Sprintf("%d %d %d %s %s", int64(presentForever), scale(pollLeaseMS), c.wish(fewFences), wakeNames[a.wake],
		channelName(a.token/c.Tokens))
}

// record reads what the server knows of a waiter: presence deadline, grant, fences, wake, channel.
func (w *world) record(text string) (waiter, error) {
	words := strings.SplitN(text, " ", 5)
	if len(words) != 5 {
		return waiter{}, broken("the record of a waiter is %q", text)
	}
	end, ok := integer(words[0])
	lease, ok2 := integer(words[1])
	fences, ok3 := integer(words[2])
	how := slices.Index(wakeNames[:], words[3])
	left := max(end-w.store.now, -1)
	if end == presentForever {
		left = farAhead
	}
	channel := none
	if words[4] != "" {
		channel = clientOf(words[4], w.config.Clients)
	}
	if !ok || !ok2 || !ok3 || how < 0 || lease < 0 || lease > 100 || left > 100 && end != presentForever ||
		fences < 1 || fences > manyFences || channel < 0 && words[4] != "" {
		return waiter{}, broken("the record of a waiter is %q", text)
	}
	return waiter{left: int8(left), lease: int8(lease), fences: int8(fences), wake: wake(how), channel: int8(channel)}, nil
}
