// Package engine has all that can run a Redis script, behind one interface: our own sandbox on gopher-lua, miniredis,
// and a real server. Where they should answer the same bytes, a test can hold them to it.
package engine

import (
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// The kinds of engines, as a scenario names them.
const (
	KindLua       = "lua"       // our sandbox on gopher-lua; commands go to a miniredis in the process
	KindMiniredis = "miniredis" // miniredis' own EVALSHA, over a socket
	KindReal      = "real"      // a server process
)

// Engine is a Redis with an empty database of its own. It is not for concurrent use. Its errors are of the engine
// itself (a lost connection, say); what a server answers, error replies too, is a reply.
type Engine interface {
	// Name is the product's, such as redis or miniredis.
	Name() string
	// Version is the product's.
	Version() string
	// Kind is one of the Kind constants.
	Kind() string
	// Load compiles a script and returns what Call takes.
	Load(source string) (sha1 string, err error)
	// Call runs a loaded script.
	Call(sha1 string, keys, args []string) (resp.Reply, error)
	// Do runs any command, to prepare or to inspect.
	Do(args ...string) (resp.Reply, error)
	// Advance moves the clock on by d, a real one by waiting for it. The server's clock has then moved by more than
	// d (in ms), so that what had d to live is gone.
	Advance(d time.Duration) error
	// Subscribe listens on channels until Unsubscribe.
	Subscribe(channels ...string) error
	// Unsubscribe ends it; the server has counted its receivers without us when it returns.
	Unsubscribe(channels ...string) error
	// Messages returns what arrived on a channel since it was last asked, in order. It waits, for a bounded time,
	// until there are at least so many.
	Messages(channel string, atLeast int) ([]string, error)
	// FlushAll empties the database.
	FlushAll() error
	// Close frees everything.
	Close() error
}

// margin is what Advance adds, in real and in simulated time: a key with d to live is still there at d on a server.
const margin = time.Millisecond

// patience bounds the wait for something that is under way.
const patience = time.Minute

// Opened fails the test on an error, and closes the engine with it.
func Opened(t testing.TB, e Engine, err error) Engine {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
