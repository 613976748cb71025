package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	takeSource  = "lua/rate_limit/v1/take.lua"
	takeDist    = "lua/dist/rate_limit/v1/take.lua"
	takeBinding = "sdk/scripts/ratelimitv1/take.go"
	takeModule  = "python/scripts/ratelimitv1.py"
)

// project copies the rate limiter into a folder of its own and generates its output.
func project(t *testing.T) Options {
	t.Helper()
	o := optionsFor(t.TempDir())
	sources := os.DirFS(filepath.Join("testdata", "rate_limit", "lua"))
	if err := os.CopyFS(filepath.Join(o.Root, "lua"), sources); err != nil {
		t.Fatal(err)
	}
	mustGenerate(t, o)
	return o
}

func mustGenerate(t *testing.T, o Options) {
	t.Helper()
	if err := Generate(o); err != nil {
		t.Fatal(err)
	}
	if err := Verify(o); err != nil {
		t.Fatalf("after Generate: %v", err)
	}
}

func put(t *testing.T, o Options, name, content string) {
	t.Helper()
	writeFiles(t, o.Root, map[string][]byte{name: []byte(content)})
}

func edit(t *testing.T, o Options, name, old, new string) {
	t.Helper()
	content := get(t, o, name)
	if !strings.Contains(content, old) {
		t.Fatalf("%s has no %q", name, old)
	}
	put(t, o, name, strings.Replace(content, old, new, 1))
}

func get(t *testing.T, o Options, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.Root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func exists(o Options, name string) bool {
	_, err := os.Stat(filepath.Join(o.Root, filepath.FromSlash(name)))
	return err == nil
}

// refused wants an error that has every one of the texts.
func refused(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%v", text, err)
		}
	}
}

func TestVerifyFindsMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{takeDist, takeBinding, "lua/dist/manifest.json"} {
		o := project(t)
		if err := os.Remove(filepath.Join(o.Root, name)); err != nil {
			t.Fatal(err)
		}
		refused(t, Verify(o), name+": missing")
		mustGenerate(t, o)
	}
}

func TestVerifyFindsChanged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{takeDist, takeBinding, "lua/dist/manifest.json", "lua/README.md"} {
		o := project(t)
		was := "permits"
		if name == takeDist {
			was = "integer"
		}
		edit(t, o, name, was, "something")
		refused(t, Verify(o), name+": not what is generated", "something", "\n-", "\n+")
		mustGenerate(t, o)
	}
}

// TestVerifyFindsSourceChange: a source that changed after Generate is seen in all that is made from it.
func TestVerifyFindsSourceChange(t *testing.T) {
	t.Parallel()
	o := project(t)
	edit(t, o, "lua/rate_limit/v1/include/clock.lua", "/ 1000", "/ 1001")
	refused(t, Verify(o), takeDist, takeBinding, "manifest.json", "README.md",
		"-\treturn tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)",
		"+\treturn tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1001)")
}

// TestStale: what the last manifest lists and nothing generates is found, and deleted with its folders.
func TestStale(t *testing.T) {
	t.Parallel()
	o := project(t)
	const source = "---@script rate_limit.give\n---@version 2\n---Gives.\n---@key window zset `{name}`\n" +
		"---@reply GIVEN\n\n" +
		"local window = KEYS[1]\nreturn {'GIVEN'}\n"
	put(t, o, "lua/rate_limit/v2/give.lua", source)
	mustGenerate(t, o)
	stale := []string{
		"lua/dist/rate_limit/v2/give.lua", "sdk/scripts/ratelimitv2/give.go", "sdk/scripts/ratelimitv2/common.go",
	}
	if err := os.RemoveAll(filepath.Join(o.Root, "lua/rate_limit/v2")); err != nil {
		t.Fatal(err)
	}
	put(t, o, "lua/README.md", "")
	refused(t, Verify(o), stale[0]+": no source", stale[1]+": no source", stale[2]+": no source")
	mustGenerate(t, o)
	if exists(o, "sdk/scripts/ratelimitv2") || exists(o, "lua/dist/rate_limit/v2") {
		t.Error("an empty folder is left")
	}
}

