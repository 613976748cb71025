package linear

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// parallel is how many windows are open at the same time, each on a lock of its own.
const parallel = 256

// Config says what to run.
type Config struct {
	Clients []*redilock.Client    // each with connections of its own, as if it were another process
	Foreign redis.UniversalClient // on the same server
	history.Windows
	// Careless has the clients ignore that a lease ends: a test of the check.
	Careless bool
}

// Run runs windows. Its error is a *[history.Violation], or of the server.
func Run(ctx context.Context, config Config) (history.Result, error) {
	config.Parallel = parallel
	return config.Run(ctx, func(ctx context.Context, seed uint64) (int, error) {
		w := &window{
			seed: seed, name: fmt.Sprintf("linear:%d", seed), clients: config.Clients, foreign: config.Foreign,
			careless: config.Careless,
		}
		return w.run(ctx)
	})
}
