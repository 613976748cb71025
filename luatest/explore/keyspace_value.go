package explore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// onString is the commands of strings.
func (s *Keyspace) onString(e *Entry, args []string) resp.Reply {
	if args[0] == "SET" {
		return s.set(e, args[2], args[3:])
	}
	if len(args) != 2 {
		return resp.Error(errSyntax) // GETEX has options, which nobody here needs
	}
	if !e.Is(KindString) {
		return resp.Error(ErrWrongType)
	}
	if e.Kind == KindNone {
		return resp.Null()
	}
	return resp.String(e.Text)
}

// set is SET with the options NX, PX, KEEPTTL and GET.
func (s *Keyspace) set(e *Entry, value string, options []string) resp.Reply {
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
			ms, ok := Integer(options[i])
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
	if e.Kind == KindString {
		before = resp.String(e.Text)
	}
	switch {
	case get && !e.Is(KindString):
		return resp.Error(ErrWrongType)
	case nx && e.Kind != KindNone && !get:
		return resp.Null()
	case nx && e.Kind != KindNone:
		return before
	}
	expires := e.Expires
	e.Clear()
	e.Kind, e.Text = KindString, value
	if keep {
		e.Expires = expires
	}
	if px > 0 {
		e.Expires = s.Now + px
	}
	if get {
		return before
	}
	return resp.Status("OK")
}

// onZset is the commands of sorted sets. As in a server, numbers are read before the key is looked at.
func onZset(e *Entry, args []string) resp.Reply {
	switch args[0] {
	case "ZADD":
		return zadd(e, args[2:])
	case "ZRANGE", "ZREVRANGE":
		return zrange(e, args)
	}
	if !e.Is(KindZset) {
		return resp.Error(ErrWrongType)
	}
	switch args[0] {
	case "ZREM":
		n := int64(0)
		for _, name := range args[2:] {
			if i := e.Rank(name); i >= 0 {
				e.Members = slices.Delete(e.Members, i, i+1)
				n++
			}
		}
		if len(e.Members) == 0 {
			e.Clear()
		}
		return resp.Integer(n)
	case "ZCARD":
		return resp.Integer(int64(len(e.Members)))
	}
	i := e.Rank(args[2])
	switch {
	case i < 0:
		return resp.Null()
	case args[0] == "ZRANK":
		return resp.Integer(int64(i))
	}
	return resp.String(strconv.FormatInt(e.Members[i].Score, 10))
}

// zadd is ZADD of one member, with the option NX.
func zadd(e *Entry, args []string) resp.Reply {
	nx := args[0] == "NX"
	if nx {
		args = args[1:]
	}
	if len(args) != 2 {
		return resp.Error(errSyntax)
	}
	score, ok := Integer(args[0])
	if !ok {
		return resp.Error("ERR value is not a valid float")
	}
	if !e.Is(KindZset) {
		return resp.Error(ErrWrongType)
	}
	added := int64(1)
	if i := e.Rank(args[1]); i >= 0 {
		if nx {
			return resp.Integer(0)
		}
		e.Members = slices.Delete(e.Members, i, i+1)
		added = 0
	}
	at, _ := slices.BinarySearchFunc(e.Members, Member{args[1], score}, func(a, b Member) int {
		if a.Score != b.Score {
			return int(min(max(a.Score-b.Score, -1), 1))
		}
		return strings.Compare(a.Name, b.Name)
	})
	e.Kind, e.Members = KindZset, slices.Insert(e.Members, at, Member{args[1], score})
	return resp.Integer(added)
}

// zrange is ZRANGE and ZREVRANGE by position, with or without the scores.
func zrange(e *Entry, args []string) resp.Reply {
	if len(args) < 4 || len(args) > 5 || len(args) == 5 && args[4] != "WITHSCORES" {
		return resp.Error(errSyntax)
	}
	from, ok := Integer(args[2])
	to, ok2 := Integer(args[3])
	if !ok || !ok2 {
		return resp.Error(errNotInteger)
	}
	if !e.Is(KindZset) {
		return resp.Error(ErrWrongType)
	}
	n := int64(len(e.Members))
	if from < 0 {
		from = max(from+n, 0)
	}
	if to < 0 {
		to += n
	}
	items := []resp.Reply{}
	for i := from; i <= min(to, n-1); i++ {
		m := e.Members[i]
		if args[0] == "ZREVRANGE" {
			m = e.Members[n-1-i]
		}
		items = append(items, resp.String(m.Name))
		if len(args) == 5 {
			items = append(items, resp.String(strconv.FormatInt(m.Score, 10)))
		}
	}
	return resp.Array(items...)
}

// OnHash is the commands of hashes.
func OnHash(e *Entry, args []string) resp.Reply {
	if !e.Is(KindHash) {
		return resp.Error(ErrWrongType)
	}
	switch args[0] {
	case "HGET":
		if i := e.Field(args[2]); i >= 0 {
			return resp.String(e.Fields[i].Value)
		}
		return resp.Null()
	case "HSET":
		if len(args) != 4 {
			return resp.Error(errSyntax)
		}
		e.Kind = KindHash
		if i := e.Field(args[2]); i >= 0 {
			e.Fields[i].Value = args[3]
			return resp.Integer(0)
		}
		e.Fields = append(e.Fields, Field{args[2], args[3]})
		return resp.Integer(1)
	}
	n := int64(0)
	for _, name := range args[2:] {
		if i := e.Field(name); i >= 0 {
			e.Fields = slices.Delete(e.Fields, i, i+1)
			n++
		}
	}
	if len(e.Fields) == 0 {
		e.Clear()
	}
	return resp.Integer(n)
}
