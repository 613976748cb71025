package fuzz_test

import (
	"strings"
	"testing"
)

// TestChecksFail breaks the scripts, and has the checks of the fuzz targets say so on an input of theirs.
func TestChecksFail(t *testing.T) {
	t.Parallel()
	const acquire, release, fence, members = 0, 3, 1, 3
	arguments := func(script, way, count uint8, packed string) func(testing.TB, *fixture) error {
		return func(t testing.TB, w *fixture) error { return checkArguments(t, w, script, way, count, packed) }
	}
	companions := func(way, key, kind uint8, content string) func(testing.TB, *fixture) error {
		return func(t testing.TB, w *fixture) error { return checkCompanions(t, w, way, key, kind, 0xffff, content) }
	}
	for _, test := range []struct {
		name, old, new string
		check          func(testing.TB, *fixture) error
		want           string
	}{
		{"a weight above the limit", "if weight > limit then", "if false then", arguments(acquire, 0, 4,
			"t\x1f1\x1f3\x1f4"), "more than"},
		{"a lease of nothing", "lease < 1 or", "lease < 0 or", arguments(acquire, 0, 4, "t\x1f0\x1f3"), "out of its range"},
		{
			"another weight is taken", "if has and has ~= weight then", "if false then",
			arguments(acquire, 1, 4, "a\x1f1\x1f3\x1f1"), "another weight",
		},
		{"a reply that nobody declared", "return {'NOTHELD', more", "return {'NOBODY', more",
			arguments(release, 0, 4, "t"), "not declared"},
		{
			"a grant to nobody", "now_ms() + lease, who)", "now_ms() + lease, 'x')",
			arguments(acquire, 0, 4, "t\x1f1\x1f3"), "does not hold",
		},
		{"the sum is wrong", "used + new * weight", "used + new", arguments(acquire, 0, 4, "t\x1f1\x1f3\x1f2"),
			"the empty field says"},
		{
			"the holder is written before the fence", "local f, owned = next_fence(lease, wish)\n",
			"redis.call('ZADD', holders, now_ms() + lease, who)\n" +
				"\tlocal f, owned = next_fence(lease, wish)\n",
			companions(0, fence, 7, "x"), "holds",
		},
		{"a hash is taken at its word", "if type(record) == 'table' then", "if false then", companions(1, members, 7, "x"),
			"an error of Lua"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.check(t, newFixture(t, "", "")); err != nil {
				t.Errorf("with the scripts as they are: %v", err)
			}
			err := test.check(t, newFixture(t, test.old, test.new))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want something about %q", err, test.want)
			}
		})
	}
}
