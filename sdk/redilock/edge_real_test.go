package redilock_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// A lock of an hour that is given back while a real server refuses, hangs or is away is free soon after.
func TestGivenBackToRealServers(t *testing.T) {
	tests := map[string]struct {
		begin, end func(t *testing.T, root *redis.Conn, away *atomic.Bool)
		lasts      time.Duration
	}{
		"NOREPLICAS": {
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) { set(t, root, "min-replicas-to-write", "1") },
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) { set(t, root, "min-replicas-to-write", "0") },
			500 * time.Millisecond,
		},
		"connections are refused": {
			func(t *testing.T, root *redis.Conn, away *atomic.Bool) { away.Store(true); hangUp(t, root) },
			func(_ *testing.T, _ *redis.Conn, away *atomic.Bool) { away.Store(false) },
			2 * time.Second,
		},
		"connections are refused for long": {
			func(t *testing.T, root *redis.Conn, away *atomic.Bool) { away.Store(true); hangUp(t, root) },
			func(_ *testing.T, _ *redis.Conn, away *atomic.Bool) { away.Store(false) },
			8 * time.Second,
		},
		"too many connections": {
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) { set(t, root, "maxclients", "1"); hangUp(t, root) },
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) { set(t, root, "maxclients", "1000") },
			2 * time.Second,
		},
		"CLIENT PAUSE": {
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) {
				want(t, "CLIENT PAUSE", root.Do(t.Context(), "CLIENT", "PAUSE", 4000, "WRITE").Err(), nil)
			},
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) {
				want(t, "CLIENT UNPAUSE", root.Do(t.Context(), "CLIENT", "UNPAUSE").Err(), nil)
			},
			4 * time.Second,
		},
		"another password": {
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) {
				want(t, "ACL", root.Do(t.Context(), "ACL", "SETUSER", "worker", "resetpass", ">other").Err(), nil)
				want(t, "CLIENT KILL", root.Do(t.Context(), "CLIENT", "KILL", "USER", "worker").Err(), nil)
			},
			func(t *testing.T, root *redis.Conn, _ *atomic.Bool) {
				want(t, "ACL", root.Do(t.Context(), "ACL", "SETUSER", "worker", "resetpass", ">pw").Err(), nil)
			},
			time.Second,
		},
	}
	onServers(t, func(t *testing.T, s *real) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) { // one after the other: they share the server
				root := s.rdb.Conn()
				defer root.Close()
				rule := []any{"ACL", "SETUSER", "worker", "on", "resetpass", ">pw", "~*", "&*", "+@all"}
				want(t, "ACL", root.Do(t.Context(), rule...).Err(), nil)
				nobody := unused(t)
				var away atomic.Bool
				c := newClient(t, &redis.Options{
					Username: "worker", Password: "pw", Addr: s.Addr(), DialerRetries: 1,
					Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
						if away.Load() {
							addr = nobody
						}
						var d net.Dialer
						return d.DialContext(ctx, network, addr)
					},
				})
				var began time.Time
				err := c.Do(t.Context(), "x", time.Hour, func(context.Context, *redilock.Lock) error {
					test.begin(t, root, &away)
					began = time.Now()
					time.AfterFunc(test.lasts, func() { test.end(t, root, &away) })
					return nil
				})
				t.Logf("Do answered after %v: %v", time.Since(began).Round(time.Millisecond), err)
				time.Sleep(time.Until(began.Add(test.lasts)))
				for end := time.Now().Add(onePresence); ; time.Sleep(20 * time.Millisecond) {
					n, err := root.Exists(t.Context(), "x").Result()
					if err == nil && n == 0 {
						break
					}
					if time.Now().After(end) {
						t.Errorf("held by nobody for %v more", root.PTTL(t.Context(), "x").Val())
						root.Del(t.Context(), "x")
						break
					}
				}
			})
		}
	})
}

func set(t *testing.T, root *redis.Conn, name, value string) {
	t.Helper()
	want(t, "CONFIG SET", root.ConfigSet(t.Context(), name, value).Err(), nil)
}

// hangUp ends all connections but the test's own.
func hangUp(t *testing.T, root *redis.Conn) {
	t.Helper()
	want(t, "CLIENT KILL", root.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(), nil)
}

// unused gives an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// What another process does to a lock strands nobody in the process that held it.
func TestReleasedByAnotherProcess(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		for name, end := range map[string]func(l *redilock.Lock) error{
			"DEL": func(*redilock.Lock) error { return s.rdb.Del(t.Context(), "x").Err() },
			"Unlock by the token": func(l *redilock.Lock) error {
				a, err := s.client(t).Attach("x", l.Token())
				if err != nil {
					return err
				}
				return a.Unlock(t.Context())
			},
		} {
			t.Run(name, func(t *testing.T) {
				c := s.client(t)
				l, err := c.Mutex("x", time.Hour).Lock(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				next := call(c.Mutex("x", time.Hour).Lock, ctx)
				theirs := call(s.client(t).Mutex("x", time.Hour).Lock, ctx)
				eventually(t, 5*time.Second, "one who waits at the server", func() bool { return s.queued(t, "x") > 0 })
				want(t, name, end(l), nil)
				start := time.Now()
				both := make(chan error, 2)
				for _, w := range []<-chan outcome{theirs, next} {
					go func() {
						got := <-w
						if got.err == nil {
							got.err = got.lock.Unlock(context.Background())
						}
						both <- got.err
					}()
				}
				for range 2 {
					err, _ := within(t, 20*time.Second, "those that wait", both)
					want(t, "those that wait", err, nil)
				}
				if took := time.Since(start); took > oneLook+2*time.Second {
					t.Errorf("the last of them had the lock after %v", took)
				}
				_ = s.rdb.Del(context.Background(), "x")
			})
		}
	})
}