// TestStrays: what no manifest lists is found and not deleted, whatever it looks like.
func TestStrays(t *testing.T) {
	t.Parallel()
	o := project(t)
	strays := []string{"lua/dist/rate_limit/v2/take.lua", "lua/dist/notes.txt", "sdk/scripts/oldv1/take.go"}
	for _, name := range strays {
		put(t, o, name, o.goMarker()+"lua/old/v1/take.lua; DO NOT EDIT.\n\npackage oldv1\n")
	}
	put(t, o, "sdk/scripts/own.go", "package scripts\n") // no marker: somebody's own
	if err := Generate(o); err != nil {
		t.Fatal(err)
	}
	refused(t, Verify(o), strays[0]+": no source", strays[1]+": no source", strays[2]+": no source")
	for _, name := range append(strays, "sdk/scripts/own.go") {
		if !exists(o, name) {
			t.Errorf("%s was deleted", name)
		}
	}
}

// TestGenerateRefusesBadSources: nothing is written when a script is refused.
func TestGenerateRefusesBadSources(t *testing.T) {
	t.Parallel()
	o := project(t)
	before := readFiles(t, filepath.Join(o.Root, "sdk"))
	edit(t, o, takeSource, "return {'TAKEN'", "return {'TOOK'")
	refused(t, Generate(o), takeSource+":37: the reply TOOK is not declared")
	if d := cmp.Diff(before, readFiles(t, filepath.Join(o.Root, "sdk"))); d != "" {
		t.Errorf("bindings changed:\n%s", d)
	}
}

func TestNoScripts(t *testing.T) {
	t.Parallel()
	refused(t, Verify(optionsFor(t.TempDir())), "no script in lua")
}

// TestReadmeKeepsProse: only what is between the markers belongs to the generator.
func TestReadmeKeepsProse(t *testing.T) {
	t.Parallel()
	o := project(t)
	put(t, o, "lua/README.md", "# Limits\n\nProse before.\n\n<!-- generated: rate_limit.take v1 -->\nold\n"+
		"<!-- end generated -->\n\nProse after.\n")
	mustGenerate(t, o)
	text := get(t, o, "lua/README.md")
	before, rest, _ := strings.Cut(text, "<!-- generated: rate_limit.take v1 -->")
	if before != "# Limits\n\nProse before.\n\n" || !strings.Contains(rest, "<!-- end generated -->\n\nProse after.\n") {
		t.Errorf("the prose is not what it was:\n%s", text)
	}
	if strings.Contains(text, "\nold\n") || !strings.Contains(text, "| `TAKEN` |") {
		t.Errorf("the section is not up to date:\n%s", text)
	}

	put(t, o, "lua/README.md", text+"\n<!-- generated: rate_limit.give v1 -->\n<!-- end generated -->\n")
	refused(t, Verify(o), `nothing is generated for the section "rate_limit.give v1"`)
	put(t, o, "lua/README.md", "<!-- generated: rate_limit.take v1 -->\n")
	refused(t, Verify(o), "a section is not ended")
}

// TestPosition: a line of what is sent to the server is found again in its source.
func TestPosition(t *testing.T) {
	t.Parallel()
	root := filepath.Join("testdata", "rate_limit")
	m, err := Load(optionsFor(root))
	if err != nil {
		t.Fatal(err)
	}
	generated := 0
	for _, s := range m.Scripts {
		lines := strings.Split(strings.TrimSuffix(s.Code.Text, "\n"), "\n")
		if len(lines) != len(s.Code.Lines) {
			t.Fatalf("%s: %d lines, %d positions", s.Name(), len(lines), len(s.Code.Lines))
		}
		for i, line := range lines {
			pos := s.Code.Position(i + 1)
			source := strings.Split(get(t, Options{Root: root}, pos.File), "\n")[pos.Line-1]
			switch {
			case strings.HasPrefix(source, "---@"):
				generated++
			// There a level is a tab, and in the source it is spaces.
			case !strings.HasPrefix(strings.TrimSpace(source), strings.TrimSpace(line)):
				t.Errorf("%s:%d is not %s: %q", s.Dist, i+1, pos, line)
			}
		}
	}
	if generated <= len(m.Scripts) {
		t.Error("no line is made from a header")
	}
}
