package interop

import "testing"

// TestMeetings: everybody meets everybody, and another of its own kind, once.
func TestMeetings(t *testing.T) {
	t.Parallel()
	for n := range 16 {
		met := map[[2]int]bool{}
		for _, m := range meetings(n) {
			if met[m] || m[0] > m[1] || m[1] >= n {
				t.Errorf("%d contestants: %v again, or it is no pair", n, m)
			}
			met[m] = true
		}
		if len(met) != n*(n+1)/2 {
			t.Errorf("%d contestants: %d pairs", n, len(met))
		}
	}
}
