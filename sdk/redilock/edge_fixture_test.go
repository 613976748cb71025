package redilock_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

const (
	// onePresence is how long the server believes a silent waiter alive, and what README promises after a refusal.
	onePresence = 6 * time.Second
	// oneLook is a third of it: how often a local queue behind a local holder asks the server, with what a call may take.
	oneLook = onePresence/3 + time.Second
)

var errOdd = errors.New("an error that nobody knows")

// healing are the errors of calls that have not run, and that go away by themselves.
var healing = map[string]error{
	"connection refused":    errRefused,
	"no connection in time": redis.ErrPoolTimeout,
	"pool exhausted":        redis.ErrPoolExhausted,
	"maxclients":            redisError("ERR max number of clients reached"),
	"LOADING":               redisError("LOADING Redis is loading the dataset in memory"),
	"READONLY":              redisError("READONLY You can't write against a read only replica."),
	"MASTERDOWN":            redisError("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
	"BUSY":                  redisError("BUSY Redis is busy running a script. You can only call SCRIPT KILL."),
	"CLUSTERDOWN":           redisError("CLUSTERDOWN The cluster is down"),
	"TRYAGAIN":              redisError("TRYAGAIN Multiple keys request during rehashing of slot"),
	"NOREPLICAS":            redisError("NOREPLICAS Not enough good replicas to write."),
	"MISCONF":               redisError("MISCONF Redis is configured to save RDB snapshots, but it can't persist."),
	"OOM":                   redisError("OOM command not allowed when used memory > 'maxmemory'."),
	"NOAUTH":                redisError("NOAUTH Authentication required."),
	"WRONGPASS":             redisError("WRONGPASS invalid username-password pair or user is disabled."),
	"NOPERM":                redisError("NOPERM this user has no permissions to run the 'evalsha' command"),
	"an unknown refusal":    redisError("ERR unknown command 'EVALSHA'"),
	"unknown":               errOdd,
}

// broken are the errors of calls that the server may have run.
var broken = map[string]error{
	"EOF":                  io.EOF,
	"half a reply":         io.ErrUnexpectedEOF,
	"closed connection":    net.ErrClosed,
	"closed pipe":          io.ErrClosedPipe,
	"time-out":             os.ErrDeadlineExceeded,
	"reset":                &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")},
	"cancelled":            context.Canceled,
	"cancelled, and named": &wrapped{"otel: the span ended", context.Canceled},
	"deadline":             context.DeadlineExceeded,
	"unknown":              errOdd,
	"redis: nil":           redis.Nil,
}

// wrapped is an error of a middleware.
type wrapped struct {
	text string
	err  error
}

func (w *wrapped) Error() string { return w.text + ": " + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }

// within waits for the outcome of a call, and fails the test if it takes longer than it may.
func within[T any](t *testing.T, bound time.Duration, what string, done <-chan T) (v T, ok bool) {
	t.Helper()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case v = <-done:
		return v, true
	case <-timer.C:
		t.Errorf("%s: not within %v", what, bound)
		return v, false
	}
}

// free fails the test if a lock is held, and says for how long it would be.
func free(t *testing.T, s *redilocktest.Server, what, name string) {
	t.Helper()
	if s.Held(name) {
		t.Errorf("%s: %q is held by nobody for %v more", what, name, s.Redis.PTTL(context.Background(), name).Val())
	}
}

// outcome of a call of Lock or TryLock.
type outcome struct {
	lock *redilock.Lock
	err  error
}

// call runs a call of Lock or TryLock in the background.
func call(lock func(context.Context) (*redilock.Lock, error), ctx context.Context) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		l, err := lock(ctx)
		done <- outcome{l, err}
	}()
	return done
}

// gags is a dialer whose connections can be made to go silent: what is sent on them is swallowed, and nothing comes back,
// without an error. They stay so; those that are dialled later work.
type gags struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu   sync.Mutex
	open []*gagged
	on   bool // whatever is dialled is silent as well
}

type gagged struct {
	net.Conn
	mu     sync.Mutex
	silent bool
}

// silenced gives a client, and its dialer, on an in-memory server.
func silenced(t *testing.T, s *redilocktest.Server, o redis.Options, opts ...redilock.Option) (*redilock.Client, *gags) {
	t.Helper()
	g := &gags{dial: s.Redis.Options().Dialer}
	o.Addr, o.Dialer = "127.0.0.1:6379", g.connect
	rdb := redis.NewClient(&o)
	t.Cleanup(func() { rdb.Close(); g.close() })
	c, err := redilock.New(rdb, opts...)
	want(t, "New", err, nil)
	t.Cleanup(func() { c.Close() })
	return c, g
}

func (g *gags) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := g.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &gagged{Conn: conn, silent: g.on}
	g.open = append(g.open, c)
	return c, nil
}

// silence makes all connections silent, and those to come, until heal.
func (g *gags) silence() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.on = true
	for _, c := range g.open {
		c.mu.Lock()
		c.silent = true
		c.mu.Unlock()
	}
}

// heal lets new connections work.
func (g *gags) heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.on = false
}

func (g *gags) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.open {
		c.Close()
	}
}

func (c *gagged) gag() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silent
}

func (c *gagged) Write(p []byte) (int, error) {
	if c.gag() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *gagged) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.gag() {
			return n, err
		}
	}
}
