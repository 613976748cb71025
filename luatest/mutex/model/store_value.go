package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// onString is the commands of strings.
func (s *store) onString(e *entry, args []string) resp.Reply {
	if args[0] == "SET" {
		return s.set(e, args[2], args[3:])
	}
	if len(args) != 2 {
		return resp.Error(errSyntax) // GETEX has options, which nobody here needs
	}
	if !e.is(kindString) {
		return resp.Error(errWrongType)
	}
	if e.kind == kindNone {
		return resp.Null()
	}
	return resp.String(e.text)
}

// set is SET with the options NX, PX, KEEPTTL and GET.
func (s *store) set(e *entry, value string, options []string) resp.Reply {
	nx, get, keep, px := false, false, false, int64(0)
	for i := 0; i < len(options); i++ {
		switch {
		case options[i] == "NX":
			nx = true
		case options[i] == "GET":
			get = true
		case options[i] == "KEEPTTL" && px == 0:
			keep = true
		case options[i] == "PX" && i+1 < len(options) && !keep:
			i++
			ms, ok := integer(options[i])
			if !ok {
				return resp.Error(errNotInteger)
			}
			if ms <= 0 {
				return resp.Error("ERR invalid expire time in 'set' command")
			}
			px = ms
		default:
			return resp.Error(errSyntax)
		}
	}
	before := resp.Null()
	if e.kind == kindString {
		before = resp.String(e.text)
	}
	switch {
	case get && !e.is(kindString):
		return resp.Error(errWrongType)
	case nx && e.kind != kindNone && !get:
		return resp.Null()
	case nx && e.kind != kindNone:
		return before
	}
	expires := e.expires
	e.clear()
	e.kind, e.text = kindString, value
	if keep {
		e.expires = expires
	}
	if px > 0 {
		e.expires = s.now + px
	}
	if get {
		return before
	}
	return resp.Status("OK")
}

// onZset is the commands of sorted sets. As in a server, numbers are read before the key is looked at.
func onZset(e *entry, args []string) resp.Reply {
	switch args[0] {
	case "ZADD":
		return zadd(e, args[2:])
	case "ZRANGE", "ZREVRANGE":
		return zrange(e, args)
	}
	if !e.is(kindZset) {
		return resp.Error(errWrongType)
	}
	switch args[0] {
	case "ZREM":
		n := int64(0)
		for _, name := range args[2:] {
			if i := e.rank(name); i >= 0 {
				e.members = slices.Delete(e.members, i, i+1)
				n++
			}
		}
		if len(e.members) == 0 {
			e.clear()
		}
		return resp.Integer(n)
	case "ZCARD":
		return resp.Integer(int64(len(e.members)))
	}
	i := e.rank(args[2])
	switch {
	case i < 0:
		return resp.Null()
	case args[0] == "ZRANK":
		return resp.Integer(int64(i))
	}
	return resp.String(strconv.FormatInt(e.members[i].score, 10))
}

// zadd is ZADD of one member, with the option NX.
func zadd(e *entry, args []string) resp.Reply {
	nx := args[0] == "NX"
	if nx {
		args = args[1:]
	}
	if len(args) != 2 {
		return resp.Error(errSyntax)
	}
	score, ok := integer(args[0])
	if !ok {
		return resp.Error("ERR value is not a valid float")
	}
	if !e.is(kindZset) {
		return resp.Error(errWrongType)
	}
	added := int64(1)
	if i := e.rank(args[1]); i >= 0 {
		if nx {
			return resp.Integer(0)
		}
		e.members = slices.Delete(e.members, i, i+1)
		added = 0
	}
	at, _ := slices.BinarySearchFunc(e.members, member{args[1], score}, func(a, b member) int {
		if a.score != b.score {
			return int(min(max(a.score-b.score, -1), 1))
		}
		return strings.Compare(a.name, b.name)
	})
	e.kind, e.members = kindZset, slices.Insert(e.members, at, member{args[1], score})
	return resp.Integer(added)
}

// zrange is ZRANGE and ZREVRANGE by position, with or without the scores.
func zrange(e *entry, args []string) resp.Reply {
	if len(args) < 4 || len(args) > 5 || len(args) == 5 && args[4] != "WITHSCORES" {
		return resp.Error(errSyntax)
	}
	from, ok := integer(args[2])
	to, ok2 := integer(args[3])
	if !ok || !ok2 {
		return resp.Error(errNotInteger)
	}
	if !e.is(kindZset) {
		return resp.Error(errWrongType)
	}
	n := int64(len(e.members))
	if from < 0 {
		from = max(from+n, 0)
	}
	if to < 0 {
		to += n
	}
	items := []resp.Reply{}
	for i := from; i <= min(to, n-1); i++ {
		m := e.members[i]
		if args[0] == "ZREVRANGE" {
			m = e.members[n-1-i]
		}
		items = append(items, resp.String(m.name))
		if len(args) == 5 {
			items = append(items, resp.String(strconv.FormatInt(m.score, 10)))
		}
	}
	return resp.Array(items...)
}

// onHash is the commands of hashes.
func onHash(e *entry, args []string) resp.Reply {
	if !e.is(kindHash) {
		return resp.Error(errWrongType)
	}
	switch args[0] {
	case "HGET":
		if i := e.field(args[2]); i >= 0 {
			return resp.String(e.fields[i].value)
		}
		return resp.Null()
	case "HSET":
		if len(args) != 4 {
			return resp.Error(errSyntax)
		}
		e.kind = kindHash
		if i := e.field(args[2]); i >= 0 {
			e.fields[i].value = args[3]
			return resp.Integer(0)
		}
		e.fields = append(e.fields, field{args[2], args[3]})
		return resp.Integer(1)
	}
	n := int64(0)
	for _, name := range args[2:] {
		if i := e.field(name); i >= 0 {
			e.fields = slices.Delete(e.fields, i, i+1)
			n++
		}
	}
	if len(e.fields) == 0 {
		e.clear()
	}
	return resp.Integer(n)
}
