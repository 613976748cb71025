package clock

import (
	"testing"
	"time"
)

// TestPauseBetweenReadings: what the system says does not depend on when the process was not running.
func TestPauseBetweenReadings(t *testing.T) {
	t.Parallel()
	const asleepFor = 7 * time.Hour
	for name, paused := range map[string]map[int]time.Duration{
		"never":                  {},
		"between the two":        {1: time.Second},
		"after them":             {2: time.Second},
		"between the two, twice": {1: 300 * time.Millisecond, 4: time.Second},
		"between the two, often": {1: time.Second, 4: time.Second, 7: time.Second, 10: time.Second, 13: time.Second},
	} {
		var now time.Duration
		calls := 0
		got := asleep(func(id uintptr) (time.Duration, bool) {
			now += time.Microsecond + paused[calls] // before the reading of that number
			calls++
			if id == clockBoottime {
				return now + asleepFor, true
			}
			return now, true
		})
		if off := asleepFor - got; off < 0 || off > 10*time.Microsecond {
			t.Errorf("paused %s: %v, off by %v", name, got, off)
		}
	}
}
