package fuzz_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/fuzz"
)

// TestTargets fails when a target of the module is not found: nobody would run it.
func TestTargets(t *testing.T) {
	t.Parallel()
	found, err := fuzz.Targets(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []fuzz.Target{
		{Package: "./gen", Name: "FuzzHeaders"},
		{Package: "./luatest/mutex/fuzz", Name: "FuzzArguments"},
		{Package: "./luatest/mutex/fuzz", Name: "FuzzCompanions"},
		{Package: "./luatest/semaphore/fuzz", Name: "FuzzArguments"},
		{Package: "./luatest/semaphore/fuzz", Name: "FuzzCompanions"},
		{Package: "./sdk/redilock", Name: "FuzzNames"},
		{Package: "./sdk/redilock", Name: "FuzzTokens"},
	} {
		if !slices.Contains(found, want) {
			t.Errorf("%s in %s is not found", want.Name, want.Package)
		}
	}
	if slices.Contains(found, fuzz.Target{Package: "./luatest/fuzz", Name: "FuzzFails"}) {
		t.Error("a text in a test is taken for a target")
	}
}

// TestRun fuzzes two targets of a module made for it: one that holds, and one that does not.
func TestRun(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/fuzzed\n\ngo 1.26\n",
		"a_test.go": `package fuzzed

import "testing"

func FuzzFails(f *testing.F) {
	f.Add(0)
	f.Fuzz(func(t *testing.T, n int) {
		if n > 40 {
			t.Error("too many")
		}
	})
}

func FuzzHolds(f *testing.F) {
	f.Add(0)
	f.Fuzz(func(t *testing.T, n int) {})
}
`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	rows, err := fuzz.Run(&out, root, "5000x")
	if err == nil || !strings.Contains(err.Error(), "FuzzFails in ./.") {
		t.Errorf("the error is %v", err)
	}
	if len(rows) != 2 || rows[0].Failed != 1 || rows[1].Failed != 0 || rows[1].Passed < 5000 {
		t.Errorf("rows %+v\n%s", rows, &out)
	}
	if !strings.Contains(out.String(), "too many") {
		t.Errorf("what went wrong is not shown:\n%s", &out)
	}
}
