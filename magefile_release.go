//go:build mage

package main

import (
	"github.com/magefile/mage/sh"
)

// Docs runs the commands of the documents or wants the reason why not, follows their links, and wants every table of figures
// to say which run it is from. Interop runs those of the clients in other languages.
func Docs() error {
	return sh.RunWithV(map[string]string{"REDILOCK_DOCS": "1"}, "go", "test", "-count=1", "./luatest/docs")
}

// goreleaser is pinned here for the same reason as the linter.
const goreleaser = "github.com/goreleaser/goreleaser/v2@v2.12.7"

// Release makes all that a release consists of, in build/release, and publishes nothing: archives, checksums, packages, bills
// of materials, manual page and completions. `go tool mage faults bench` makes its proofs and figures.
func Release() error {
	env := map[string]string{"GOTOOLCHAIN": "auto"} // goreleaser may want a later Go than this module
	if err := sh.RunWithV(env, "go", "run", goreleaser, "check"); err != nil {
		return err
	}
	return sh.RunWithV(env, "go", "run", goreleaser, "release", "--snapshot", "--clean")
}
