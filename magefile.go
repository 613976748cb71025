//go:build mage

// The habits of the project. `go tool mage -l` lists them.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/magefile/mage/sh"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/summary"
)

// Default is what `go tool mage` does without a target.
var Default = Test

var options = gen.Options{
	Root:      ".",
	Source:    "lua",
	Dist:      "lua/dist",
	GoDir:     "sdk/scripts",
	GoRuntime: "github.com/zferentz/go-redilock/sdk/scripts",
	Readme:    "lua/README.md",
	Released:  "lua/released.json",
	Generator: "go-redilock/gen",
}

// Generate writes lua/dist, the Go bindings and the tables in lua/README.md from the annotated scripts.
func Generate() error { return gen.Generate(options) }

// Verify fails when what is generated is not up to date, or when a released script changed.
func Verify() error { return gen.Verify(options) }

// Pin freezes the scripts in lua/released.json: do it with a release, never before.
func Pin() error { return gen.Pin(options) }

// Test runs all tests with the race detector, on every engine that the machine has, and ends with what was proven.
func Test() error {
	start := time.Now()
	dir, err := os.MkdirTemp("", "redilock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows := filepath.Join(dir, "summary.jsonl")
	failed := sh.RunWithV(map[string]string{summary.Env: rows}, "go", "test", "-race", "-count=1", "./...")
	fmt.Println()
	if err := summary.Print(os.Stdout, rows); err != nil {
		return err
	}
	fmt.Printf("\nall of it took %v\n", time.Since(start).Round(time.Second))
	return failed
}

// staticcheck is pinned here and not in go.mod: those who import the module do not need its dependencies.
const staticcheck = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

// Lint fails on code that gofmt, go vet or staticcheck would change.
func Lint() error {
	unformatted, err := sh.Output("gofmt", "-l", ".")
	if err != nil {
		return err
	}
	if unformatted != "" {
		return errors.New("not formatted; run gofmt -w on:\n" + unformatted)
	}
	if err := sh.RunV("go", "vet", "./..."); err != nil {
		return err
	}
	return sh.RunV("go", "run", staticcheck, "./...")
}
