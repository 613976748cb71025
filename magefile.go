//go:build mage

// The habits of the project. `go tool mage -l` lists them.
package main

import (
	"github.com/magefile/mage/sh"

	"github.com/zferentz/go-redilock/gen"
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
}

// Generate writes lua/dist, the Go bindings and the tables in lua/README.md from the annotated scripts.
func Generate() error { return gen.Generate(options) }

// Verify fails when what is generated is not up to date, or when a released script changed.
func Verify() error { return gen.Verify(options) }

// Pin freezes the scripts in lua/released.json: do it with a release, never before.
func Pin() error { return gen.Pin(options) }

// Test runs all tests, with the race detector.
func Test() error { return sh.RunV("go", "test", "-race", "./...") }
