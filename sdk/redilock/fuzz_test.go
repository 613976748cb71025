package redilock

import (
	"errors"
	"testing"

	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// FuzzKeys holds the keys of a name against those of the scenarios, which were written apart, and their slots too.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{
		"", "a", "a{b", "{a}b", "a}b", "x{}y", "{x}", "{x}y}", "{a}:redilock:queue", "{}{a}", "{{a}}",
		"\x00\xff", "a{b}c{d}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := keysOf(name)
		var want mutexv1.Keys
		var refused error
		for suffix, key := range map[string]*string{
			"": &want.Lock, fenceSuffix: &want.Fence, queueSuffix: &want.Queue, waitersSuffix: &want.Waiters,
		} {
			*key, refused = scenario.KeyName(name, suffix)
		}
		if (err != nil) != (refused != nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("name %q: %v, want %v", name, err, refused)
		}
		if got != want {
			t.Errorf("name %q: keys %q, want %q", name, got, want)
		}
		for _, key := range []string{got.Fence, got.Queue, got.Waiters} {
			if err == nil && scenario.Slot(key) != scenario.Slot(name) {
				t.Errorf("name %q: the key %q is in another slot", name, key)
			}
		}
	})
}
