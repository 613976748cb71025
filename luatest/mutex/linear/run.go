package linear

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// errUnknown is why a window was not checked: a call whose outcome the model cannot place, such as a lock that was lost
// while it was on its way to us.
var errUnknown = errors.New("linear: an outcome is unknown")

// parallel is how many windows are open at the same time, each on a lock of its own.
const parallel = 256

// Config says what to run.
type Config struct {
	Clients []*redilock.Client    // each with connections of its own, as if it were another process
	Foreign redis.UniversalClient // on the same server
	Ops     int64                 // how many operations to check, at least
	Seed    uint64                // of the first window
	Done    *atomic.Int64         // counts the operations that were checked; nil: nobody asks
	// Careless has the clients ignore that a lease ends: a test of the check.
	Careless bool
}

// Result is what was checked.
type Result struct {
	Ops, Windows int64 // all linearizable
	Unknown      int64 // windows that were not checked
	Example      error // why one of those was not; nil: all were
}

// Run runs windows, a few at a time, until so many operations were checked. Its error is a *[Violation], or of the
// server.
func Run(ctx context.Context, config Config) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if config.Done == nil {
		config.Done = new(atomic.Int64)
	}
	var next atomic.Uint64
	var mu sync.Mutex
	var result Result
	var failed error
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for config.Done.Load() < config.Ops && ctx.Err() == nil {
				seed := config.Seed + next.Add(1) - 1
				w := &window{
					seed: seed, name: fmt.Sprintf("linear:%d", seed), clients: config.Clients, foreign: config.Foreign,
					careless: config.Careless,
				}
				n, err := w.run(ctx)
				mu.Lock()
				switch {
				case errors.Is(err, errUnknown):
					result.Unknown++
					result.Example = err
				case err != nil:
					if failed == nil {
						failed = err
					}
					cancel()
				default:
					result.Windows++
					result.Ops += int64(n)
					config.Done.Add(int64(n))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return result, failed
}
