package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
)

// TestSuspended: time that the machine sleeps counts, once the source is asked, and is never taken back.
func TestSuspended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asleep := 7 * time.Hour // since boot
		c := clock.New(func(time.Duration) time.Duration { return asleep })
		if now := c.Now(); now != 0 {
			t.Errorf("it begins at %v", now)
		}
		deadline := c.Now().Add(time.Minute)
		before := c.Time(deadline)
		asleep += 50 * time.Second
		time.Sleep(2 * time.Second) // the source is asked once a second at the least
		if left := c.Until(deadline); left != 8*time.Second {
			t.Errorf("%v left of a minute, after 2 s awake and 50 s asleep", left)
		}
		if moved := before.Sub(c.Time(deadline)); moved != 50*time.Second {
			t.Errorf("the deadline is %v earlier by Go's clock, want 50 s", moved)
		}
		asleep -= time.Hour // a source that goes back
		time.Sleep(2 * time.Second)
		if left := c.Until(deadline); left != 6*time.Second {
			t.Errorf("%v left, want 6 s", left)
		}
	})
}

// TestSystem: the system's own source stands still while the machine is awake.
func TestSystem(t *testing.T) {
	t.Parallel()
	start := time.Now() // before the clock, whose time is then never ahead by a pause of this test
	c := clock.New(nil)
	for time.Since(start) < 50*time.Millisecond {
		if ahead := time.Duration(c.Now()) - time.Since(start); ahead > time.Millisecond {
			t.Fatalf("it runs %v ahead of a machine that is awake", ahead)
		}
	}
}
