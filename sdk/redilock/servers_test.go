package redilock_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/lua"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// real is a server of its own for one test.
type real struct {
	*server.Server
	rdb *redis.Client // the test's own connections, with all rights
}

// onServers runs a test on every real server that there is, each test on one of its own.
func onServers(t *testing.T, test func(t *testing.T, s *real), options ...server.Options) {
	t.Helper()
	t.Parallel()
	var o server.Options
	if len(options) > 0 {
		o = options[0]
	}
	server.ForEach(t, o, func(t *testing.T, s *server.Server) {
		rdb := redis.NewClient(s.RedisOptions())
		t.Cleanup(func() { _ = rdb.Close() })
		test(t, &real{Server: s, rdb: rdb})
	})
}

// client gives a lock client with connections of its own, as another process would have.
func (s *real) client(t *testing.T, opts ...redilock.Option) *redilock.Client {
	t.Helper()
	return newClient(t, s.RedisOptions(), opts...)
}

func newClient(t *testing.T, o *redis.Options, opts ...redilock.Option) *redilock.Client {
	t.Helper()
	rdb := redis.NewClient(o)
	t.Cleanup(func() { _ = rdb.Close() })
	c, err := redilock.New(rdb, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// left fails the test if the server holds anything but fences.
func (s *real) left(t *testing.T) {
	t.Helper()
	keys, err := s.rdb.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, ":redilock:fence") || s.rdb.PTTL(t.Context(), key).Val() <= 0 {
			t.Errorf("%s is left on the server", key)
		}
	}
}

// queued is how many wait for the lock at the server.
func (s *real) queued(t *testing.T, name string) int64 {
	t.Helper()
	n, err := s.rdb.ZCard(t.Context(), "{"+name+"}:redilock:queue").Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually asks the server until something is so. It fails the test if that takes longer than it may.
func eventually(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// aclRule is what the manifest says that a user of mutex v1 needs, for names with this prefix.
func aclRule(t *testing.T, prefix string) []string {
	t.Helper()
	text, err := lua.Dist.ReadFile("dist/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Primitives []struct{ Name, ACL string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, p := range manifest.Primitives {
		if p.Name == "mutex" {
			return strings.Fields(strings.ReplaceAll(p.ACL, "{prefix}", prefix))
		}
	}
	t.Fatal("the manifest has no rule for mutex")
	return nil
}
