package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// toLua makes a Lua value of the reply of a command. An error becomes {err=...}; the caller raises it or not.
func toLua(l *lua.LState, r resp.Reply) lua.LValue {
	switch r.Kind {
	case resp.KindStatus:
		return field(l, "ok", r.Text)
	case resp.KindError:
		return field(l, "err", r.Text)
	case resp.KindInteger:
		return lua.LNumber(r.Integer)
	case resp.KindString:
		return lua.LString(r.Text)
	case resp.KindArray:
		t := l.CreateTable(len(r.Items), 0)
		for i, item := range r.Items {
			t.RawSetInt(i+1, toLua(l, item))
		}
		return t
	}
	return lua.LFalse
}

// fromLua makes the reply of the value that a script returned.
func fromLua(v lua.LValue) resp.Reply {
	switch v := v.(type) {
	case lua.LString:
		return resp.String(string(v))
	case lua.LNumber:
		return resp.Integer(truncate(float64(v)))
	case lua.LBool:
		if v {
			return resp.Integer(1)
		}
	case *lua.LTable:
		return fromTable(v)
	}
	return resp.Null()
}

// fromTable makes an error, a status, or an array of the elements up to the first nil.
func fromTable(t *lua.LTable) resp.Reply {
	if text, ok := t.RawGetString("err").(lua.LString); ok {
		return resp.Error(oneLine(string(text)))
	}
	if text, ok := t.RawGetString("ok").(lua.LString); ok {
		return resp.Status(oneLine(string(text)))
	}
	items := make([]resp.Reply, 0, t.Len())
	for i := 1; ; i++ {
		v := t.RawGetInt(i)
		if v == lua.LNil {
			return resp.Array(items...)
		}
		items = append(items, fromLua(v))
	}
}

// oneLine is what a server does to a text that must stand on one line of the protocol.
func oneLine(s string) string {
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
}

func field(l *lua.LState, name, text string) *lua.LTable {
	t := l.CreateTable(0, 1)
	t.RawSetString(name, lua.LString(text))
	return t
}
