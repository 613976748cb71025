package redilocktest

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/buffered"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/mutex"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
)

// Op is a call of the lock client to its server, of whatever kind of lock.
type Op string

// The operations that can be made to fail.
const (
	Acquire Op = "acquire" // Lock and TryLock, and the questions of those who wait
	Extend  Op = "extend"  // Extend, and the automatic renewal
	Release Op = "release" // Unlock, and leaving the queue
	Inspect Op = "inspect"
	Shrink  Op = "shrink" // Shrink and Downgrade
)

// operations are the scripts of all kinds of locks, by SHA1.
var operations = func() map[string]Op {
	all := make(map[string]Op)
	for _, script := range slices.Concat(mutex.Scripts(), semaphore.Scripts()) {
		_, verb, _ := strings.Cut(script.Name, ".")
		all[script.SHA1] = Op(verb)
	}
	return all
}()

// FailNext makes the next such call of any client fail with err, without reaching the server. An error of the network
// (io.EOF, a net.Error) makes the client try again, as it would in life: call FailNext several times to outlast it. The
// client makes four attempts at whatever a caller waits for, and one at a time at the automatic renewal.
func (s *Server) FailNext(op Op, err error) { s.faults.add(s.fault(op), fault{err: err}) }

// SetReplicas says how many replicas acknowledge what is written from now on, see [redilock.WithReplicas]: none unless set.
// Their acknowledgement takes no time.
func (s *Server) SetReplicas(n int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.replicas = int64(n)
}

// LoseNext makes the server run the next such call, and loses its reply: the connection breaks.
func (s *Server) LoseNext(op Op) { s.faults.add(s.fault(op), fault{err: io.EOF, after: true}) }

func (s *Server) fault(op Op) Op {
	s.t.Helper()
	for _, known := range operations {
		if known == op {
			return op
		}
	}
	s.t.Fatalf("redilocktest: no operation is called %q", op)
	return ""
}

type fault struct {
	err   error
	after bool // the server runs the call
}

// faults is a hook of the connection pool that fails calls by their operation.
type faults struct {
	mu       sync.Mutex
	next     map[Op][]fault
	replicas int64
}

func newFaults() *faults { return &faults{next: make(map[Op][]fault)} }

func (f *faults) add(op Op, what fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next[op] = append(f.next[op], what)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.next)
}

func (f *faults) take(cmd redis.Cmder) (fault, bool) {
	args := cmd.Args()
	if cmd.Name() != "evalsha" || len(args) < 2 {
		return fault{}, false
	}
	sha, _ := args[1].(string)
	f.mu.Lock()
	defer f.mu.Unlock()
	op := operations[sha]
	waiting := f.next[op]
	if len(waiting) == 0 {
		return fault{}, false
	}
	f.next[op] = waiting[1:]
	return waiting[0], true
}

// DialHook leaves dialling as it is.
func (f *faults) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook fails single calls.
func (f *faults) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if wait, ok := cmd.(*redis.IntCmd); ok && cmd.Name() == "wait" { // the server in memory does not know it
			f.mu.Lock()
			defer f.mu.Unlock()
			wait.SetVal(f.replicas)
			return nil
		}
		what, ok := f.take(cmd)
		if !ok {
			return next(ctx, cmd)
		}
		if what.after {
			_ = next(ctx, cmd) // its reply is what gets lost
		}
		cmd.SetErr(what.err)
		return what.err
	}
}

// ProcessPipelineHook fails calls of a pipeline, one by one.
func (f *faults) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		failed := make(map[int]fault)
		var sent []redis.Cmder
		for i, cmd := range cmds {
			what, ok := f.take(cmd)
			if ok {
				failed[i] = what
			}
			if !ok || what.after {
				sent = append(sent, cmd)
			}
		}
		var err error
		if len(sent) > 0 {
			err = next(ctx, sent)
		}
		for i, what := range failed {
			cmds[i].SetErr(what.err)
			err = what.err
		}
		return err
	}
}

// conns are the open connections to the server.
type conns struct {
	mu   sync.Mutex
	open []net.Conn
}

func (c *conns) add(dialled net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, dialled)
	return buffered.New(dialled, nil)
}

func (c *conns) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close()
	}
	c.open = nil
}
