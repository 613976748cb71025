//go:build unix

package main_test

import (
	"crypto/sha1"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/lua"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

func testExport(t *testing.T, b *bench) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 { // the same files do not stand in the way
		r := b.run(t, "scripts", "export", dir).want(t, 0)
		n := 0
		err := fs.WalkDir(lua.Dist, "dist", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			n++
			file := filepath.Join(dir, strings.TrimPrefix(path, "dist/"))
			want, err := lua.Dist.ReadFile(path)
			if err != nil {
				return err
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != string(want) {
				t.Errorf("%s differs: %v", file, err)
			}
			r.contains(t, file+"\n")
			return nil
		})
		if err != nil || n < len(mutexv1.Scripts())+1 {
			t.Errorf("%d files: %v", n, err)
		}
	}
	manifest := filepath.Join(dir, "manifest.json")
	if err := os.WriteFile(manifest, []byte("of another program"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.run(t, "scripts", "export", dir).want(t, 125).says(t, "manifest.json is there and different")
	if text, _ := os.ReadFile(manifest); string(text) != "of another program" {
		t.Error("it was written over")
	}
	b.run(t, "scripts", "export", "--force", dir).want(t, 0)

	list := b.run(t, "scripts").want(t, 0)
	list.prints(t, b.run(t, "scripts", "list").want(t, 0).out)
	objects := b.run(t, "scripts", "--json").want(t, 0).objects(t)
	if len(objects) != len(allScripts()) {
		t.Errorf("%d scripts", len(objects))
	}
	for _, o := range objects {
		text, err := os.ReadFile(filepath.Join(dir, o["file"].(string)))
		if err != nil || o["sha1"] != fmt.Sprintf("%x", sha1.Sum(text)) {
			t.Errorf("%v: %v", o, err)
		}
	}
	for _, s := range allScripts() {
		list.contains(t, fmt.Sprintf("%-17s  %-7d  %s  ", s.Name, s.Version, s.SHA1))
	}
}

// allScripts are those of both primitives.
func allScripts() []*scripts.Script { return slices.Concat(mutexv1.Scripts(), semaphorev1.Scripts()) }

func testScriptsCheck(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	check := func(code int, args ...string) (loaded int) {
		t.Helper()
		r := b.run(t, append([]string{"scripts", "check", "--json"}, args...)...).want(t, code)
		for _, o := range r.objects(t) {
			if o["server"] != b.Addr() {
				t.Errorf("server %v", o["server"])
			}
			if o["loaded"] == true {
				loaded++
			}
		}
		return loaded
	}
	all := len(allScripts())
	if n := check(1); n != 0 {
		t.Errorf("%d are loaded on a new server", n)
	}
	b.rdb.Set(t.Context(), "x", "a token", time.Minute) // of a free name it asks what kinds of lock it might be
	b.run(t, "inspect", "x").want(t, 0)
	if n := check(1); n != 1 {
		t.Errorf("%d are loaded after one call", n)
	}
	if n := check(0, "--load"); n != all {
		t.Errorf("%d are loaded", n)
	}
	if n := check(0); n != all {
		t.Errorf("%d are loaded", n)
	}
	b.rdb.ScriptFlush(t.Context())
	r := b.run(t, "scripts", "check").want(t, 1)
	if strings.Count(r.out, "  no\n") != all {
		t.Errorf("printed %s", r.out)
	}
}

func testVersion(t *testing.T, b *bench) {
	b.run(t, "version").want(t, 0).contains(t, "mutex v1")
	o := b.run(t, "version", "--json").want(t, 0).objects(t)[0]
	if o["version"] == "" || o["go"] == "" || fmt.Sprint(o["protocol"]) != "[mutex v1 semaphore v1]" {
		t.Errorf("got %v", o)
	}
}
