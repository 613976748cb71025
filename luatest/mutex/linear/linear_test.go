package linear_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/mutex/linear"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// clients is how many processes there seem to be.
const clients = 3

// TestLinearizable checks REDILOCK_OPS operations (20,000) on each real server, in windows of seed REDILOCK_SEED (0) on.
func TestLinearizable(t *testing.T) {
	if len(server.Executables()) == 0 {
		row := testreport.Row{Section: "linearizable ops", Subject: "real servers", Skipped: 1}
		row.Notes = []string{"NOT PROVEN HERE: no redis-server on PATH and none in " + server.EnvServers}
		testreport.Report(t, row)
	}
	ops := testreport.Size(t, "REDILOCK_OPS", 20_000)
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		var done atomic.Int64
		config := configOf(t, s)
		config.Ops, config.Done = int64(ops), &done
		config.Seed = uint64(testreport.Size(t, "REDILOCK_SEED", 0))
		start := time.Now()
		stop := testreport.Progress("linear: "+s.Name()+" "+s.Version(), &done, ops, "operations")
		result, err := linear.Run(t.Context(), config)
		stop()
		row := testreport.Row{
			Section: "linearizable ops", Subject: s.Name(), Version: s.Version(), Passed: int(result.Ops),
			Notes: []string{fmt.Sprintf("%d windows of %d clients, %.0f operations/s",
				result.Windows, clients, float64(result.Ops)/time.Since(start).Seconds())},
		}
		if result.Unknown > 0 {
			row.Notes = append(row.Notes, fmt.Sprintf("%d windows were not checked: %v", result.Unknown, result.Example))
		}
		if err != nil {
			row.Failed = 1
			t.Error(err)
		}
		if result.Unknown*10 > result.Windows {
			row.Failed = 1
			t.Errorf("%d of %d windows could not be checked: %v", result.Unknown, result.Windows, result.Example)
		}
		testreport.Report(t, row)
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
