package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	miniserver "github.com/alicebob/miniredis/v2/server"

	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// epoch is where the clock of an engine that can move it starts.
var epoch = time.Date(2026, time.January, 1, 0, 0, 0, 123456789, time.UTC)

// Lua is our own sandbox, with a miniredis in the same process, no socket between them, and a clock that stands still
// until Advance. Messages and the maxmemory limit are its own. Scripts see the time frozen.
type Lua struct {
	sandbox   *sandbox.Sandbox
	redis     *miniredis.Miniredis
	now       time.Time
	scripts   map[string]*sandbox.Script
	peer      *miniserver.Peer
	out       bytes.Buffer
	in        *bufio.Reader
	listening map[string][]string // channel → messages that nobody asked for yet
	maxmemory string
	refusal   refusal
}

// NewLua makes a Lua engine.
func NewLua() (*Lua, error) {
	e := &Lua{
		redis: miniredis.NewMiniRedis(), now: epoch, scripts: map[string]*sandbox.Script{},
		listening: map[string][]string{}, maxmemory: "0",
	}
	// Dialing once makes the server without a listener; commands are then dispatched to it as calls.
	conn, err := e.redis.Dial()
	if err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	e.redis.SetTime(e.now)
	e.redis.ClockTTL(true)
	e.peer = miniserver.NewPeer(bufio.NewWriter(&e.out))
	e.in = bufio.NewReader(&e.out)
	e.sandbox = sandbox.New(e.dispatch, sandbox.Options{
		OutOfMemory: func() bool { return e.maxmemory != "0" }, Refuse: e.refusal.refuse,
	})
	return e, nil
}

// Name is gopher-lua's.
func (e *Lua) Name() string { return "gopher-lua" }

// Version is that of the module gopher-lua.
func (e *Lua) Version() string { return moduleVersion("github.com/yuin/gopher-lua") }

// Kind is KindLua.
func (e *Lua) Kind() string { return KindLua }

// Sandbox is the sandbox, for a hook or a trace.
func (e *Lua) Sandbox() *sandbox.Sandbox { return e.sandbox }

// Load compiles a script.
func (e *Lua) Load(source string) (string, error) {
	script, err := sandbox.Compile(source)
	if err != nil {
		return "", err
	}
	e.LoadScript(script)
	return script.SHA1, nil
}

// LoadScript takes a compiled script, so that many engines can share one.
func (e *Lua) LoadScript(script *sandbox.Script) { e.scripts[script.SHA1] = script }

// Call runs a script.
func (e *Lua) Call(sha1 string, keys, args []string) (resp.Reply, error) {
	script, ok := e.scripts[sha1]
	if !ok {
		return resp.Error("NOSCRIPT No matching script. Please use EVAL."), nil
	}
	return e.sandbox.Run(script, keys, args), nil
}

// Do runs a command. CONFIG SET maxmemory is the only setting there is: anything but 0 means that memory is out. REPLICAOF,
// ACL SETUSER and AUTH change what scripts may do, and nothing else.
func (e *Lua) Do(args ...string) (resp.Reply, error) {
	if len(args) == 4 && strings.EqualFold(args[0], "CONFIG") && strings.EqualFold(args[1], "SET") &&
		strings.EqualFold(args[2], "maxmemory") {
		e.maxmemory = args[3]
		return resp.Status("OK"), nil
	}
	if reply, ok := e.refusal.do(args); ok {
		return reply, nil
	}
	return e.dispatch(args), nil
}

// dispatch has a command answered.
func (e *Lua) dispatch(args []string) resp.Reply {
	if strings.EqualFold(args[0], "PUBLISH") && len(args) == 3 {
		messages, ok := e.listening[args[1]]
		if !ok {
			return resp.Integer(0)
		}
		e.listening[args[1]] = append(messages, args[2])
		return resp.Integer(1)
	}
	if strings.EqualFold(args[0], "PEXPIREAT") && len(args) == 3 {
		// A server's clock has whole milliseconds here; miniredis takes the rest away from the time to live.
		if at, err := strconv.ParseInt(args[2], 10, 64); err == nil {
			args = []string{"PEXPIRE", args[1], strconv.FormatInt(at-e.now.UnixMilli(), 10)}
		}
	}
	e.redis.Server().Dispatch(e.peer, args)
	e.peer.Flush()
	reply, err := resp.Read(e.in)
	if err != nil || e.out.Len() > 0 || e.in.Buffered() > 0 {
		panic(fmt.Sprintf("engine: miniredis answered %q not with one reply: %v", args, err))
	}
	return reply
}

// Advance moves the clock.
func (e *Lua) Advance(d time.Duration) error {
	e.SetTime(e.now.Add(d + margin))
	return nil
}

// Now is the engine's time.
func (e *Lua) Now() time.Time { return e.now }

// SetTime sets the engine's time, exactly. What had a time to live that has passed is gone.
func (e *Lua) SetTime(now time.Time) {
	e.now = now
	e.redis.SetTime(now)
}

// Miniredis is where the data is, for a caller who wants to copy or change it without a command.
func (e *Lua) Miniredis() *miniredis.Miniredis { return e.redis }

// Subscribe listens.
func (e *Lua) Subscribe(channels ...string) error {
	for _, channel := range channels {
		if _, ok := e.listening[channel]; !ok {
			e.listening[channel] = nil
		}
	}
	return nil
}

// Unsubscribe ends it.
func (e *Lua) Unsubscribe(channels ...string) error {
	for _, channel := range channels {
		delete(e.listening, channel)
	}
	return nil
}

// Messages never has to wait.
func (e *Lua) Messages(channel string, _ int) ([]string, error) {
	messages, ok := e.listening[channel]
	if !ok {
		return nil, errors.New("engine: not subscribed to " + channel)
	}
	e.listening[channel] = nil
	return slices.Clone(messages), nil
}

// FlushAll empties the database. Scripts and subscriptions stay.
func (e *Lua) FlushAll() error {
	e.redis.FlushAll()
	return nil
}

// Close frees the Lua state and miniredis.
func (e *Lua) Close() error {
	e.sandbox.Close()
	e.redis.Close()
	return nil
}
