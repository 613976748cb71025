package testreport

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// Size is how large a test is: what the environment says, as the long targets of mage do, or its usual size. It fails the
// test on what is no number.
func Size(t testing.TB, env string, usual int) int {
	t.Helper()
	text := os.Getenv(env)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is how many, not %q", env, text)
	}
	return n
}

// Progress tells on stderr, every five seconds, how much is done, until it is stopped: "diff: 812 of 2000 sequences, 162/s".
func Progress(what string, done *atomic.Int64, total int, unit string) (stop func()) {
	stopped, start := make(chan struct{}), time.Now()
	go func() {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stopped:
				return
			case now := <-tick.C:
				fmt.Fprintf(os.Stderr, "%s: %d of %d %s, %.0f/s\n",
					what, done.Load(), total, unit, float64(done.Load())/now.Sub(start).Seconds())
			}
		}
	}()
	return func() { close(stopped) }
}
