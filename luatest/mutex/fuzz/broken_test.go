package fuzz_test

import (
	"strings"
	"testing"
)

// TestChecksFail breaks the scripts, and has the checks of the fuzz targets say so on an input of theirs.
func TestChecksFail(t *testing.T) {
	t.Parallel()
	const acquire, release, fence, waiters = 0, 3, 1, 3
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
		{
			"numbers as Lua reads them",
			"#lease <= 10 and string.find(lease, '^%d+$') and tonumber(lease, 10)", "tonumber(lease)",
			arguments(acquire, 0, 4, "t\x1f1e3"), "out of its range",
		},
		{
			"a range ends one early", "lease > 2147483647", "lease >= 2147483647",
			arguments(acquire, 0, 4, "t\x1f2147483647"), "nothing is wrong",
		},
		{
			"as many numbers as anybody likes", "given > 64", "given > 99",
			arguments(acquire, 0, 4, "t\x1f1\x1f0\x1fpoll\x1f\x1f65"), "out of its range",
		},
		{
			"a grant owns more than was asked for", "math.min(wish, ago)", "ago",
			arguments(acquire, 3, 4, "t\x1f1000\x1f0\x1fpoll\x1f\x1f2"), "1000000 numbers",
		},
		{
			"a grant owns a number of the last one", "math.min(wish, ago)", "math.min(wish, ago + 1)",
			companions(3, fence, 0, "1767225601123446"), "given out already",
		},
		{
			"the number of arguments is not counted", "#ARGV > 6", "#ARGV > 99",
			arguments(acquire, 0, 4, "t\x1f1\x1f0\x1fpoll\x1f\x1f1\x1fmore"), "number of arguments",
		},
		{
			"a bad successor is seen too late",
			"if successor == token then", "if redis.call('DEL', lock) and successor == token then",
			arguments(release, 1, 4, "a\x1f\x1fa\x1f1\x1f1"), "the server changed",
		},
		{
			"a reply that nobody declared", "return {'NOTHELD'}", "return {'NOBODY'}",
			arguments(release, 0, 4, "t"), "not declared",
		},
		{
			"a foreign lock is granted", "if holder == token then", "if holder then",
			arguments(acquire, 2, 4, "t\x1f1000"), "granted, and the holder is",
		},
		{
			"the lock stays when the fence fails", "redis.call('DEL', lock)\n\t\treturn owned", "return owned",
			companions(0, fence, 7, "x"), "has the lock",
		},
		{
			"a record is taken at its word", "if type(record) == 'table' then", "if record.err then",
			companions(3, waiters, 1, "x"), "an error of Lua",
		},
		{
			"an error without a code", "return holder\nend", "return redis.error_reply('oops ' .. holder.err)\nend",
			companions(0, 0, 6, "x"), "without a code",
		},
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
