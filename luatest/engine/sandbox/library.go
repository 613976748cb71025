package sandbox

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// baseNames are the globals of a real server's sandbox that are here too. Left out are load, loadstring, xpcall,
// coroutine, bit, cjson, cmsgpack and struct: reading them is an error here, as it is with any name that is not there.
var baseNames = []string{
	"assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "select",
	"setmetatable", "type", "unpack",
}

// environment makes the globals of a script: a table that can be read, but not written, and where a name that is not
// there is an error.
func (s *Sandbox) environment() *lua.LTable {
	l := s.state
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable},
		{lua.StringLibName, lua.OpenString}, {lua.MathLibName, lua.OpenMath},
	} {
		l.Push(l.NewFunction(library.open))
		l.Push(lua.LString(library.name))
		l.Call(1, 0)
	}
	opened := l.G.Global
	text := opened.RawGetString("string").(*lua.LTable)
	text.RawSetString("format", l.NewFunction(stringFormat))
	opened.RawGetString("table").(*lua.LTable).RawSetString("concat", l.NewFunction(tableConcat))

	globals := l.NewTable()
	for _, name := range baseNames {
		globals.RawSetString(name, opened.RawGetString(name))
	}
	for _, name := range []string{"string", "table", "math"} {
		globals.RawSetString(name, s.readOnly(opened.RawGetString(name).(*lua.LTable)))
	}
	for name, function := range map[string]lua.LGFunction{
		"tostring": toString, "tonumber": toNumber, "pcall": protectedCall, "rawset": s.rawSet, concatText: concatenated,
	} {
		globals.RawSetString(name, l.NewFunction(function))
	}
	globals.RawSetString("redis", s.readOnly(s.redisTable()))
	globals.RawSetString("_VERSION", lua.LString("Lua 5.1"))

	missing := l.NewTable()
	missing.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("Script attempted to access nonexistent global variable '%s'", lua.LVAsString(l.Get(2)))
		return 0
	}))
	globals.Metatable = missing
	env := s.readOnly(globals)
	globals.RawSetString("_G", env)
	s.globals = globals
	return env
}

// readOnly gives a table that reads as t does and refuses writes.
func (s *Sandbox) readOnly(t *lua.LTable) *lua.LTable {
	proxy, meta := s.state.NewTable(), s.state.NewTable()
	meta.RawSetString("__index", t)
	meta.RawSetString("__newindex", s.state.NewFunction(func(l *lua.LState) int {
		l.RaiseError("Attempt to modify a readonly table")
		return 0
	}))
	meta.RawSetString("__metatable", lua.LString("read only"))
	proxy.Metatable = meta
	s.proxies[proxy] = true
	return proxy
}

func (s *Sandbox) rawSet(l *lua.LState) int {
	t := l.CheckTable(1)
	if s.proxies[t] {
		l.Error(lua.LString("Attempt to modify a readonly table"), 0)
	}
	t.RawSet(l.CheckAny(2), l.CheckAny(3))
	l.SetTop(1)
	return 1
}

func (s *Sandbox) redisTable() *lua.LTable {
	t := s.state.NewTable()
	for name, function := range map[string]lua.LGFunction{
		"call":         func(l *lua.LState) int { return s.call(l, true) },
		"pcall":        func(l *lua.LState) int { return s.call(l, false) },
		"error_reply":  errorReply,
		"status_reply": statusReply,
		"sha1hex":      sha1Hex,
		"log":          func(*lua.LState) int { return 0 },
	} {
		t.RawSetString(name, s.state.NewFunction(function))
	}
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		t.RawSetString(name, lua.LNumber(i))
	}
	return t
}

func errorReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if !ok || l.GetTop() != 1 {
		l.Push(field(l, "err", "ERR wrong number or type of arguments")) // returned, not raised
		return 1
	}
	// A message of one word is no code. A leading dash is the protocol's own.
	message := strings.TrimPrefix(string(text), "-")
	if !strings.Contains(message, " ") {
		message = "ERR " + message
	}
	l.Push(field(l, "err", message))
	return 1
}

func statusReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if !ok || l.GetTop() != 1 {
		l.Push(field(l, "err", "ERR wrong number or type of arguments")) // returned, not raised
		return 1
	}
	l.Push(field(l, "ok", string(text)))
	return 1
}

func sha1Hex(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR wrong number of arguments")
	}
	sum := sha1.Sum([]byte(checkText(l, 1)))
	l.Push(lua.LString(hex.EncodeToString(sum[:])))
	return 1
}

func toString(l *lua.LState) int {
	if n, ok := l.CheckAny(1).(lua.LNumber); ok {
		l.Push(lua.LString(luaNumber(float64(n))))
	} else {
		l.Push(l.ToStringMeta(l.Get(1)))
	}
	return 1
}

// toNumber is tonumber of Lua 5.1: with base 10, given or not, whatever C's strtod takes.
func toNumber(l *lua.LState) int {
	base := 10
	if l.Get(2) != lua.LNil {
		base = int(checkNumber(l, 2))
	}
	if base != 10 {
		l.RaiseError("tonumber with base %d is not supported by this sandbox", base)
	}
	switch v := l.CheckAny(1).(type) {
	case lua.LNumber:
		l.Push(v)
	case lua.LString:
		if n, ok := parseNumber(string(v)); ok {
			l.Push(lua.LNumber(n))
		} else {
			l.Push(lua.LNil)
		}
	default:
		l.Push(lua.LNil)
	}
	return 1
}

func concatenated(l *lua.LState) int {
	if n, ok := l.Get(1).(lua.LNumber); ok {
		l.Push(lua.LString(luaNumber(float64(n))))
	} else {
		l.Push(l.Get(1))
	}
	return 1
}

func tableConcat(l *lua.LState) int {
	t, separator := l.CheckTable(1), l.OptString(2, "")
	from, to := l.OptInt(3, 1), l.OptInt(4, t.Len())
	var b strings.Builder
	for i := from; i <= to; i++ {
		switch v := t.RawGetInt(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(luaNumber(float64(v)))
		default:
			l.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if i < to {
			b.WriteString(separator)
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// protectedCall is pcall as Redis has it: the error of a command arrives as a string, not as its table.
func protectedCall(l *lua.LState) int {
	l.CheckAny(1)
	base := l.GetTop() - 1
	if err := l.PCall(base, lua.MultRet, nil); err != nil {
		value := errorValue(err)
		if t, ok := value.(*lua.LTable); ok {
			if text, ok := t.RawGetString("err").(lua.LString); ok {
				value = text
			}
		}
		l.Push(lua.LFalse)
		l.Push(value)
		return 2
	}
	l.Insert(lua.LTrue, 1)
	return l.GetTop()
}
