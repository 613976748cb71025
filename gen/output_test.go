package gen

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree is every file, folder and link below a folder, with what it holds.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		holds := ""
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			holds, err = os.Readlink(file)
		case info.Mode().IsRegular():
			var b []byte
			b, err = os.ReadFile(file)
			holds = string(b)
		}
		name, _ := filepath.Rel(root, file)
		all[filepath.ToSlash(name)] = info.Mode().String() + " " + holds
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOptions: a Dist that holds anything else, and paths that leave Root, are refused before anything is touched.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"no Dist":                 func(o *Options) { o.Dist = "" },
		"Dist is the root":        func(o *Options) { o.Dist = "." },
		"Dist is the source":      func(o *Options) { o.Dist = "lua" },
		"Dist holds the source":   func(o *Options) { o.Source, o.Dist = "lua/src", "lua" },
		"Dist holds the bindings": func(o *Options) { o.Dist = "sdk" },
		"Dist holds the readme":   func(o *Options) { o.Readme = "lua/dist/README.md" },
		"Dist holds the pins":     func(o *Options) { o.Released = "lua/dist/released.json" },
		"Dist is above":           func(o *Options) { o.Dist = ".." },
		"Dist is elsewhere":       func(o *Options) { o.Dist = "../dist" },
		"Dist is absolute":        func(o *Options) { o.Dist = "/tmp/dist" },
		"Dist is written badly":   func(o *Options) { o.Dist = "lua/../lua/dist" },
		"no GoDir":                func(o *Options) { o.GoDir = "" },
		"GoDir is elsewhere":      func(o *Options) { o.GoDir = "../sdk" },
		"Readme is elsewhere":     func(o *Options) { o.Readme = "../README.md" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := project(t)
			put(t, o, ".git/HEAD", "ref: refs/heads/main\n")
			put(t, o, "notes.txt", "mine\n")
			before := tree(t, o.Root)
			change(&o)
			if err := Generate(o); err == nil {
				t.Error("Generate accepts it")
			}
			if err := Verify(o); err == nil {
				t.Error("Verify accepts it")
			}
			if d := cmp.Diff(before, tree(t, o.Root)); d != "" {
				t.Errorf("files changed:\n%s", d)
			}
		})
	}
}

// TestHostileLayout: each of these stands in the way of what would be written or deleted. Nothing is.
func TestHostileLayout(t *testing.T) {
	t.Parallel()
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	replaceByLink := func(t *testing.T, o Options, name string) {
		at := o.path(name)
		must(t, os.Rename(at, o.path("elsewhere")))
		target, err := filepath.Rel(filepath.Dir(at), o.path("elsewhere"))
		must(t, err)
		must(t, os.Symlink(target, at))
	}
	for _, test := range []struct {
		name, refused string
		make          func(t *testing.T, o Options)
	}{
		{"Dist is a file", "lua/dist: a file where a folder is needed", func(t *testing.T, o Options) {
			must(t, os.RemoveAll(o.path("lua/dist")))
			put(t, o, "lua/dist", "mine\n")
		}},
		{"Dist is a link", "lua/dist: a link", func(t *testing.T, o Options) { replaceByLink(t, o, "lua/dist") }},
		{"a folder is a link", "lua/dist/rate_limit: a link", func(t *testing.T, o Options) {
			replaceByLink(t, o, "lua/dist/rate_limit")
		}},
		{"a file is a link", takeDist + ": a link", func(t *testing.T, o Options) { replaceByLink(t, o, takeDist) }},
		{"a binding is a link", takeBinding + ": a link", func(t *testing.T, o Options) {
			replaceByLink(t, o, takeBinding)
		}},
		{"a file is a folder", takeDist + ": not a file", func(t *testing.T, o Options) {
			must(t, os.Remove(o.path(takeDist)))
			put(t, o, takeDist+"/notes.txt", "mine\n")
		}},
		{"a binding is somebody's", takeBinding + ": not written by this generator", func(t *testing.T, o Options) {
			put(t, o, takeBinding, "package ratelimitv1\n")
		}},
		{"a module is a link", takeModule + ": a link", func(t *testing.T, o Options) { replaceByLink(t, o, takeModule) }},
		{"a module is somebody's", takeModule + ": not written by this generator", func(t *testing.T, o Options) {
			put(t, o, takeModule, "import this\n")
		}},
		{"a file is read-only", takeDist + ": read-only", func(t *testing.T, o Options) {
			must(t, os.Chmod(o.path(takeDist), 0o444))
		}},
		{"a stale script is read-only", "lua/dist/rate_limit/v1/list_taken.lua: read-only", func(t *testing.T, o Options) {
			must(t, os.Remove(o.path("lua/rate_limit/v1/list_taken.lua")))
			put(t, o, "lua/README.md", "")
			must(t, os.Chmod(o.path("lua/dist/rate_limit/v1/list_taken.lua"), 0o444))
		}},
		{"a script is somebody's", takeDist + ": not written by this generator", func(t *testing.T, o Options) {
			put(t, o, takeDist, "return redis.call('PING')\n")
		}},
		{"the manifest is of another kind", "lua/dist/manifest.json: not written by this", func(t *testing.T, o Options) {
			put(t, o, "lua/dist/manifest.json", `{"name": "an app"}`)
		}},
		{"the manifest is in conflict", "lua/dist/manifest.json: invalid character", func(t *testing.T, o Options) {
			put(t, o, "lua/dist/manifest.json", "<<<<<<< HEAD\n{}\n")
		}},
		{"a stale script is somebody's", "lua/dist/rate_limit/v1/list_taken.lua: not written", func(t *testing.T,
			o Options) {
			must(t, os.Remove(o.path("lua/rate_limit/v1/list_taken.lua")))
			put(t, o, "lua/README.md", "")
			put(t, o, "lua/dist/rate_limit/v1/list_taken.lua", "-- my own list\n")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := project(t)
			edit(t, o, takeSource, "return {'TAKEN'", "local left = 0\nreturn {'TAKEN'") // something would be written
			test.make(t, o)
			before := tree(t, o.Root)
			refused(t, Generate(o), test.refused)
			if d := cmp.Diff(before, tree(t, o.Root)); d != "" {
				t.Errorf("files changed:\n%s", d)
			}
		})
	}
}

