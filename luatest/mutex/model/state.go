package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/explore"
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

// instance is a server and what the model has to know beside it.
type instance struct {
	config   *Config
	keyspace explore.Keyspace
	memory   bool   // out of
	damaged  []bool // per lock: a companion key was deleted or broken, so that another may be left over until it expires
}

func newInstance(c *Config) *instance {
	w := &instance{config: c, damaged: make([]bool, c.Locks)}
	w.keyspace.Now, w.keyspace.Micros = c.epoch(), epochMicro
	for lock := range c.Locks {
		for _, key := range keysOf(lock) {
			w.keyspace.Find(key)
		}
		if c.Ahead {
			w.setCounter(lock, c.counter())
		}
	}
	return w
}

func (w *instance) setCounter(lock int, to int64) {
	e := w.entry(lock, roleFence)
	e.Kind, e.Text, e.Expires = explore.KindString, strconv.FormatInt(to, 10), w.keyspace.Now+w.config.fenceKept()
}

// keysOf are the keys of a lock.
func keysOf(lock int) []string {
	name := lockName(lock)
	return []string{
		name, "{" + name + "}:redilock:fence", "{" + name + "}:redilock:queue", "{" + name + "}:redilock:waiters",
	}
}

func lockName(lock int) string { return "lock" + strconv.Itoa(lock+1) }

func (w *instance) entry(lock, role int) *explore.Entry { return &w.keyspace.Entries[lock*roles+role] }

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
func (w *instance) encode(b []byte, rename []int) ([]byte, error) {
	b = append(b, bit(w.memory))
	var err error
	for lock := range w.config.Locks {
		b = append(b, bit(w.damaged[lock]))
		for role := range roles {
			e := w.entry(lock, role)
			w.keyspace.Expire(e)
			if b, err = w.encodeKey(b, e, role, rename); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func (w *instance) encodeKey(b []byte, e *explore.Entry, role int, rename []int) ([]byte, error) {
	switch {
	case e.Kind == explore.KindNone:
		return append(b, codeAbsent), nil
	case e.Kind == explore.KindList:
		return append(b, codeWrong), nil
	case role == roleLock && e.Kind == explore.KindString:
		return w.encodeLock(b, e, rename)
	case e.Expires == 0:
		return nil, broken("the %s key has no expiry", roleNames[role])
	case role == roleFence && e.Kind == explore.KindString:
		switch n, ok := explore.Integer(e.Text); {
		case ok && n == fenceLimit && w.config.Full:
			return append(b, codeFull), nil
		case ok && n == w.config.counter()-restoredGap:
			return append(b, codeRestored), nil
		case !ok || n < w.config.counter():
			return nil, broken("the fence counter went from %d to %s", w.config.counter(), e.Text)
		}
		return append(b, codeCounter), nil
	case role == roleQueue && e.Kind == explore.KindZset:
		return w.encodeQueue(b, e, rename)
	case role == roleWaiters && e.Kind == explore.KindHash:
		return w.encodeWaiters(b, e, rename)
	}
	return nil, broken("the %s key is a %s", roleNames[role], explore.KindNames[e.Kind])
}

// left is what is left until a time, and -1 if there is no such time.
func (w *instance) left(expires int64) int64 {
	if expires == 0 {
		return -1
	}
	return expires - w.keyspace.Now
}

func (w *instance) renamed(name string, rename []int) (byte, bool) {
	token := w.config.tokenOf(name)
	if token < 0 {
		return 0, false
	}
	return byte(rename[token/w.config.Tokens]*w.config.Tokens + token%w.config.Tokens), true
}

func (w *instance) encodeLock(b []byte, e *explore.Entry, rename []int) ([]byte, error) {
	if token, ok := w.renamed(e.Text, rename); ok {
		b = append(b, codeOurs, token)
	} else if e.Text == foreignName {
		b = append(b, codeForeign)
	} else {
		return nil, broken("the lock holds %q, which is nobody's token", e.Text)
	}
	return binary.AppendVarint(b, w.left(e.Expires)), nil
}

func (w *instance) encodeQueue(b []byte, e *explore.Entry, rename []int) ([]byte, error) {
	b = append(b, codeQueue, byte(len(e.Members)))
	for i, m := range e.Members {
		token, ok := w.renamed(m.Name, rename)
		if !ok {
			return nil, broken("%q stands in the queue, which is nobody's token", m.Name)
		}
		if i > 0 && m.Score == e.Members[i-1].Score {
			return nil, broken("%s and %s have the same place in the queue", e.Members[i-1].Name, m.Name)
		}
		b = append(b, token)
	}
	return b, nil
}

// storedRecord is a token and its waiter, in a state.
type storedRecord [6]byte

func (w *instance) encodeWaiters(b []byte, e *explore.Entry, rename []int) ([]byte, error) {
	b = append(b, codeWaiters, byte(len(e.Fields)))
	start := len(b)
	var records [16]storedRecord
	for i, f := range e.Fields {
		token, ok := w.renamed(f.Name, rename)
		if !ok || i == len(records) {
			return nil, broken("the waiters have a record of %q, which is nobody's token", f.Name)
		}
		r, err := w.record(f.Value)
		if err != nil {
			return nil, err
		}
		if r.channel >= 0 {
			r.channel = int8(rename[r.channel])
		}
		records[i] = storedRecord{token, byte(r.left), byte(r.lease), byte(r.fences), byte(r.wake), byte(r.channel)}
	}
	list := records[:len(e.Fields)]
	slices.SortFunc(list, func(a, b storedRecord) int { return int(a[0]) - int(b[0]) })
	for _, r := range list {
		b = append(b, r[:]...)
	}
	if len(b)-start != len(storedRecord{})*len(e.Fields) {
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
func (w *instance) presenceEnd(left int8) int64 {
	if left == farAhead {
		return presentForever
	}
	return w.keyspace.Now + int64(left)
}

// laterRecord is the record that a client of a later version writes, with its times in other units.
func (c *Config) laterRecord(a *action, scale func(ms int) int) string {
	return fmt.Sprintf("%d %d %d %s %s", int64(presentForever), scale(pollLeaseMS), c.wish(fewFences), wakeNames[a.wake],
		channelName(a.token/c.Tokens))
}

// record reads what the server knows of a waiter: presence deadline, grant, fences, wake, channel.
func (w *instance) record(text string) (waiter, error) {
	words := strings.SplitN(text, " ", 5)
	if len(words) != 5 {
		return waiter{}, broken("the record of a waiter is %q", text)
	}
	end, ok := explore.Integer(words[0])
	lease, ok2 := explore.Integer(words[1])
	fences, ok3 := explore.Integer(words[2])
	how := slices.Index(wakeNames[:], words[3])
	left := max(end-w.keyspace.Now, -1)
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

// bit is a flag in a state.
func bit(is bool) byte {
	if is {
		return 1
	}
	return 0
}
