package mutex_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// TestReadOnly: a user who may read the keys of a lock, and no more, calls its read-only scripts by EVALSHA_RO; the manifest
// has the rule. Nothing of it can be left out, and it lets nobody call what writes.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	scripts, err := mutex.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		admin := redis.NewClient(s.RedisOptions())
		defer admin.Close()
		user := func(t *testing.T, name string, rule []string) *redis.Client {
			t.Helper()
			line := []any{"ACL", "SETUSER", name, "reset", "on", ">pw", "+hello", "+ping"}
			for _, word := range rule {
				line = append(line, word)
			}
			if err := admin.Do(t.Context(), line...).Err(); err != nil {
				t.Fatal(err)
			}
			rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), Username: name, Password: "pw"})
			t.Cleanup(func() { _ = rdb.Close() })
			return rdb
		}
		acquire, err := dist.Find(scripts, "mutex", 1, "acquire")
		if err != nil {
			t.Fatal(err)
		}
		locked := keysOf(t, acquire, "p:lock")
		for _, token := range []string{"holder", "waiter"} {
			if err := admin.Eval(t.Context(), acquire.Source, locked, token, 60000, 60000).Err(); err != nil {
				t.Fatal(err)
			}
		}
		readOnly := 0
		for _, script := range scripts {
			if !script.ReadOnly {
				continue
			}
			readOnly++
			keys := keysOf(t, script, "p:lock")
			rule := strings.Fields(strings.ReplaceAll(script.ACL, "{prefix}", "p:"))
			reader := user(t, "reader", rule)
			sha1, err := reader.ScriptLoad(t.Context(), script.Source).Result()
			if err != nil || sha1 != script.SHA1 {
				t.Fatal(sha1, err)
			}
			if err := reader.EvalShaRO(t.Context(), sha1, keys).Err(); err != nil {
				t.Errorf("%s by the rule %s: %v", script.Name, script.ACL, err)
			}
			for i, word := range rule {
				poor := user(t, "poor", append(rule[:i:i], rule[i+1:]...))
				denied := poor.ScriptLoad(t.Context(), script.Source).Err()
				if denied == nil {
					denied = poor.EvalShaRO(t.Context(), sha1, keys, 10).Err()
				}
				if denied == nil {
					t.Errorf("%s without %s is allowed", script.Name, word)
				}
			}
			for _, other := range scripts {
				if err := admin.ScriptLoad(t.Context(), other.Source).Err(); err != nil {
					t.Fatal(err)
				}
				args := []any{"holder", 120000}
				if other.ReadOnly {
					args = nil
				}
				if err := reader.EvalSha(t.Context(), other.SHA1, keysOf(t, other, "p:lock"), args...).Err(); err == nil {
					t.Errorf("a reader may call %s by EVALSHA", other.Name)
				}
				err := reader.EvalShaRO(t.Context(), other.SHA1, keysOf(t, other, "p:lock"), args...).Err()
				if other.ReadOnly != (err == nil) {
					t.Errorf("a reader calls %s by EVALSHA_RO: %v", other.Name, err)
				}
			}
		}
		if readOnly == 0 {
			t.Error("no script is read-only")
		}
		holder, left := admin.Get(t.Context(), locked[0]).Val(), admin.PTTL(t.Context(), locked[0]).Val()
		if holder != "holder" || left > time.Minute {
			t.Errorf("a reader changed the lock: held by %q for %v", holder, left)
		}
	})
}

func keysOf(t *testing.T, script dist.Script, name string) []string {
	t.Helper()
	keys, _, err := subject.KeysOf(script, name)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
