// Package sandbox is the Lua environment of a real Redis, on gopher-lua: the same globals, the same numbers, the same
// conversions between Lua and the protocol, the same error texts (those of Redis 7.0). Commands go to a function of
// the caller's. It is stricter than a server in two points: a key that is not in KEYS is refused, and so is a command
// it does not know.
//
// What is not as in Lua 5.1: the texts of run-time errors that gopher-lua itself raises; arithmetic on strings (do
// not: '010'+0 is 8 here and 10 there); pairs over the globals, which finds none.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// Command is one command that a script sent, as [Options.Trace] sees it.
type Command struct {
	Args  []string   // its words, the name first, as the script wrote it. Valid during the call only
	Write bool       // whether it may change data
	Reply resp.Reply // what it was answered
}

// Options changes what a sandbox does. The zero value is strict.
type Options struct {
	// OutOfMemory, if set, says whether the server is out of memory: a command that may need more is then refused,
	// unless the script has written before it.
	OutOfMemory func() bool
	// Refuse, if set, gives the error that a command is answered instead of being run, as on a replica and with an ACL;
	// empty: none. write says whether the command may change data.
	Refuse func(args []string, write bool) string
	// Trace, if set, sees every command after it was answered.
	Trace func(Command)
}

// Sandbox runs scripts, one at a time: it is not for concurrent use.
type Sandbox struct {
	state    *lua.LState
	env      *lua.LTable
	globals  *lua.LTable
	proxies  map[*lua.LTable]bool
	handler  *lua.LFunction
	dispatch func(args []string) resp.Reply
	options  Options

	// Of the call that runs:
	keys  []string
	dirty bool // it has sent a command that writes
	where string
	words []string
}

// New makes a sandbox whose commands are answered by dispatch, which must not keep args.
func New(dispatch func(args []string) resp.Reply, options Options) *Sandbox {
	s := &Sandbox{
		state:    lua.NewState(lua.Options{SkipOpenLibs: true}),
		proxies:  map[*lua.LTable]bool{},
		dispatch: dispatch,
		options:  options,
	}
	s.env = s.environment()
	s.handler = s.state.NewFunction(s.locate)
	return s
}

// Close frees the Lua state.
func (s *Sandbox) Close() { s.state.Close() }

// SetContext attaches a context to the Lua state: the virtual machine asks for its Done channel before each
// instruction, which makes a context of one's own a hook for coverage. Without one, scripts run faster.
func (s *Sandbox) SetContext(ctx context.Context) { s.state.SetContext(ctx) }

// RemoveContext detaches it.
func (s *Sandbox) RemoveContext() { s.state.RemoveContext() }

// State is the Lua state, for a hook that wants to know where it is (GetStack, GetInfo).
func (s *Sandbox) State() *lua.LState { return s.state }

// SetTrace replaces [Options.Trace].
func (s *Sandbox) SetTrace(trace func(Command)) { s.options.Trace = trace }

// Run runs a script to its reply. An error that the script raises is an error reply, worded as Redis 7.0 words it.
// Run panics when a Go function inside the sandbox does.
func (s *Sandbox) Run(script *Script, keys, args []string) resp.Reply {
	l := s.state
	s.keys, s.dirty, s.where = keys, false, ""
	s.globals.RawSetString("KEYS", list(l, keys))
	s.globals.RawSetString("ARGV", list(l, args))
	function := l.NewFunctionFromProto(script.Proto)
	function.Env = s.env
	l.Push(function)
	if err := l.PCall(0, 1, s.handler); err != nil {
		l.SetTop(0)
		return s.raised(err, script)
	}
	value := l.Get(-1)
	l.SetTop(0)
	return fromLua(value)
}

func list(l *lua.LState, texts []string) *lua.LTable {
	t := l.CreateTable(len(texts), 0)
	for i, text := range texts {
		t.RawSetInt(i+1, lua.LString(text))
	}
	return t
}

// locate is the handler of a raised error: it notes the line of the script, and passes the error on.
func (s *Sandbox) locate(l *lua.LState) int {
	for level := 0; ; level++ {
		frame, ok := l.GetStack(level)
		if !ok {
			break
		}
		if _, err := l.GetInfo("Sl", frame, lua.LNil); err == nil && frame.What != "G" && frame.CurrentLine > 0 {
			s.where = fmt.Sprintf("@%s:%d", chunkName, frame.CurrentLine)
			break
		}
	}
	return 1
}

// raised makes the reply of an error that a script raised.
func (s *Sandbox) raised(err error, script *Script) resp.Reply {
	var api *lua.ApiError
	if errors.As(err, &api) && api.Type == lua.ApiErrorPanic {
		panic(err)
	}
	var text string
	switch v := errorValue(err).(type) {
	case *lua.LTable:
		field, ok := v.RawGetString("err").(lua.LString)
		if !ok {
			return resp.Error("ERR an error that is a table without the field err crashes a real server")
		}
		text = string(field)
	default:
		text = "ERR " + v.String()
	}
	if s.where != "" {
		text += fmt.Sprintf(" script: %s, on %s.", script.SHA1, s.where)
	}
	return resp.Error(oneLine(text))
}

// errorValue is the Lua value that was raised.
func errorValue(err error) lua.LValue {
	var api *lua.ApiError
	if errors.As(err, &api) && api.Object != nil {
		return api.Object
	}
	return lua.LString(err.Error())
}

// raise raises an error of a command, with its code.
func raise(l *lua.LState, text string) { l.Error(field(l, "err", text), 1) }

// call is redis.call, and redis.pcall when it does not raise.
func (s *Sandbox) call(l *lua.LState, raises bool) int {
	reply := s.send(l)
	if raises && reply.Kind == resp.KindError {
		raise(l, reply.Text)
	}
	l.Push(toLua(l, reply))
	return 1
}

// send checks a command as a server does before it runs it for a script, and has it answered.
func (s *Sandbox) send(l *lua.LState) resp.Reply {
	n := l.GetTop()
	if n == 0 {
		return resp.Error("ERR Please specify at least one argument for this redis lib call")
	}
	args := s.words[:0]
	for i := 1; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			args = append(args, string(v))
		case lua.LNumber:
			args = append(args, argumentNumber(float64(v)))
		default:
			return resp.Error("ERR Lua redis lib command arguments must be strings or integers")
		}
	}
	s.words = args
	known, ok := commands[args[0]]
	if !ok {
		known, ok = commands[strings.ToUpper(args[0])]
	}
	switch {
	case !ok:
		return resp.Error("ERR Unknown Redis command called from script")
	case !known.takes(n):
		return resp.Error("ERR Wrong number of args calling Redis command from script")
	}
	if key, found := known.undeclared(args, s.keys); found {
		return resp.Error(fmt.Sprintf("ERR Script attempted to access a key that is not in KEYS: %q", key))
	}
	var reply resp.Reply
	refused := ""
	if s.options.Refuse != nil {
		refused = s.options.Refuse(args, known.write)
	}
	switch {
	case refused != "":
		reply = resp.Error(refused)
	case known.denyOOM && !s.dirty && s.options.OutOfMemory != nil && s.options.OutOfMemory():
		reply = resp.Error("OOM command not allowed when used memory > 'maxmemory'.")
	default:
		s.dirty = s.dirty || known.write
		reply = s.dispatch(args)
	}
	if s.options.Trace != nil {
		s.options.Trace(Command{Args: args, Write: known.write, Reply: reply})
	}
	return reply
}
