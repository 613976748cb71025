package scripts

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// noScriptTries bounds how often a call whose script the server does not know is loaded and sent again. One is enough
// unless somebody runs SCRIPT FLUSH, or the primary changes, between the load and the call.
const noScriptTries = 5

// Script is one version of one Lua script, as the generator wrote it.
type Script struct {
	Name    string // as its header names it, for example mutex.acquire
	Version int
	SHA1    string // of Source, in hexadecimal: what EVALSHA takes
	Source  string // byte for byte what lua/dist holds
	ByRO    bool   // sent by EVALSHA_RO: a user needs the right to read its keys alone, and a replica may answer
	Unsafe  bool   // a call that may have run is not sent again: its error is then a [*MayHaveRunError]
}

// Call is one call of a script: made by a binding, sent by Do or together with others by Pipeline. It is for one
// goroutine, and can be sent again where its script is safe to repeat with the same arguments.
type Call[R any] struct {
	script *Script
	keys   []string
	args   []any
	decode func(*Reply) R

	queued   *redis.Cmd // in a pipeline of the caller
	reply    R
	err      error
	sent     bool // there was a send that was answered
	ran      bool // a send that failed may have been run
	repeated bool // there was another send after one
}

// NewCall is for the generated bindings. The first of keys says on which node of a cluster the call runs.
func NewCall[R any](s *Script, keys []string, args []any, decode func(*Reply) R) *Call[R] {
	return &Call[R]{script: s, keys: keys, args: args, decode: decode}
}

// Do sends the call by EVALSHA and waits for its reply. A server that does not know the script is given it by SCRIPT
// LOAD and asked again (never by EVAL, which an ACL user may lack). A call that a broken connection or a server in
// transition failed is repeated, as go-redis would, until ctx ends. The error is a redis one, the context's, or a
// [*ReplyError]; [Classify] says what each means.
func (c *Call[R]) Do(ctx context.Context, rdb Client) (R, error) {
	c.ran, c.repeated = false, false
	return c.do(ctx, rdb, 0)
}

// Again is Do for a call that a Pipeline sent and that failed with a [Transient] error: one more send of the same call,
// and as many as Do would make.
func (c *Call[R]) Again(ctx context.Context, rdb Client) (R, error) {
	repeats := c.mayRepeat()
	c.repeated = false
	if !repeats || !pause(ctx, 0) {
		return c.reply, c.err
	}
	return c.do(ctx, rdb, 1)
}

func (c *Call[R]) do(ctx context.Context, rdb Client, try int) (R, error) {
	if _, pipe := rdb.(redis.Pipeliner); pipe {
		c.unsent(ErrPipeline)
		return c.reply, c.err
	}
	c.queued = nil
	for loads := 0; ; {
		if err := ctx.Err(); err != nil {
			c.unsent(err)
			return c.reply, c.err
		}
		c.repeated = c.repeated || c.ran
		cmd := c.cmd(ctx)
		_ = rdb.Process(ctx, cmd) // the error is the command's
		c.settle(cmd.Cmd)
		follow(ctx, rdb, c.err)
		switch {
		case c.err == nil:
			return c.reply, nil
		case redis.HasErrorPrefix(c.err, "NOSCRIPT") && loads < noScriptTries:
			loads++
			if err := load(ctx, rdb, c); err != nil {
				c.unsent(err)
				return c.reply, c.err
			}
		case c.mayRepeat() && try < maxRepeats && Transient(c.err):
			if !pause(ctx, try) {
				return c.reply, c.err
			}
			try++
		default:
			return c.reply, c.err
		}
	}
}

// Repeated reports whether the last Do or Again sent the call again after a send that the server may have run all the
// same: a reply that says "there is nothing to do" can then mean that the first one did it.
func (c *Call[R]) Repeated() bool { return c.repeated }

// MayHaveRun reports whether the server has run the call, or may have: also where the last Do or Again brought an error,
// and where it is still under way. A call that was never sent has not.
func (c *Call[R]) MayHaveRun() bool { return c.err == nil && c.sent || c.ran }

// Err is the error of the last send, nil if it was answered.
func (c *Call[R]) Err() error { return c.err }

// Send is Do for a caller that reads the reply later.
func (c *Call[R]) Send(ctx context.Context, rdb Client) error {
	_, err := c.Do(ctx, rdb)
	return err
}

// Resend is Again for a caller that reads the reply later.
func (c *Call[R]) Resend(ctx context.Context, rdb Client) error {
	_, err := c.Again(ctx, rdb)
	return err
}

// Fail makes err the outcome of a call whose send did not come to an end, because a hook panicked. It may have run.
func (c *Call[R]) Fail(err error) { c.fail(err) }

// Result is what the last Do or Pipeline brought, or the pipeline of the last Queue.
func (c *Call[R]) Result() (R, error) {
	c.executed()
	return c.reply, c.err
}

