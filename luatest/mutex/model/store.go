package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// kind is the type of a key.
type kind uint8

const (
	kindNone kind = iota // there is no such key
	kindString
	kindZset
	kindHash
	kindList // of a wrong type for all that a lock has
)

var kindNames = [...]string{"none", "string", "zset", "hash", "list"}

// entry is a key and what it has.
type entry struct {
	key     string
	kind    kind
	text    string // of a string
	members []member
	fields  []field
	expires int64 // ms; never if it is 0
}

type member struct {
	name  string
	score int64 // scripts use whole numbers only
}

type field struct{ name, value string }

// store is a Redis of a few keys and commands, fast to set to any state: a miniredis takes longer for a command than
// the Lua around it. It knows what the scripts send, and answers anything else with an error that no promise allows.
type store struct {
	now     int64 // ms
	micros  int64 // of now
	entries []entry
	publish func(channel, message string) int64 // nil: nobody listens
	calls   int                                 // commands so far

	// atDeadline makes keys end when their time to live has passed, as in miniredis, and not a millisecond after, as in
	// a server: https://github.com/redis/redis/blob/7.0.15/src/db.c#L1606 (keyIsExpired: now > when).
	atDeadline bool
}

// Error texts of a server.
const (
	errWrongType  = "WRONGTYPE Operation against a key holding the wrong kind of value"
	errNotInteger = "ERR value is not an integer or out of range"
	errSyntax     = "ERR syntax error"
)

// find gives the entry of a key. A key that is not there has one too, of kind none. The pointer is good until the next
// call of find with a key that was never seen.
func (s *store) find(key string) *entry {
	for i := range s.entries {
		if e := &s.entries[i]; e.key == key {
			s.expire(e)
			return e
		}
	}
	s.entries = append(s.entries, entry{key: key})
	return &s.entries[len(s.entries)-1]
}

func (s *store) expire(e *entry) {
	if e.expires != 0 && (s.now > e.expires || s.atDeadline && s.now == e.expires) {
		e.clear()
	}
}

// clear deletes the key. What it had is kept for the next use of the memory.
func (e *entry) clear() {
	e.kind, e.text, e.members, e.fields, e.expires = kindNone, "", e.members[:0], e.fields[:0], 0
}

// is says whether a command for the given type may work on the key.
func (e *entry) is(k kind) bool { return e.kind == k || e.kind == kindNone }

// rank is the position of a member, and -1 if it is none.
func (e *entry) rank(name string) int {
	return slices.IndexFunc(e.members, func(m member) bool { return m.name == name })
}

func (e *entry) field(name string) int {
	return slices.IndexFunc(e.fields, func(f field) bool { return f.name == name })
}

// dispatch has a command answered. Its name is in capitals.
func (s *store) dispatch(args []string) resp.Reply {
	s.calls++
	switch args[0] {
	case "TIME":
		return resp.Array(resp.String(strconv.FormatInt(s.now/1000, 10)),
			resp.String(strconv.FormatInt(s.now%1000*1000+s.micros, 10)))
	case "PUBLISH":
		if s.publish == nil {
			return resp.Integer(0)
		}
		return resp.Integer(s.publish(args[1], args[2]))
	case "EXISTS", "DEL":
		return s.each(args[0] == "DEL", args[1:])
	}
	if len(args) < 2 {
		return resp.Error("ERR wrong number of arguments for '" + strings.ToLower(args[0]) + "' command")
	}
	e := s.find(args[1])
	switch args[0] {
	case "PTTL":
		return resp.Integer(s.pttl(e))
	case "PEXPIRE":
		return s.pexpire(e, args[2:])
	case "PERSIST":
		had := e.expires != 0
		e.expires = 0
		return resp.Integer(one(had))
	case "RPUSH":
		if !e.is(kindList) {
			return resp.Error(errWrongType)
		}
		e.kind = kindList
		return resp.Integer(1)
	case "GET", "GETEX", "SET":
		return s.onString(e, args)
	case "ZADD", "ZREM", "ZCARD", "ZRANK", "ZSCORE", "ZRANGE", "ZREVRANGE":
		return onZset(e, args)
	case "HSET", "HGET", "HDEL":
		return onHash(e, args)
	}
	return resp.Error("ERR unknown command '" + args[0] + "'")
}

// each is EXISTS and DEL.
func (s *store) each(remove bool, keys []string) resp.Reply {
	n := int64(0)
	for _, key := range keys {
		e := s.find(key)
		if e.kind != kindNone {
			n++
		}
		if remove {
			e.clear()
		}
	}
	return resp.Integer(n)
}

func (s *store) pttl(e *entry) int64 {
	switch {
	case e.kind == kindNone:
		return -2
	case e.expires == 0:
		return -1
	}
	return e.expires - s.now
}

// pexpire is PEXPIRE, with the options NX and GT: a key without expiry is taken to last for ever.
func (s *store) pexpire(e *entry, args []string) resp.Reply {
	ms, ok := integer(args[0])
	option := ""
	if len(args) > 1 {
		option = args[1]
	}
	switch {
	case len(args) > 2 || option != "" && option != "NX" && option != "GT":
		return resp.Error(errSyntax)
	case !ok:
		return resp.Error(errNotInteger)
	case e.kind == kindNone, option == "NX" && e.expires != 0,
		option == "GT" && (e.expires == 0 || s.now+ms <= e.expires):
		return resp.Integer(0)
	case ms <= 0:
		e.clear()
	default:
		e.expires = s.now + ms
	}
	return resp.Integer(1)
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// integer reads a number as strictly as a server does: no sign but a minus, no leading zero.
func integer(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == text
}
