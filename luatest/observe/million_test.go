package observe

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// keys is how many there are beside each other in TestManyKeys: a tenth of them are counters of locks, most of them free.
func keys() int {
	if n, err := strconv.Atoi(os.Getenv("REDILOCK_KEYS")); err == nil {
		return n
	}
	return 1_000_000
}

// With a million keys on the server a scrape is quick, the exporter small, and the server as quick for others as before.
func TestManyKeys(t *testing.T) {
	if !*long {
		t.Skip("NOT PROVEN HERE: a million keys, see mage observe")
	}
	w := newWorld(t, "--interval", "1h") // it has walked, and waits
	n := keys()
	began := time.Now()
	pipe := w.rdb.Pipeline()
	for i := range n {
		if i%10 == 0 {
			pipe.Set(t.Context(), fmt.Sprintf("{lock:%d}:redilock:fence", i), time.Now().UnixMicro(), time.Hour)
			if i%100 == 0 {
				pipe.Set(t.Context(), fmt.Sprintf("lock:%d", i), "host:1/token", time.Hour)
			}
		} else {
			pipe.Set(t.Context(), fmt.Sprintf("other:%d", i), i, 0)
		}
		if pipe.Len() >= 10_000 {
			if _, err := pipe.Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d keys after %v", n, time.Since(began).Round(time.Millisecond))
	idle := p99(t, w.rdb, 3*time.Second)
	// The same server, with an exporter that walks.
	second := &world{server: w.server, rdb: w.rdb}
	second.expose(t)
	busy := p99(t, w.rdb, 6*time.Second)
	known := "redilock_exporter_locks_known " + strconv.FormatFloat(float64(n/10), 'g', -1, 64) + "\n"
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		_, text := fetch(second.base + "/metrics")
		if strings.Contains(text, known) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it has not walked within 5 minutes")
		}
	}
	idle = max(idle, p99(t, w.rdb, 3*time.Second)) // the machine itself is not always the same
	ratio := float64(busy) / float64(idle)
	t.Logf("p99 of a PING: %v idle, %v while the exporter walks: × %.2f", idle, busy, ratio)
	if ratio > 2 {
		t.Error("the walk makes the server slow for others")
	}
	for line := range strings.Lines(w.rdb.Info(t.Context(), "commandstats").Val()) {
		if strings.HasPrefix(line, "cmdstat_scan:") || strings.HasPrefix(line, "cmdstat_exists:") {
			t.Log("the server's own time for it: ", strings.TrimSpace(line))
		}
	}
	began = time.Now()
	code, text := fetch(second.base + "/metrics")
	took := time.Since(began)
	if code != http.StatusOK || took > time.Second {
		t.Errorf("%d after %v", code, took)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "redilock_exporter_") {
			t.Log(strings.TrimSpace(line))
		}
	}
	t.Logf("a scrape: %v, %d KiB; the exporter: %d MiB",
		took.Round(time.Millisecond), len(text)>>10, resident(t, second.pid)>>20)
	if resident(t, second.pid) > 200<<20 {
		t.Error("the exporter is too large")
	}
}

// p99 is that of a PING, one after the other.
func p99(t *testing.T, rdb *redis.Client, long time.Duration) time.Duration {
	t.Helper()
	var all []time.Duration
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(200 * time.Microsecond) {
		sent := time.Now()
		if err := rdb.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, time.Since(sent))
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// resident is how much memory a process has.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Skip("NOT PROVEN HERE: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
