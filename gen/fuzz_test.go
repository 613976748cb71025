package gen

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var problemLine = regexp.MustCompile(`^lua/counter/v1/[^:]*:[0-9]+: .+; .+$`)

// FuzzHeaders renders any text as a script. It is refused, each problem with its file, its line and what to do; or what is
// written is well-formed, holds the script byte for byte, and is the same the second time.
func FuzzHeaders(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "*", "lua", "counter", "v1", "bump.lua"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	if len(seeds) == 0 {
		f.Fatal("no seed in testdata")
	}
	root := f.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "lua", "counter", "v1"), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if err := os.WriteFile(filepath.Join(root, "lua", "counter", "v1", "bump.lua"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		files, err := Render(optionsFor(root))
		if err != nil {
			checkProblems(t, err)
			return
		}
		again, err := Render(optionsFor(root))
		if err != nil || !maps.EqualFunc(files, again, bytes.Equal) {
			t.Errorf("two renderings differ; the second says %v", err)
		}
		for name, text := range files {
			switch filepath.Ext(name) {
			case ".go":
				if _, err := format.Source(text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case ".json":
				if !json.Valid(text) {
					t.Errorf("%s is no JSON", name)
				}
			case ".lua":
				if !strings.Contains(source, "@include") && !strings.Contains(source, argumentsTag) {
					sameProgram(t, source, string(text))
				}
			}
		}
	})
}

// checkProblems holds an error to the form that every one has.
func checkProblems(t *testing.T, err error) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("not a problem of the script: %v", err)
	}
	for _, p := range problems {
		if !problemLine.MatchString(p.String()) {
			t.Errorf("not `file:line: message; remedy`: %q", p.String())
		}
	}
}
