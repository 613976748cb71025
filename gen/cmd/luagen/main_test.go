package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/gen"
)

// luagenIn runs the command with the configuration file of a folder.
func luagenIn(t *testing.T, dir string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), append([]string{"--config", filepath.Join(dir, "luagen.yaml")}, args...), &o, &e)
	return status, o.String(), e.String()
}

// want fails the test unless the command ends with a status and says some words.
func want(t *testing.T, dir string, status int, words string, args ...string) {
	t.Helper()
	got, out, errOut := luagenIn(t, dir, args...)
	if got != status || !strings.Contains(out+errOut, words) {
		t.Errorf("luagen %v ends with %d, want %d and %q; it says\n%s%s", args, got, status, words, out, errOut)
	}
}

// TestStart goes from an empty folder to bindings that are up to date, breaks each of them, and mends it.
func TestStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "lua", "counter", "v1", "add.lua")
	want(t, dir, 1, "luagen init", "generate")
	want(t, dir, 0, "add.lua", "init", dir)
	want(t, dir, 1, "is there already", "init", dir)
	want(t, dir, 1, "+++ generated", "diff")
	want(t, dir, 1, "missing; generate it", "verify")
	want(t, dir, 0, "", "generate")
	want(t, dir, 0, "", "diff")
	want(t, dir, 0, "", "verify")

	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) {
		t.Helper()
		if !strings.Contains(string(text), old) {
			t.Fatalf("no %q in the starter", old)
		}
		if err := os.WriteFile(script, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change("redis.call('INCRBY', counter", "redis.call('INCRBY', name")
	want(t, dir, 1, "[key]", "generate")
	want(t, dir, 1, "[global]", "verify")
	change("return total", "return total + 1")
	want(t, dir, 1, "+++ generated", "diff")
}

// TestUse: wrong use of the command itself ends with 2, a wrong configuration with 1, and both say why.
func TestUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want(t, dir, 2, "unexpected argument", "nonsense")
	for text, words := range map[string]string{
		"version: 2\n":                "version: 1",
		"version: 1\nsauce: lua\n":    "field sauce not found",
		"version: 1\ndist: .\n":       "give it a folder of its own",
		"version: 1\ndist: ../../x\n": "below Root",
		"version: [\n":                "yaml",
		"":                            "EOF",
		"version: 1\n":                "no script in lua",
	} {
		if err := os.WriteFile(filepath.Join(dir, "luagen.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		want(t, dir, 1, words, "generate")
	}
}

// TestExplain: every rule has a reason, and every message of the goldens a rule.
func TestExplain(t *testing.T) {
	t.Parallel()
	for _, r := range gen.Rules() {
		want(t, t.TempDir(), 0, r.Reason, "explain", "["+strings.ToUpper(r.Code)+"]")
		want(t, t.TempDir(), 0, r.Code, "explain")
	}
	want(t, t.TempDir(), 1, "lists them", "explain", "nonsense")
}
