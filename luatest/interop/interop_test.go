package interop

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

var rounds = flag.Int("rounds", 200, "contended rounds of each pair")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// TestMatrix lets every contestant contend with every other, and with another of its own kind.
func TestMatrix(t *testing.T) {
	s := server.StartT(t, server.Options{})
	rdb := redisT(t, s)
	var names []string
	workers := map[string][2]*worker{}
	for _, c := range contestants() {
		if err := c.runtime.ready(); err != nil {
			missing(t, fmt.Errorf("%s: %w", c.name, err))
			continue
		}
		names = append(names, c.name)
		workers[c.name] = [2]*worker{startT(t, c, s), startT(t, c, s)}
	}
	pairs := map[[2]string]pair{}
	dir, begin := t.TempDir(), time.Now()
	for i, row := range names {
		for _, column := range names[:i+1] {
			key := keyOf(column, row)
			p := contend(t.Context(), rdb, workers[column][0], workers[row][1], key, dir, *rounds)
			pairs[[2]string{column, row}] = p
			if p.err != nil {
				t.Errorf("%s and %s: %v", column, row, p.err)
			}
			fmt.Fprintf(os.Stderr, "interop: %s and %s: %d rounds, %d won by the first, %v\n",
				column, row, p.rounds, p.first, p.took.Round(time.Millisecond))
		}
	}
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
