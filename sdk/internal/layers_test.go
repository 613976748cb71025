// Package internal_test keeps the layers of the engine apart.
package internal_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/zferentz/go-redilock/"

// layers are the packages of the engine from the bottom up: each imports only those before it.
var layers = []string{
	"sdk/scripts", "sdk/scripts/mutexv1", "sdk/scripts/semaphorev1",
	"sdk/internal/buffered", "sdk/internal/failure", "sdk/internal/clock", "sdk/internal/event", "sdk/internal/primitive",
	"sdk/internal/primitive/mutex", "sdk/internal/primitive/semaphore", "sdk/internal/call", "sdk/internal/release",
	"sdk/internal/lease", "sdk/internal/wakeup", "sdk/internal/waiting", "sdk/redilock", "sdk/redilocktest",
}

// maxLines is how long a file may be that somebody wrote.
const maxLines = 400

func TestLayers(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	walk(t, func(dir, path string, source []byte) {
		height := slices.Index(layers, dir)
		if height < 0 {
			if strings.HasPrefix(dir, "sdk/internal") && dir != "sdk/internal" && !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s stands in no layer", dir)
			}
			return
		}
		seen[dir] = true
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, imported := range imports(t, path, source) {
			at := slices.Index(layers, imported)
			switch adapter := strings.HasPrefix(dir, "sdk/internal/primitive/"); {
			case at > height:
				t.Errorf("%s imports %s, which stands above it", path, imported)
			case strings.HasPrefix(imported, "sdk/scripts/") && !adapter:
				t.Errorf("%s imports the bindings %s; only an adapter may", path, imported)
			case strings.HasPrefix(imported, "sdk/internal/primitive/") &&
				dir != "sdk/redilock" && dir != "sdk/redilocktest":
				t.Errorf("%s knows the primitive %s; only the public package may", path, imported)
			}
		}
	})
	for _, layer := range layers {
		if !seen[layer] {
			t.Errorf("the layer %s has no file", layer)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	walk(t, func(_, path string, source []byte) {
		if bytes.HasPrefix(source, []byte("// Code generated")) {
			return
		}
		if n := bytes.Count(source, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d", path, n, maxLines)
		}
	})
}

// walk visits every Go file of sdk, with its folder as seen from the module's root.
func walk(t *testing.T, visit func(dir, path string, source []byte)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		visit(filepath.ToSlash(filepath.Join("sdk", filepath.Dir(strings.TrimPrefix(path, "../")))), path, source)
		return nil
	})
	if err != nil || files == 0 {
		t.Fatal(files, err)
	}
}

// imports gives what a file imports of this module.
func imports(t *testing.T, path string, source []byte) (own []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		if rest, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ok {
			own = append(own, rest)
		}
	}
	return own
}
