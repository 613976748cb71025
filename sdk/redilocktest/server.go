// Package redilocktest is what the tests of a program that locks need: an in-memory server, a lock client on it, a clock
// that moves when told to, and mishaps on demand. "My code stops when the lock is lost" is a test of five lines that
// sleeps nowhere.
package redilocktest

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Server is an in-memory Redis, and a client on it. It ends with its test.
type Server struct {
	// Client is a lock client on the server.
	Client *redilock.Client
	// Redis is the connection pool under Client, for whatever a test wants to look at.
	Redis *redis.Client

	t      testing.TB
	memory *miniredis.Miniredis
	faults *faults
	conns  conns
	bubble bool
}

// Run runs a test inside a testing/synctest bubble with a server of its own: time stands still until every goroutine
// waits, and moves by Advance, or by whatever the program waits for.
func Run(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, New(t)) })
}

// New gives a server and a client with these options. Inside a testing/synctest bubble (see [Run]) its clock is the
// bubble's; outside, the real one, and Advance is not available.
func New(t testing.TB, opts ...redilock.Option) *Server {
	t.Helper()
	s := &Server{t: t, memory: miniredis.NewMiniRedis(), faults: newFaults(), bubble: inBubble()}
	s.memory.ClockTTL(true)
	t.Cleanup(s.memory.Close)
	s.Redis = s.pool()
	s.Client = s.client(s.Redis, opts)
	return s
}

// NewClient gives one more client, as another process would have.
func (s *Server) NewClient(opts ...redilock.Option) *redilock.Client {
	s.t.Helper()
	return s.client(s.pool(), opts)
}

func (s *Server) pool() *redis.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:6379", // never dialled; a host name would be looked up
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			return s.conns.add(s.memory.Dial())
		},
		// Nobody waits for a connection: go-redis does that with timers that all pools of a process share, and one of
		// another bubble never fires.
		PoolSize: 1000,
	})
	s.t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func (s *Server) client(rdb *redis.Client, opts []redilock.Option) *redilock.Client {
	s.t.Helper()
	rdb.AddHook(s.faults)
	c, err := redilock.New(rdb, opts...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Advance moves the clock, the server's and the program's, and returns when everything that was due has been done.
// It needs a testing/synctest bubble.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	if !s.bubble {
		s.t.Fatal("redilocktest: Advance needs a testing/synctest bubble: use redilocktest.Run, or synctest.Test")
	}
	time.Sleep(d)
	synctest.Wait()
}

// Steal takes the lock of that key (the name, with the client's prefix) away from whoever holds it, with the same time to
// live, as an operator or a program without manners would. The holder finds out when it next extends, unlocks, or at its
// deadline. Of a semaphore, or a lock of readers and writers, it takes what all of them hold.
func (s *Server) Steal(name string) {
	s.t.Helper()
	if s.memory.Type(name) == "zset" {
		s.memory.Del(name)
		return
	}
	ttl := s.memory.TTL(name)
	if ttl <= 0 {
		s.t.Fatalf("redilocktest: nobody holds %q", name)
	}
	s.set(name, "stolen", ttl)
}

// Hold takes the lock of that key (the name, with the client's prefix) as another program would, by SET key token NX PX,
// until release is called, or a day has passed. Nobody else may hold it.
func (s *Server) Hold(name string) (release func()) {
	s.t.Helper()
	if s.memory.Exists(name) {
		s.t.Fatalf("redilocktest: %q is held already", name)
	}
	const day, token = 24 * time.Hour, "held by a test"
	s.set(name, token, day)
	return func() {
		if holder, err := s.memory.Get(name); err == nil && holder == token {
			s.memory.Del(name)
		}
	}
}

func (s *Server) set(name, token string, ttl time.Duration) {
	s.t.Helper()
	if err := s.memory.Set(name, token); err != nil {
		s.t.Fatal(err)
	}
	s.memory.SetTTL(name, ttl)
}

// Held reports whether anybody holds the lock, or a permit of the semaphore, of that key (the name, with the client's
// prefix).
func (s *Server) Held(name string) bool { return s.memory.Exists(name) }

// Drop breaks every connection to the server, those of subscriptions included. The clients connect again.
func (s *Server) Drop() { s.conns.drop() }

// Heal takes back every failure that was ordered and has not happened.
func (s *Server) Heal() { s.faults.clear() }

// Leftovers are the keys that are on the server and are no lock's fence: none, when nobody holds or waits.
func (s *Server) Leftovers() []string {
	return slices.DeleteFunc(s.memory.Keys(), func(key string) bool { return strings.HasSuffix(key, ":redilock:fence") })
}

// inBubble reports whether the caller runs inside a synctest bubble, which synctest only tells by a panic.
func inBubble() (yes bool) {
	defer func() { yes = recover() == nil }()
	synctest.Wait()
	return true
}

// Lead makes somebody else lead the election of that key (the name, with the client's prefix), until resign is called. It
// waits for nobody: the election must have no leader.
func (s *Server) Lead(name, value string) (resign func()) {
	s.t.Helper()
	if s.memory.Exists(name) {
		s.t.Fatalf("redilocktest: %q has a leader already", name)
	}
	l, err := s.NewClient().Election(name, 24*time.Hour).Campaign(context.Background(), value)
	if err != nil {
		s.t.Fatal(err)
	}
	return func() { _ = l.Resign(context.Background()) }
}
