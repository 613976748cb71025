package linear_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/luatest/mutex/linear"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// clients is how many processes there seem to be.
const clients = 3

// TestLinearizable checks 20,000 operations on each real server.
func TestLinearizable(t *testing.T) {
	history.Linearizable(t, "mutex", 20_000, clients,
		func(t *testing.T, s *server.Server, w history.Windows) (history.Result, error) {
			config := configOf(t, s)
			config.Windows = w
			return linear.Run(t.Context(), config)
		})
}

// configOf connects clients to a server, one of which hears of things late, and another program.
func configOf(t *testing.T, s *server.Server, hooks ...redis.Hook) linear.Config {
	t.Helper()
	connect := func(o *redis.Options) *redis.Client {
		rdb := redis.NewClient(o)
		t.Cleanup(func() { rdb.Close() })
		return rdb
	}
	config := linear.Config{Foreign: connect(s.RedisOptions())}
	for i := range clients {
		o := s.RedisOptions()
		if i == 0 {
			o = late(o)
		}
		rdb := connect(o)
		for _, hook := range hooks {
			rdb.AddHook(hook)
		}
		// A short poll: nobody is told of a lock that another program deletes.
		owner, poll := redilock.WithOwner(fmt.Sprint("client", i)), redilock.WithPollInterval(5*time.Millisecond)
		c, err := redilock.New(rdb, owner, poll)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		config.Clients = append(config.Clients, c)
	}
	return config
}
