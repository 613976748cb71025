package interop

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

var rounds = flag.Int("rounds", 200, "contended rounds of each pair; 4 with -short")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// contended is how many rounds each pair makes.
func contended() int {
	if testing.Short() {
		return 4
	}
	return *rounds
}

// missing names a runtime or a package that is not to be had: a failure where servers are required, too.
func missing(t *testing.T, err error) {
	t.Helper()
	if server.Required() {
		t.Fatalf("%s=1, but: %v", server.EnvRequire, err)
	}
	fmt.Fprintf(os.Stderr, "interop: MISSING, NOT PROVEN: %v\n", err)
}

func address(t *testing.T, s *server.Server) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func startT(t *testing.T, c contestant, s *server.Server) *worker {
	t.Helper()
	host, port := address(t, s)
	w, err := start(t.Context(), c, host, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.stop(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return w
}

func redisT(t *testing.T, s *server.Server) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(s.RedisOptions())
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// keyOf has no ":", because python-redilock does not unlock a name with one: it lets the lease end.
func keyOf(column, row string) string {
	return strings.NewReplacer(" ", "-", "/", "-").Replace("interop-" + column + "-" + row)
}

// atOnce is how many pairs contend at the same time, each for a lock of its own.
const atOnce = 4

// TestMatrix lets every contestant contend with every other, and with another of its own kind.
func TestMatrix(t *testing.T) {
	s := server.StartT(t, server.Options{})
	rdb := redisT(t, s)
	names, workers := startAllT(t, s, func(contestant) bool { return true })
	var mutex sync.Mutex
	pairs := map[[2]string]pair{}
	dir, begin := t.TempDir(), time.Now()
	var group sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, at := range meetings(len(names)) {
		column, row := names[at[0]], names[at[1]]
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			a, b := workers[column][0], workers[row][1]
			a.busy.Lock() // the first of a kind before the second: in this order nobody waits in a circle
			defer a.busy.Unlock()
			b.busy.Lock()
			defer b.busy.Unlock()
			p := contend(t.Context(), rdb, a, b, keyOf(column, row), dir, contended())
			if p.err != nil {
				t.Errorf("%s and %s: %v", column, row, p.err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			pairs[[2]string{column, row}] = p
			fmt.Fprintf(os.Stderr, "interop: %s and %s: %d rounds, %d won by the first, %v\n",
				column, row, p.rounds, p.first, p.took.Round(time.Millisecond))
		})
	}
	group.Wait()
	fmt.Printf("\nOn one key of %s %s, contended rounds without a lost update:\n\n", s.Name(), s.Version())
	if err := render(os.Stdout, names, pairs); err != nil {
		t.Error(err)
	}
	fmt.Println()
	for i, name := range names {
		fmt.Printf("%2d %s: %s\n", i+1, name, workers[name][0].version)
	}
	count, failed := totals(pairs)
	fmt.Printf("\n%d pairs, %d rounds, %d pairs failed, in %v\n\n", len(pairs), count, len(failed),
		time.Since(begin).Round(time.Second))
}

// startAllT starts two workers of each contestant that is wanted and whose language is there.
func startAllT(t *testing.T, s *server.Server, want func(contestant) bool) (names []string, workers map[string][2]*worker) {
	t.Helper()
	workers = map[string][2]*worker{}
	for _, c := range contestants() {
		if !want(c) {
			continue
		}
		if err := c.runtime.ready(); err != nil {
			missing(t, fmt.Errorf("%s: %w", c.name, err))
			continue
		}
		names = append(names, c.name)
		workers[c.name] = [2]*worker{startT(t, c, s), startT(t, c, s)}
	}
	return names, workers
}

// meetings are the pairs of n contestants, each with itself too, in an order in which neighbours have no contestant in
// common as far as that can be: so that they can meet at the same time.
func meetings(n int) [][2]int {
	var all [][2]int
	for apart := range n {
		for i := range n {
			if j := (i + apart) % n; apart*2 < n || apart*2 == n && i < j {
				all = append(all, [2]int{min(i, j), max(i, j)})
			}
		}
	}
	return all
}

// TestNoLock shows that the matrix finds out who does not lock.
func TestNoLock(t *testing.T) {
	s := server.StartT(t, server.Options{})
	if err := golang.ready(); err != nil {
		t.Fatal(err)
	}
	none := contestants()[0]
	none.name, none.fenced = "no lock", false
	p := contend(t.Context(), redisT(t, s), startT(t, none, s), startT(t, none, s), "interop-none", t.TempDir(), 200)
	if p.err == nil || p.rounds == 200 {
		t.Errorf("contestants without a lock were not found out: %+v", p)
	}
	t.Log(p.err)
}
