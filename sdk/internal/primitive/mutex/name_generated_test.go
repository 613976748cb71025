package mutex

import (
	"testing"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// TestNameGenerated: the generated constructor of keys follows the same rule as a lock's name.
func TestNameGenerated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"jobs", "a{b}c", "{", "{}", "a}b", "", "{jobs}", "{jobs}:redilock:fence", "jobs:redilock:queue", "{a}{b}",
		"}{", "ü\x00",
		"{}{a}", "{a}:redilock:waiters", "a{}b{c}",
	} {
		want, wantErr := keysOf(name)
		got, err := mutexv1.KeysOf(name)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %v, %v; want %v, %v", name, got, err, want, wantErr)
		}
	}
}
