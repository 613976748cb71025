// Package mutex describes the mutex to the suites that prove any primitive. What is its own is below it.
//
//   - model: a reference in plain Go, and the worlds in which package explore holds the scripts to it
//   - budget: what each way through the scripts costs
//   - sequences: what clients do, and what none should do, for package diff
//   - fuzz: what must hold whatever arguments and companions are
//   - upgrade: two versions of the scripts on one lock
//   - linear: the histories of real clients
package mutex

import (
	"embed"
	"io/fs"

	"github.com/zferentz/go-redilock/luatest/subject"
)

//go:embed testdata/*.txt
var testdata embed.FS

// Subject is mutex v1.
var Subject = subject.Subject{
	Primitive: "mutex",
	Version:   1,
	Promises:  []string{"M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "M10"},
	Groups:    []string{"fence", "queue", "hand-off", "lease", "refusal"},
	Tables:    tables(),
}

func tables() fs.FS {
	sub, err := fs.Sub(testdata, "testdata")
	if err != nil {
		panic(err) // the name is a path
	}
	return sub
}
