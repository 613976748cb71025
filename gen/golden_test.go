package gen

import (
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is generated into testdata")

// optionsFor describes a folder that is laid out as the project's own.
func optionsFor(root string) Options {
	return Options{
		Root: root, Source: "lua", Dist: "lua/dist", GoDir: "sdk/scripts", PythonDir: "python/scripts",
		GoRuntime: "github.com/zferentz/go-redilock/sdk/scripts",
		Readme:    "lua/README.md", Released: "lua/released.json", Generator: "go-redilock/gen",
	}
}

// TestGolden renders every folder of testdata. It holds its errors against want.err, one `file:line: message; remedy` a
// line, or its output against the folder want.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, dir := range cases(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			got, err := Render(optionsFor(dir))
			if err != nil {
				checkError(t, filepath.Join(dir, "want.err"), err)
				return
			}
			delete(got, "python/scripts/runtime.py") // which is the same everywhere
			if strings.HasPrefix(filepath.Base(dir), "bad_") {
				t.Fatal("accepted, but a folder bad_… must be refused")
			}
			want := filepath.Join(dir, "want")
			if *update {
				writeFiles(t, want, got)
			}
			if d := cmp.Diff(readFiles(t, want), text(got)); d != "" {
				t.Errorf("output differs (-want +got):\n%s", d)
			}
		})
	}
}

// TestEveryOne: in a folder of scripts that are all to be refused, each of them is.
func TestEveryOne(t *testing.T) {
	t.Parallel()
	count := func(pattern string) []string {
		files, err := filepath.Glob(filepath.Join("testdata", pattern, "lua", "*", "v1", "*.lua"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	for _, folder := range []string{"bad_hostile", "bad_idioms"} {
		want, err := os.ReadFile(filepath.Join("testdata", folder, "want.err"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range count(folder) {
			if !strings.Contains(string(want), "/"+filepath.Base(file)+":") {
				t.Errorf("%s is accepted", file)
			}
		}
	}
	if n := len(count("bad_hostile")); n < 40 {
		t.Errorf("%d hostile scripts", n)
	}
	if n := len(count("idioms")) + len(count("bad_idioms")); n < 60 {
		t.Errorf("%d idioms", n)
	}
}

func checkError(t *testing.T, file string, err error) {
	t.Helper()
	if !errors.As(err, new(Problems)) {
		t.Fatalf("not a problem of the scripts: %v", err)
	}
	if *update {
		writeFiles(t, filepath.Dir(file), map[string][]byte{filepath.Base(file): []byte(err.Error() + "\n")})
	}
	want, _ := os.ReadFile(file)
	if d := cmp.Diff(string(want), err.Error()+"\n"); d != "" {
		t.Errorf("errors differ (-want +got):\n%s", d)
	}
}

// TestRenderTwice: the same sources give the same bytes, in whatever order maps are walked.
func TestRenderTwice(t *testing.T) {
	t.Parallel()
	for _, dir := range cases(t) {
		first, err1 := Render(optionsFor(dir))
		second, err2 := Render(optionsFor(dir))
		if (err1 == nil) != (err2 == nil) || err1 != nil && err1.Error() != err2.Error() {
			t.Errorf("%s: %v, then %v", dir, err1, err2)
		}
		if d := cmp.Diff(text(first), text(second)); d != "" {
			t.Errorf("%s: two renderings differ:\n%s", dir, d)
		}
	}
}

// TestBindingsCompile compiles the bindings of testdata as if they were the project's own.
func TestBindingsCompile(t *testing.T) {
	t.Parallel()
	module, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, packages := map[string]string{}, map[string]bool{}
	for _, dir := range cases(t) {
		want := filepath.Join(dir, "want")
		for name := range readFiles(t, want) {
			if filepath.Ext(name) != ".go" {
				continue
			}
			file, err := filepath.Abs(filepath.Join(want, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			overlay[filepath.Join(module, filepath.FromSlash(name))] = file
			packages["./"+filepath.ToSlash(filepath.Dir(name))] = true
		}
	}
	if len(packages) == 0 {
		t.Fatal("no bindings in testdata")
	}
	b, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"build", "-overlay", file}, slices.Sorted(maps.Keys(packages))...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func cases(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return filepath.Base(dir) == "fuzz" })
}

func text(files map[string][]byte) map[string]string {
	out := map[string]string{}
	for name, b := range files {
		out[name] = string(b)
	}
	return out
}

func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := walk(dir, ".", func(name string) error {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
