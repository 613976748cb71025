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
	case "ZRANGEBYSCORE":
		return zrangeByScore(e, args[2:])
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
		return hset(e, args[2:])
	case "HMGET":
		items := []resp.Reply{}
		for _, name := range args[2:] {
			value := resp.Null()
			if i := e.Field(name); i >= 0 {
				value = resp.String(e.Fields[i].Value)
			}
			items = append(items, value)
		}
		return resp.Array(items...)
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

func hset(e *Entry, pairs []string) resp.Reply {
	if len(pairs)%2 != 0 {
		return resp.Error("ERR wrong number of arguments for 'hset' command")
	}
	e.Kind = KindHash
	added := int64(0)
	for i := 0; i < len(pairs); i += 2 {
		if at := e.Field(pairs[i]); at >= 0 {
			e.Fields[at].Value = pairs[i+1]
			continue
		}
		e.Fields = append(e.Fields, Field{pairs[i], pairs[i+1]})
		added++
	}
	return resp.Integer(added)
}

// hscan is HSCAN with the option COUNT, which it takes no notice of: a server need not either. The cursor is one more than
// the number of a name that was given, of those that a page of one byte can have; so what stays in the hash is met once,
// whatever else comes and goes.
func (s *Keyspace) hscan(e *Entry, args []string) resp.Reply {
	if len(args) != 1 && (len(args) != 3 || args[1] != "COUNT") {
		return resp.Error(errSyntax)
	}
	from, ok := Integer(args[0])
	if !ok {
		return resp.Error("ERR invalid cursor")
	}
	if !e.Is(KindHash) {
		return resp.Error(ErrWrongType)
	}
	fields := e.Fields
	if s.Page > 0 {
		fields = slices.Clone(fields)
		slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
		fields = slices.DeleteFunc(fields, func(f Field) bool { return place(f.Name) < from })
	}
	next, items := int64(0), []resp.Reply{}
	for i, f := range fields {
		if s.Page > 0 && i == s.Page {
			next = place(f.Name)
			break
		}
		items = append(items, resp.String(f.Name), resp.String(f.Value))
	}
	return resp.Array(resp.String(strconv.FormatInt(next, 10)), resp.Array(items...))
}

// place is a number of a name of two bytes at the most, in the order of names; that of the empty name is 1.
func place(name string) int64 {
	n := int64(1)
	for i := range 2 {
		n *= 257
		if i < len(name) {
			n += int64(name[i]) + 1
		}
	}
	return n
}

// zrangeByScore is ZRANGEBYSCORE with whole numbers, of which the second may be excluded.
func zrangeByScore(e *Entry, args []string) resp.Reply {
	const lowest, highest = -1 << 62, 1 << 62
	bound := func(text string) (n int64, ok bool) {
		switch text {
		case "-inf":
			return lowest, true
		case "+inf":
			return highest, true
		}
		n, ok = Integer(strings.TrimPrefix(text, "("))
		return n, ok
	}
	if len(args) < 2 {
		return resp.Error(errSyntax)
	}
	from, ok := bound(args[0])
	to, ok2 := bound(args[1])
	if !ok || !ok2 {
		return resp.Error("ERR min or max is not a float")
	}
	if strings.HasPrefix(args[0], "(") {
		from++
	}
	if strings.HasPrefix(args[1], "(") {
		to--
	}
	scores, skip, most := false, int64(0), int64(highest)
	for i := 2; i < len(args); i++ {
		switch {
		case args[i] == "WITHSCORES":
			scores = true
		case args[i] == "LIMIT" && i+2 < len(args):
			if skip, ok = Integer(args[i+1]); ok {
				most, ok = Integer(args[i+2])
			}
			if !ok {
				return resp.Error(errNotInteger)
			}
			i += 2
		default:
			return resp.Error(errSyntax)
		}
	}
	if !e.Is(KindZset) {
		return resp.Error(ErrWrongType)
	}
	items := []resp.Reply{}
	for _, m := range e.Members {
		switch {
		case m.Score < from || m.Score > to:
			continue
		case skip > 0:
			skip--
			continue
		case most == 0:
			return resp.Array(items...)
		}
		most--
		items = append(items, resp.String(m.Name))
		if scores {
			items = append(items, resp.String(strconv.FormatInt(m.Score, 10)))
		}
	}
	return resp.Array(items...)
}
