package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// childEnv makes the test binary a program that locks, so that tests can have several processes.
const childEnv = "REDILOCK_TEST_CHILD"

func TestMain(m *testing.M) {
	logging.Disable() // go-redis tells of every connection that a test breaks
	addr := os.Getenv(childEnv)
	if addr == "" {
		os.Exit(m.Run())
	}
	children := map[string]func(addr string, args []string) error{
		"count": count, "crowd": crowd, "callback": callback, "sleeper": sleeper, "cohort": inTurns,
		"hoarder": hoarder,
	}
	err := suspend.Enter()
	if err == nil {
		err = children[os.Args[1]](addr, os.Args[2:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child prepares a process that runs one of TestMain's children on a server.
func child(s *real, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{name}, args...)...)
	cmd.Env = append(os.Environ(), childEnv+"="+s.Addr())
	cmd.Stderr = os.Stderr
	return cmd
}

// count, of a file and a number of turns, adds one to the number in the file, each time under the lock: read, add, write.
// Whoever does it without excluding others loses counts.
func count(addr string, args []string) error {
	file, turns := args[0], args[1]
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	locks, err := redilock.New(rdb)
	if err != nil {
		return err
	}
	defer locks.Close()
	n, err := strconv.Atoi(turns)
	for range n {
		err = errors.Join(err, locks.Do(context.Background(), "counter", 5*time.Second,
			func(context.Context, *redilock.Lock) error {
				old, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(old))
				return errors.Join(err, os.WriteFile(file, []byte(strconv.Itoa(n+1)), 0o600))
			}))
	}
	return err
}

func TestProcessesExcludeEachOther(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		const processes, turns = 4, 250
		file := filepath.Join(t.TempDir(), "counter")
		if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
			t.Fatal(err)
		}
		var children []*exec.Cmd
		for range processes {
			c := child(s, "count", file, strconv.Itoa(turns))
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			children = append(children, c)
		}
		for _, c := range children {
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		}
		if got, _ := os.ReadFile(file); string(got) != strconv.Itoa(processes*turns) {
			t.Errorf("%d processes counted to %s, want %d", processes, got, processes*turns)
		}
		s.left(t)
	})
}

// The files of lua/dist are all that a redis-cli needs.
func TestRedisCLI(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		cli, err := exec.LookPath("redis-cli")
		if err != nil {
			server.Missing(t, "redis-cli is not on the PATH")
		}
		c := s.client(t)
		eval := func(script string, args ...string) string {
			t.Helper()
			host, port, _ := net.SplitHostPort(s.Addr())
			line := []string{"-h", host, "-p", port, "--eval", "../../lua/dist/mutex/v1/" + script + ".lua",
				"job", "{job}:redilock:fence", "{job}:redilock:queue", "{job}:redilock:waiters", ","}
			out, err := exec.Command(cli, append(line, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return string(out)
		}
		if got := eval("acquire", "a-token", "30000"); !strings.HasPrefix(got, "GRANTED\n") {
			t.Fatalf("acquire answered %q", got)
		}
		_, err = c.Mutex("job", time.Second).TryLock(t.Context())
		if !errors.Is(err, redilock.ErrHeld) {
			t.Errorf("TryLock of a lock that redis-cli has: %v", err)
		}
		if got := eval("extend", "a-token", "60000"); !strings.HasPrefix(got, "EXTENDED\n") {
			t.Errorf("extend answered %q", got)
		}
		if got := eval("release", "a-token"); got != "RELEASED\n0\n" {
			t.Errorf("release answered %q", got)
		}
		l, err := c.Mutex("job", time.Minute).TryLock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := eval("acquire", "a-token", "30000"); !strings.HasPrefix(got, "HELD\n") {
			t.Errorf("acquire of a lock that the SDK has answered %q", got)
		}
		if err := l.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A holder that took the key by SET NX PX is respected, waited for, and followed.
func TestForeignHolder(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		const lease = 1500 * time.Millisecond
		if ok, err := s.rdb.SetNX(t.Context(), "x", "another's", lease).Result(); err != nil || !ok {
			t.Fatal(ok, err)
		}
		taken := time.Now()
		m := s.client(t).Mutex("x", time.Minute)
		var held *redilock.HeldError
		if _, err := m.TryLock(t.Context()); !errors.As(err, &held) || held.Remaining <= 0 || held.Remaining > lease {
			t.Errorf("TryLock: %v", err)
		}
		l, err := m.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(taken); d < lease-10*time.Millisecond || d > lease+time.Second {
			t.Errorf("followed after %v, its lease was %v", d, lease)
		}
		if ok, err := s.rdb.SetNX(t.Context(), "x", "another's", lease).Result(); err != nil || ok {
			t.Errorf("SET NX of a lock that the SDK has: %v, %v", ok, err)
		}
		if err := l.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		s.left(t)
	})
}

func TestCancelledWaitLeavesNothing(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		holder, c := s.client(t), s.client(t)
		l, err := holder.Mutex("x", time.Minute).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		for range 10 {
			go func() {
				_, err := c.Mutex("x", time.Minute).Lock(ctx)
				failed <- err
			}()
		}
		eventually(t, time.Second, "one waiter in the queue", func() bool { return s.queued(t, "x") == 1 })
		cancel()
		for range 10 {
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("Lock: %v", err)
			}
		}
		eventually(t, time.Second, "nobody in the queue", func() bool {
			return s.queued(t, "x") == 0
		})
		if err := l.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		s.left(t)
	})
}

func TestServerDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // nobody listens there now
	rdb := redis.NewClient(&redis.Options{Addr: addr, DialerRetries: 1})
	defer rdb.Close()
	c, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Mutex("x", time.Second).Lock(t.Context())
	if !errors.Is(err, redilock.ErrUnavailable) || !strings.Contains(err.Error(), addr) {
		t.Errorf("Lock: %v, want ErrUnavailable that names the address", err)
	}
}

func TestPasswordNeeded(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		for what, password := range map[string]string{"none": "", "a wrong one": "guess"} {
			rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), Password: password})
			defer rdb.Close()
			c, err := redilock.New(rdb)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Mutex("x", time.Second).Lock(t.Context())
			if !errors.Is(err, redilock.ErrDenied) || strings.Contains(err.Error(), "guess") {
				t.Errorf("Lock with the password %s: %v, want ErrDenied", what, err)
			}
		}
	}, server.Options{Password: "secret"})
}

// The rule in the manifest is enough; with one command less there is a clear error and no grant.
func TestACL(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		rule := aclRule(t, "p:")
		client := "+hello +ping +subscribe +unsubscribe"
		user := func(name string, rule []string) *redilock.Client {
			t.Helper()
			line := append([]any{"ACL", "SETUSER", name, "on", ">pw", "resetkeys", "resetchannels"}, words(client)...)
			for _, w := range rule {
				line = append(line, w)
			}
			if err := s.rdb.Do(t.Context(), line...).Err(); err != nil {
				t.Fatal(err)
			}
			rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), Username: name, Password: "pw"})
			t.Cleanup(func() { _ = rdb.Close() })
			c, err := redilock.New(rdb, redilock.WithPrefix("p:"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			return c
		}

		a, b := user("a", rule), user("b", rule)
		for _, name := range []string{"x", "a{tag}b"} { // both shapes of companion keys
			l, err := a.Mutex(name, time.Minute).Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan error)
			go func() {
				l, err := b.Mutex(name, time.Minute).Lock(t.Context())
				if err == nil {
					err = errors.Join(l.Extend(t.Context(), time.Hour), l.Unlock(t.Context()))
				}
				got <- err
			}()
			eventually(t, time.Second, "a waiter", func() bool {
				status, err := a.Inspect(t.Context(), name)
				return err == nil && status.Queued == 1
			})
			if err := l.Unlock(t.Context()); err != nil {
				t.Error(err)
			}
			if err := <-got; err != nil {
				t.Errorf("the minimal rule is not enough: %v", err)
			}
		}
		if _, err := user("c", rule).Mutex("x", time.Second).TryLock(t.Context()); err != nil {
			t.Errorf("TryLock: %v", err)
		}

		for _, less := range []string{"+evalsha", "+set", "+exists", "+time", "~p:*", "~{p:*"} {
			var poor []string
			for _, w := range rule {
				if w != less {
					poor = append(poor, w)
				}
			}
			name := "free-" + strconv.Itoa(len(less)) + less[1:2]
			_, err := user("poor"+less, poor).Mutex(name, time.Minute).Lock(t.Context())
			if !errors.Is(err, redilock.ErrDenied) {
				t.Errorf("without %s: %v, want ErrDenied", less, err)
			}
			if n := s.rdb.Exists(t.Context(), "p:"+name).Val(); n != 0 {
				t.Errorf("without %s: an error, and yet a grant", less)
			}
		}
	})
}

func words(s string) []any {
	var out []any
	for _, w := range strings.Fields(s) {
		out = append(out, w)
	}
	return out
}
