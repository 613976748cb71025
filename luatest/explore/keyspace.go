// Package explore checks scripts exhaustively: from an empty server it takes every action of a few clients and what is
// around them in every order, breadth first, so that the first violation is one of the shortest. It knows no primitive: a
// [World] gives the states, does the actions and says what each did wrong.
//
//   - search: breadth first, by as many workers as there are processors
//   - trace: the way to a violation
//   - deep: worlds one after the other, with their progress and a table
//   - keyspace: a Redis of a few keys and commands, for worlds to run scripts on; held to real servers by a test
package explore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// Kind is the type of a key.
type Kind uint8

// The types that there are.
const (
	KindNone Kind = iota // there is no such key
	KindString
	KindZset
	KindHash
	KindList // of a wrong type for all that a lock has
)

// KindNames are what TYPE answers.
var KindNames = [...]string{"none", "string", "zset", "hash", "list"}

// Entry is a key and what it has.
type Entry struct {
	Key     string
	Kind    Kind
	Text    string // of a string
	Members []Member
	Fields  []Field
	Expires int64 // ms; never if it is 0
}

// Member is a member of a sorted set.
type Member struct {
	Name  string
	Score int64 // scripts use whole numbers only
}

// Field is a field of a hash.
type Field struct{ Name, Value string }

// Keyspace is a Redis of a few keys and commands, fast to set to any state: a miniredis takes longer for a command than
// the Lua around it. It knows what the scripts send, and answers anything else with an error that no promise allows.
type Keyspace struct {
	Now     int64 // ms
	Micros  int64 // of Now
	Entries []Entry
	Publish func(channel, message string) int64 // nil: nobody listens
	Calls   int                                 // commands so far

	// Page is how many fields HSCAN gives at a time, in the order of their names; 0: all of them, as a server does with a
	// small hash.
	Page int

	// AtDeadline makes keys end when their time to live has passed, as in miniredis, and not a millisecond after, as in
	// a server: https://github.com/redis/redis/blob/7.0.15/src/db.c#L1606 (keyIsExpired: now > when).
	AtDeadline bool
}

// ErrWrongType is a server's text, as are those beside it.
const (
	ErrWrongType  = "WRONGTYPE Operation against a key holding the wrong kind of value"
	errNotInteger = "ERR value is not an integer or out of range"
	errSyntax     = "ERR syntax error"
)

// Find gives the entry of a key. A key that is not there has one too, of kind none. The pointer is good until the next
// call of Find with a key that was never seen.
func (s *Keyspace) Find(key string) *Entry {
	for i := range s.Entries {
		if e := &s.Entries[i]; e.Key == key {
			s.Expire(e)
			return e
		}
	}
	s.Entries = append(s.Entries, Entry{Key: key})
	return &s.Entries[len(s.Entries)-1]
}

// Expire clears a key whose time to live has passed.
func (s *Keyspace) Expire(e *Entry) {
	if e.Expires != 0 && (s.Now > e.Expires || s.AtDeadline && s.Now == e.Expires) {
		e.Clear()
	}
}

// Clear deletes the key. What it had is kept for the next use of the memory.
func (e *Entry) Clear() {
	e.Kind, e.Text, e.Members, e.Fields, e.Expires = KindNone, "", e.Members[:0], e.Fields[:0], 0
}

// Is says whether a command for the given type may work on the key.
func (e *Entry) Is(k Kind) bool { return e.Kind == k || e.Kind == KindNone }

// Rank is the position of a member, and -1 if it is none.
func (e *Entry) Rank(name string) int {
	return slices.IndexFunc(e.Members, func(m Member) bool { return m.Name == name })
}

// Field is the position of a field, and -1 if it is none.
func (e *Entry) Field(name string) int {
	return slices.IndexFunc(e.Fields, func(f Field) bool { return f.Name == name })
}

// Dispatch has a command answered. Its name is in capitals.
func (s *Keyspace) Dispatch(args []string) resp.Reply {
	s.Calls++
	switch args[0] {
	case "TIME":
		return resp.Array(resp.String(strconv.FormatInt(s.Now/1000, 10)),
			resp.String(strconv.FormatInt(s.Now%1000*1000+s.Micros, 10)))
	case "PUBLISH":
		if s.Publish == nil {
			return resp.Integer(0)
		}
		return resp.Integer(s.Publish(args[1], args[2]))
	case "EXISTS", "DEL", "UNLINK":
		return s.each(args[0] != "EXISTS", args[1:])
	}
	if len(args) < 2 {
		return resp.Error("ERR wrong number of arguments for '" + strings.ToLower(args[0]) + "' command")
	}
	e := s.Find(args[1])
	switch args[0] {
	case "PTTL":
		return resp.Integer(s.pttl(e))
	case "PEXPIRE":
		return s.pexpire(e, args[2:], s.Now)
	case "PEXPIREAT":
		return s.pexpire(e, args[2:], 0)
	case "PERSIST":
		had := e.Expires != 0
		e.Expires = 0
		return resp.Integer(one(had))
	case "RPUSH":
		if !e.Is(KindList) {
			return resp.Error(ErrWrongType)
		}
		e.Kind = KindList
		return resp.Integer(1)
	case "GET", "GETEX", "SET":
		return s.onString(e, args)
	case "ZADD", "ZREM", "ZCARD", "ZRANK", "ZSCORE", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE":
		return onZset(e, args)
	case "HSET", "HGET", "HDEL", "HMGET":
		return OnHash(e, args)
	case "HSCAN":
		return s.hscan(e, args[2:])
	}
	return resp.Error("ERR unknown command '" + args[0] + "'")
}

// each is EXISTS, DEL and UNLINK.
func (s *Keyspace) each(remove bool, keys []string) resp.Reply {
	n := int64(0)
	for _, key := range keys {
		e := s.Find(key)
		if e.Kind != KindNone {
			n++
		}
		if remove {
			e.Clear()
		}
	}
	return resp.Integer(n)
}

func (s *Keyspace) pttl(e *Entry) int64 {
	switch {
	case e.Kind == KindNone:
		return -2
	case e.Expires == 0:
		return -1
	}
	return e.Expires - s.Now
}

// pexpire is PEXPIRE and PEXPIREAT, with a time after from, and with the options NX and GT: a key without expiry is taken to
// last for ever.
func (s *Keyspace) pexpire(e *Entry, args []string, from int64) resp.Reply {
	at, ok := Integer(args[0])
	at += from
	option := ""
	if len(args) > 1 {
		option = args[1]
	}
	switch {
	case len(args) > 2 || option != "" && option != "NX" && option != "GT":
		return resp.Error(errSyntax)
	case !ok:
		return resp.Error(errNotInteger)
	case e.Kind == KindNone, option == "NX" && e.Expires != 0,
		option == "GT" && (e.Expires == 0 || at <= e.Expires):
		return resp.Integer(0)
	case at <= s.Now:
		e.Clear()
	default:
		e.Expires = at
	}
	return resp.Integer(1)
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// Integer reads a number as strictly as a server does: no sign but a minus, no leading zero.
func Integer(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == text
}