// TestHardLink: a copy of what was generated, as backups make it, stays what it was.
func TestHardLink(t *testing.T) {
	t.Parallel()
	o := project(t)
	if err := os.Link(o.path(takeDist), o.path("backup.lua")); err != nil {
		t.Fatal(err)
	}
	before := tree(t, o.Root)["backup.lua"]
	edit(t, o, takeSource, "return {'TAKEN'", "local left = 0\nreturn {'TAKEN'")
	if err := os.Chmod(o.path("lua/README.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Generate(o); err != nil {
		t.Fatal(err)
	}
	after := tree(t, o.Root)
	if after["backup.lua"] != before || after[takeDist] == before {
		t.Error("the script was written through its other name, or not at all")
	}
	if !strings.HasPrefix(after["lua/README.md"], "-rw------- ") {
		t.Errorf("rights changed: %.10s", after["lua/README.md"])
	}
	for name := range after {
		if strings.Contains(name, ".luagen-") {
			t.Errorf("%s stayed", name)
		}
	}
}

// TestStaleModule: a module goes with its primitive; what is not of this generator stays.
func TestStaleModule(t *testing.T) {
	t.Parallel()
	o := project(t)
	put(t, o, "lua/door/v1/open.lua", "---@script door.open\n---@version 1\n---Open.\n---@key door string `{name}`\n"+
		"---@return boolean\n\nreturn redis.call('EXISTS', KEYS[1])\n")
	put(t, o, "python/scripts/mine.py", "mine\n")
	for _, there := range []bool{true, false} {
		if err := Generate(o); err != nil {
			t.Fatal(err)
		}
		files := tree(t, o.Root)
		if _, found := files["python/scripts/doorv1.py"]; found != there {
			t.Errorf("doorv1.py: there %v", found)
		}
		if files["python/scripts/mine.py"] == "" || files["python/scripts/runtime.py"] == "" {
			t.Error("a file is missing")
		}
		if there {
			if err := os.RemoveAll(o.path("lua/door")); err != nil {
				t.Fatal(err)
			}
			put(t, o, "lua/README.md", "")
		}
	}
	put(t, o, "python/scripts/oldv1.py", o.pyMarker()+"lua/old/v1; DO NOT EDIT.\n")
	if err := Verify(o); err == nil || !strings.Contains(err.Error(), "python/scripts/oldv1.py: no source") {
		t.Errorf("a stray module: %v", err)
	}
}

// TestForeignFiles: files that are nobody's business stay, whatever a manifest says of them.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	o := project(t)
	mine := []string{
		".git/HEAD", "lua/dist/.git/HEAD", "lua/dist/nested/.git/config", "lua/dist/rate_limit/v1/notes.lua",
		"sdk/scripts/ratelimitv1/own.go", "notes.lua", "sdk/scripts/old.go", "lua/rate_limit/v1/README.md",
	}
	for _, name := range mine {
		put(t, o, name, "mine\n")
	}
	if err := os.Symlink("../../notes.lua", o.path("lua/dist/link.lua")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(o.path("notes.lua"), 0o444); err != nil {
		t.Fatal(err)
	}
	before := tree(t, o.Root)
	edit(t, o, "lua/dist/manifest.json", `"rate_limit.list_taken"`, `"../../notes"`)
	edit(t, o, "lua/dist/manifest.json", `"rate_limit/v1/list_taken.lua"`, `"../../notes.lua"`)
	edit(t, o, "lua/dist/manifest.json", `"scripts": [`, `"scripts": [
    {"name": "link.lua", "version": 1, "file": "link.lua"},
    {"name": "a.b", "version": -1, "file": "../../.git/HEAD"},
    {"name": "rate_limit.notes", "version": 0, "file": "rate_limit/v1/notes.lua"},`)
	if err := Generate(o); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, tree(t, o.Root)); d != "" {
		t.Errorf("files changed:\n%s", d)
	}
	err := Verify(o)
	for _, name := range mine {
		inDist := strings.HasPrefix(name, "lua/dist/")
		if said := err != nil && strings.Contains("\n"+err.Error(), "\n"+name+": no source"); said != inDist {
			t.Errorf("%s: Verify tells of it: %v", name, said)
		}
	}
}