// Sendable is any *Call, whatever its reply.
type Sendable interface {
	Send(ctx context.Context, rdb Client) error
	Resend(ctx context.Context, rdb Client) error
	Repeated() bool
	MayHaveRun() bool
	Err() error
	Fail(err error)
	unsent(err error)
	cmd(ctx context.Context) cmd
	settle(cmd *redis.Cmd)
	fail(err error)
	target() (s *Script, key string)
}

// Pipeline sends the calls together, one pipeline to each node that holds some of their keys, and loads the scripts
// that a node did not know. Each call's own Result tells how it went.
func Pipeline(ctx context.Context, rdb redis.UniversalClient, calls ...Sendable) {
	for range noScriptTries {
		send(ctx, rdb, calls)
		loaded := make(map[string]bool)
		var again []Sendable
		for _, c := range calls {
			if err := c.Err(); err == nil || !redis.HasErrorPrefix(err, "NOSCRIPT") {
				continue
			}
			s, key := c.target()
			node, err := nodeFor(ctx, rdb, key)
			if id := fmt.Sprintf("%p %s", node, s.SHA1); err == nil && !loaded[id] {
				loaded[id] = true
				err = node.ScriptLoad(ctx, s.Source).Err()
			}
			if err != nil {
				c.unsent(fmt.Errorf("SCRIPT LOAD of %s: %w", s.Name, err))
				continue
			}
			again = append(again, c)
		}
		if calls = again; len(calls) == 0 {
			return
		}
	}
}

func send(ctx context.Context, rdb redis.UniversalClient, calls []Sendable) {
	pipe := rdb.Pipeline()
	cmds := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		cmd := c.cmd(ctx)
		_ = pipe.Process(ctx, cmd) // only queues it
		cmds[i] = cmd.Cmd
	}
	_, err := pipe.Exec(ctx)
	follow(ctx, rdb, err)
	for i, c := range calls {
		// A pipeline that never left leaves its commands without an error of their own.
		if err != nil && cmds[i].Err() == nil && cmds[i].Val() == nil {
			c.fail(err)
			continue
		}
		c.settle(cmds[i])
	}
}

// cmd is the EVALSHA of one call. go-redis must not repeat it unseen: whoever reads the reply has to know. It is as small as
// a pointer, so that it costs nothing to make it a redis.Cmder.
type cmd struct{ *redis.Cmd }

func (cmd) NoRetry() bool { return true }

func (c *Call[R]) cmd(ctx context.Context) cmd {
	args := make([]any, 0, 3+len(c.keys)+len(c.args))
	args = append(args, c.script.command(), c.script.SHA1, len(c.keys))
	for _, key := range c.keys {
		args = append(args, key)
	}
	return cmd{redis.NewCmd(ctx, append(args, c.args...)...)}
}

func (c *Call[R]) settle(cmd *redis.Cmd) {
	val, err := cmd.Result()
	if err != nil && err != redis.Nil { //nolint:errorlint // what Sentinel clients say of an unknown group wraps a Nil
		c.fail(err)
		c.mayRepeat()
		return
	}
	r := newReply(c.script, val)
	c.reply, c.err, c.sent = c.decode(r), nil, true
	if r.err != nil {
		c.fail(r.err) // and no half of a reply
	}
}

func (c *Call[R]) fail(err error) {
	c.unsent(err)
	c.ran = c.ran || Classify(err).MayHaveRun
}

// unsent fails a call without a send, or after one whose own error is known.
func (c *Call[R]) unsent(err error) {
	var none R
	c.reply, c.err = none, err
}

func (c *Call[R]) target() (*Script, string) { return c.script, c.keys[0] }

func load(ctx context.Context, rdb Client, c Sendable) error {
	s, key := c.target()
	node, err := nodeFor(ctx, rdb, key)
	if err == nil {
		err = node.ScriptLoad(ctx, s.Source).Err()
	}
	if err != nil {
		return fmt.Errorf("SCRIPT LOAD of %s: %w", s.Name, err)
	}
	return nil
}

// nodeFor finds the server that runs calls with this key: SCRIPT LOAD names no key, so a cluster client could not.
func nodeFor(ctx context.Context, rdb Client, key string) (Client, error) {
	switch c := rdb.(type) {
	case interface {
		MasterForKey(context.Context, string) (*redis.Client, error)
	}:
		return c.MasterForKey(ctx, key)
	case interface {
		GetShardClientForKey(string) (*redis.Client, error)
	}:
		return c.GetShardClientForKey(key)
	default:
		return rdb, nil
	}
}

// ByNode splits calls by the server that they run on, so that a node that does not answer holds up only its own. Calls
// whose node cannot be told stay together.
func ByNode(ctx context.Context, rdb redis.UniversalClient, calls []Sendable) [][]Sendable {
	groups := make(map[*redis.Client]int)
	var split [][]Sendable
	for _, c := range calls {
		_, key := c.target()
		var node *redis.Client // nil: there is one only, or it cannot be told
		if found, err := nodeFor(ctx, rdb, key); err == nil {
			node, _ = found.(*redis.Client)
		}
		i, ok := groups[node]
		if !ok {
			i = len(split)
			groups[node] = i
			split = append(split, nil)
		}
		split[i] = append(split[i], c)
	}
	return split
}
