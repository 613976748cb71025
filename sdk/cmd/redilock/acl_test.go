//go:build unix

package main_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// setUser does what redilock acl printed, word by word.
func setUser(t *testing.T, rdb *redis.Client, r result) {
	t.Helper()
	var words []any
	for _, w := range strings.Fields(r.want(t, 0).out) {
		words = append(words, w)
	}
	if err := rdb.Do(t.Context(), words...).Err(); err != nil {
		t.Fatalf("%v: %s", err, r.out)
	}
}

// denied is what the server refused to a user, and why.
func denied(t *testing.T, rdb *redis.Client) []string {
	t.Helper()
	log, err := rdb.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range log {
		// The client says its name where that is allowed, and goes on where it is not.
		if !strings.HasPrefix(e.Object, "client|") {
			list = append(list, e.Username+" "+e.Reason+" "+e.Object)
		}
	}
	return list
}

// everything does all that a program does with locks of each kind, as two clients that wait for each other.
func everything(t *testing.T, connect func() redis.UniversalClient, name string) {
	t.Helper()
	client := func() *redilock.Client {
		rdb := connect()
		t.Cleanup(func() { _ = rdb.Close() })
		c, err := redilock.New(rdb, redilock.WithPrefix("app:"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	a, c := client(), client()
	type taking func(ctx context.Context) (*redilock.Lock, error)
	two := func(a, c taking, queued func() (int64, error)) {
		t.Helper()
		l, err := a(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 1)
		go func() {
			l, err := c(t.Context())
			if err == nil {
				err = l.Unlock(t.Context())
			}
			got <- err
		}()
		eventually(t, "it waits", func() bool {
			n, err := queued()
			return err == nil && n == 1
		})
		if err := l.Extend(t.Context(), 2*time.Minute); err != nil {
			t.Error(err)
		}
		if l.Weight() > 1 {
			_ = l.Shrink(t.Context(), 1)
		}
		if err := l.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		two(a.Mutex(name, time.Minute).Lock, c.Mutex(name, time.Minute).Lock, func() (int64, error) {
			s, err := a.Inspect(t.Context(), name)
			return s.Queued, err
		})
	}
	permits := func(c *redilock.Client) taking {
		return func(ctx context.Context) (*redilock.Lock, error) {
			return c.Semaphore("permits:"+name, 2, time.Minute).Acquire(ctx, 2)
		}
	}
	queued := func(name string) func() (int64, error) {
		return func() (int64, error) {
			s, err := a.InspectSemaphore(t.Context(), name)
			return s.Queued, err
		}
	}
	two(permits(a), permits(c), queued("permits:"+name))
	rw := "rw:" + name
	two(a.RWMutex(rw, time.Minute).RLock, c.RWMutex(rw, time.Minute).Lock, queued(rw))
}

func testACL(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("correct horse\nof another line"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := b.run(t, "--prefix", "app:", "acl", "worker", "--new-password", file)
	if strings.Contains(r.out, "correct") {
		t.Error("the password is shown")
	}
	setUser(t, b.rdb, r)
	setUser(t, b.rdb, b.run(t, "--prefix", "app:", "acl", "operator", "--operator", "--no-password"))

	everything(t, func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: b.Addr(), Username: "worker", Password: "correct horse"})
	}, "job")
	if list := denied(t, b.rdb); len(list) != 0 {
		t.Errorf("refused to the worker: %v", list)
	}

	// Every command, as these users.
	worker, operator := *b, *b
	worker.url, operator.url = "redis://worker@"+b.Addr()+"/3", "redis://operator:any@"+b.Addr()
	prefix := []string{"REDILOCK_PREFIX=app:"}
	login := []string{"REDIS_PASSWORD=correct horse", "REDILOCK_PREFIX=app:"}
	token := worker.runWith(t, "", login, "acquire", "job").want(t, 0).out
	worker.runWith(t, token, login, "extend", "job", "--token-file", "-").want(t, 0)
	worker.runWith(t, "", login, "inspect", "job").want(t, 0)
	worker.runWith(t, token, login, "release", "job", "--token-file", "-").want(t, 0)
	for _, flags := range []string{"--limit=2", "--shared", "--exclusive"} {
		worker.runWith(t, "", login, "run", flags, "-n", "kind", "--", "true").want(t, 0)
	}
	worker.runWith(t, "", login, "run", "--replicas=1", "replicated", "--", "true").want(t, 125).says(t, "redilock acl")
	setUser(t, b.rdb, b.run(t, "--prefix", "app:", "acl", "replicator", "--replicas", "--no-password"))
	replicator := *b
	replicator.url = "redis://replicator:any@" + b.Addr()
	replicator.runWith(t, "", prefix, "run", "--replicas=1", "--replicas-timeout=1ms", "replicated", "--", "true").
		want(t, 125).says(t, "0 of 1 have it")
	b.rdb.ACLLogReset(ctx)
	operator.runWith(t, "", prefix, "acquire", "job").want(t, 0)
	operator.runWith(t, "", prefix, "acquire", "--limit=2", "permits").want(t, 0)
	operator.runWith(t, "", prefix, "inspect", "permits").want(t, 0).contains(t, "1/2 used")
	operator.runWith(t, "", prefix, "ls").want(t, 0).contains(t, "1/2")
	operator.runWith(t, "", prefix, "break", "-y", "permits").want(t, 0)
	operator.runWith(t, "", prefix, "ls").want(t, 0).contains(t, "job")
	operator.runWith(t, "", prefix, "top", "--once").want(t, 0).contains(t, "job")
	operator.runWith(t, "", prefix, "break", "-y", "job").want(t, 0)
	b.rdb.LPush(ctx, "app:list", 1)
	operator.runWith(t, "", prefix, "break", "-y", "list").want(t, 0)
	operator.runWith(t, "", prefix, "scripts", "check", "--load").want(t, 0)
	if list := denied(t, b.rdb); len(list) != 0 {
		t.Errorf("refused: %v", list)
	}

	// And nothing else: other names, and what belongs to operators.
	worker.runWith(t, "", login[:1], "inspect", "job").want(t, 125).says(t, "redilock acl")
	worker.runWith(t, "", login, "ls").want(t, 125).says(t, "redilock acl")
	if len(denied(t, b.rdb)) == 0 {
		t.Error("the server does not tell what it refuses: the checks above prove nothing")
	}

	// A password and a prefix of wild characters.
	b.rdb.Do(ctx, "ACL", "SETUSER", "old", "on", ">kept", "~*", "+@all", "(~* +@all)")
	setUser(t, b.rdb, b.run(t, "--prefix", "a*[b]:", "acl", "old"))
	old := *b
	old.url = "redis://old:kept@" + b.Addr()
	old.run(t, "--prefix", "a*[b]:", "inspect", "x").want(t, 0)
	old.run(t, "--prefix", "ab:", "inspect", "x").want(t, 125)

	for _, bad := range [][]string{
		{"acl", "two words"}, {"acl", ""}, {"acl"}, {"--prefix", "a b", "acl", "u"},
		{"acl", "u", "--new-password", file + "x"}, {"acl", "u", "--new-password", "/dev/null"},
		{"acl", "u", "--new-password", file, "--no-password"},
	} {
		b.run(t, bad...).want(t, 125).prints(t, "")
	}
}

func testACLCluster(t *testing.T, b *bench) {
	nodes := server.StartClusterT(t, b.Executable(), 3, 0).Nodes
	var addrs []string
	all := func(check func(*redis.Client)) {
		for _, node := range nodes {
			rdb := redis.NewClient(node.RedisOptions())
			defer rdb.Close()
			check(rdb)
		}
	}
	r := b.run(t, "--prefix", "app:", "acl", "worker", "--cluster", "--operator", "--no-password")
	all(func(rdb *redis.Client) { setUser(t, rdb, r) })
	for _, node := range nodes {
		addrs = append(addrs, node.Addr())
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		everything(t, func() redis.UniversalClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Username: "worker", Password: "any"})
		}, name)
	}
	worker := *b
	worker.url = "redis+cluster://worker:any@" + strings.Join(addrs, ",")
	worker.run(t, "--prefix", "app:", "acquire", "job").want(t, 0)
	worker.run(t, "--prefix", "app:", "ls").want(t, 0).contains(t, "job")
	worker.run(t, "--prefix", "app:", "break", "-y", "job").want(t, 0)
	worker.run(t, "--prefix", "app:", "scripts", "check", "--load").want(t, 0)
	all(func(rdb *redis.Client) {
		if list := denied(t, rdb); len(list) != 0 {
			t.Errorf("refused: %v", list)
		}
	})
}
