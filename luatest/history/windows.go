package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// ErrUnknown is why a window was not checked: a call whose outcome the model cannot place, such as a lock that was lost
// while it was on its way to us.
var ErrUnknown = errors.New("history: an outcome is unknown")

// Windows says how many of them to run.
type Windows struct {
	Parallel int           // windows that are open at the same time
	Ops      int64         // how many operations to check, at least
	Seed     uint64        // of the first window
	Done     *atomic.Int64 // counts the operations that were checked; nil: nobody asks
}

// Result is what was checked.
type Result struct {
	Ops, Windows int64 // all linearizable
	Unknown      int64 // windows that were not checked
	Example      error // why one of those was not; nil: all were
}

// Run runs windows, a few at a time, until so many operations were checked. A window gets its seed, and gives the operations
// that it checked; its error may be [ErrUnknown]. The error is of a window, a *[Violation] for one.
func (w Windows) Run(ctx context.Context, window func(ctx context.Context, seed uint64) (int, error)) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.Done == nil {
		w.Done = new(atomic.Int64)
	}
	var next atomic.Uint64
	var mu sync.Mutex
	var result Result
	var failed error
	var wg sync.WaitGroup
	for range w.Parallel {
		wg.Go(func() {
			for w.Done.Load() < w.Ops && ctx.Err() == nil {
				n, err := window(ctx, w.Seed+next.Add(1)-1)
				mu.Lock()
				switch {
				case errors.Is(err, ErrUnknown):
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
					w.Done.Add(int64(n))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return result, failed
}

// Linearizable is a test that checks so many operations, or REDILOCK_OPS, on each real server, in windows of seed
// REDILOCK_SEED (0) on. What has so many clients in a window is called a subject in the report.
func Linearizable(t *testing.T, subject string, ops, clients int,
	run func(t *testing.T, s *server.Server, w Windows) (Result, error),
) {
	section := "linearizable ops"
	if len(server.Executables()) == 0 {
		row := testreport.Row{Section: section, Subject: subject + ", real servers", Skipped: 1}
		row.Notes = []string{"NOT PROVEN HERE: no redis-server on PATH and none in " + server.EnvServers}
		testreport.Report(t, row)
	}
	ops = testreport.Size(t, "REDILOCK_OPS", ops)
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		var done atomic.Int64
		w := Windows{Ops: int64(ops), Done: &done, Seed: uint64(testreport.Size(t, "REDILOCK_SEED", 0))}
		start := time.Now()
		stop := testreport.Progress(subject+": "+s.Name()+" "+s.Version(), &done, ops, "operations")
		result, err := run(t, s, w)
		stop()
		row := testreport.Row{
			Section: section, Subject: subject + ", " + s.Name(), Version: s.Version(), Passed: int(result.Ops),
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
