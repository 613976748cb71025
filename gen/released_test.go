package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReleased(t *testing.T) {
	t.Parallel()
	pinned := func(t *testing.T) Options {
		o := project(t)
		if err := Pin(o); err != nil {
			t.Fatal(err)
		}
		if err := Verify(o); err != nil {
			t.Fatal(err)
		}
		return o
	}

	t.Run("one byte", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		edit(t, o, takeSource, "'refused', mode", "'Refused', mode")
		if err := Generate(o); err != nil {
			t.Fatal(err)
		}
		refused(t, Verify(o), "rate_limit.take v1 is released, and its bytes changed; bring it back and make v2")
		refused(t, Pin(o), "its bytes changed")
	})
	t.Run("comments and headers", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		edit(t, o, takeSource, "it may go ahead", "it may go Ahead")
		edit(t, o, takeSource, "---@reply TAKEN", "---And more.\n---@reply TAKEN")
		edit(t, o, takeSource, "---@arguments", "--[==[ more ]]\n]==]\n\n---@arguments")
		edit(t, o, takeSource, "'-inf', ", "--[[ from the first one ]] '-inf', ")
		edit(t, o, "lua/rate_limit/v1/include/window.lua", "When the window began.", "The beginning.")
		edit(t, o, "lua/rate_limit/v1/include/clock.lua", "local t =", "-- Both parts.\n  local t =")
		mustGenerate(t, o)
	})
	t.Run("a fragment", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		edit(t, o, "lua/rate_limit/v1/include/clock.lua", "/ 1000", "/ 1001")
		refused(t, Verify(o), "rate_limit.take v1 is released", "rate_limit.list_taken v1 is released")
	})
	t.Run("shape", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		edit(t, o, takeSource, "1..1000", "1..2000")
		refused(t, Verify(o), "rate_limit.take v1 is released, and its keys, arguments or replies changed")
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		if err := os.Remove(filepath.Join(o.Root, takeSource)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(o.Root, "lua/rate_limit/v1/include/window.lua")); err != nil {
			t.Fatal(err)
		}
		put(t, o, "lua/README.md", "")
		refused(t, Verify(o), "rate_limit.take v1 is released and cannot go")
	})
	t.Run("a new version", func(t *testing.T) {
		t.Parallel()
		o := pinned(t)
		before := get(t, o, o.Released)
		put(t, o, "lua/rate_limit/v2/take.lua", "---@script rate_limit.take\n---@version 2\n---Takes nothing.\n"+
			"---@key window zset `{name}`\n---@reply TAKEN\n\nlocal window = KEYS[1]\nreturn {'TAKEN'}\n")
		mustGenerate(t, o)
		if err := Pin(o); err != nil {
			t.Fatal(err)
		}
		after := get(t, o, o.Released)
		if strings.Count(after, `"sha1"`) != strings.Count(before, `"sha1"`)+1 {
			t.Errorf("one more pin is wanted:\n%s", after)
		}
	})
	t.Run("an empty file", func(t *testing.T) {
		t.Parallel()
		o := project(t)
		put(t, o, o.Released, "\n")
		if err := Verify(o); err != nil {
			t.Fatal(err)
		}
		put(t, o, o.Released, "not JSON")
		refused(t, Verify(o), o.Released)
	})
}
