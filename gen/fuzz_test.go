package gen

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzHeaders checks that no script makes the generator panic, and that what it refuses it refuses by file and line.
func FuzzHeaders(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "*", "lua", "*", "v*", "*.lua"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root := t.TempDir()
		writeFiles(t, root, map[string][]byte{"lua/counter/v1/bump.lua": text})
		_, err := Load(optionsFor(root))
		if err == nil {
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("not a problem of the script: %v", err)
		}
		for _, p := range problems {
			if p.File != "lua/counter/v1/bump.lua" || p.Line < 1 || p.Message == "" || p.Remedy == "" {
				t.Errorf("a problem without its place or remedy: %q", p)
			}
		}
	})
}
