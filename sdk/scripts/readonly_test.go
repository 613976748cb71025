package scripts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestByRO: such a script is sent by EVALSHA_RO, and loaded where it is not known. A user who may only read can call it.
func TestByRO(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		rdb := redis.NewClient(s.RedisOptions())
		t.Cleanup(func() { _ = rdb.Close() })
		err := rdb.Do(t.Context(), "ACL", "SETUSER", "reader", "on", "nopass",
			"+evalsha_ro", "+script|load", "+get", "%R~n").Err()
		if err != nil {
			t.Fatal(err)
		}
		options := s.RedisOptions()
		options.Username, options.Password, options.Protocol = "reader", "any", 2
		options.DisableIdentity = true
		reader, w := redis.NewClient(options), &watch{}
		t.Cleanup(func() { _ = reader.Close() })
		reader.AddHook(w)
		readOnly := *peek
		readOnly.ByRO = true
		if total, err := call(&readOnly, "n").Do(t.Context(), reader); err != nil || total != 0 {
			t.Errorf("%d, %v", total, err)
		}
		if d := cmp.Diff([]string{"evalsha_ro", "script", "evalsha_ro"}, w.take()); d != "" {
			t.Errorf("commands differ (-want +got):\n%s", d)
		}
		if _, err := call(peek, "n").Do(t.Context(), reader); err == nil {
			t.Error("the reader may call EVALSHA, so this shows nothing")
		}
	})
}
