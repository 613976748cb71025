package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
)

// TestExampleBlocks: Go code in the documents is the body of a function that is compiled.
func TestExampleBlocks(t *testing.T) {
	t.Parallel()
	blocks := 0
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			function, file := b.Example()
			if function == "" {
				if b.Go {
					t.Errorf("%s:%d: put <!-- example: FUNCTION in FILE --> in front of the code", p.Path, b.Line)
				}
				continue
			}
			blocks++
			body, err := docs.Body(filepath.Join(root, file), function)
			if err != nil {
				t.Errorf("%s:%d: %v", p.Path, b.Line, err)
			} else if !docs.Shown(body, b.Text) {
				t.Errorf("%s:%d: the code is not that of %s in %s, which is:\n%s", p.Path, b.Line, function, file, body)
			}
		}
	}
	if blocks == 0 {
		t.Error("no document shows an example")
	}
}

var goFile = regexp.MustCompile(`[\w/]+\.(go|lua)\b`)

// TestPackageDoc: the code in the documentation of package redilock is part of tests and examples that are run, and the
// files that it walks through are there.
func TestPackageDoc(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, path := range files(t, "sdk/redilock/example*_test.go", "sdk/redilocktest/example_test.go") {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	code, err := docs.DocCode(filepath.Join(root, "sdk/redilock"))
	if err != nil {
		t.Fatal(err)
	}
	if len(code) < 6 {
		t.Errorf("only %d blocks of code were found", len(code))
	}
	for _, block := range code {
		if !docs.Shown(tests.String(), block) {
			t.Errorf("no example has this code of doc.go:\n%s", block)
		}
	}
	all := "\n" + strings.Join(files(t, "*.go", "*.lua"), "\n") + "\n"
	text, err := os.ReadFile(filepath.Join(root, "sdk/redilock/doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range goFile.FindAllString(string(text), -1) {
		if !strings.Contains(all, "/"+name+"\n") && !strings.Contains(all, "\n"+name+"\n") {
			t.Errorf("doc.go names %s, which is not there", name)
		}
	}
}

// TestShown: code that differs by a word, or is in pieces, is noticed.
func TestShown(t *testing.T) {
	t.Parallel()
	const text = "func f() {\n\t\tx := 1\n\t\tif y {\n\t\t\tz()\n\t\t}\n}\n"
	for code, want := range map[string]bool{
		"x := 1\nif y {\n\tz()\n}\n": true, "x := 1\n": true, "x := 2\n": false, "x := 1\nz()\n": false, "x :=\n": false,
	} {
		if got := docs.Shown(text, code); got != want {
			t.Errorf("Shown(%q) = %t", code, got)
		}
	}
}
