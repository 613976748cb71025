// Package semaphore describes the semaphore to the suites that prove any primitive. What is its own is below it.
//
//   - model: a reference in plain Go, and the worlds in which package explore holds the scripts to it
//   - sequences: what clients do, and what none should do, for package diff
//   - fuzz: what must hold whatever arguments and companions are
//   - linear: the histories of clients that use the scripts on real servers
//   - faults: holders that vanish, servers that are killed or full, keys that are lost
//   - budget: what each way through the scripts costs, and that it is the same with 10 holders and with 100,000
package semaphore

import (
	"embed"
	"io/fs"

	"github.com/zferentz/go-redilock/luatest/subject"
)

//go:embed testdata/*.txt
var testdata embed.FS

// Subject is semaphore v1.
var Subject = subject.Subject{
	Primitive: "semaphore",
	Version:   1,
	Promises:  []string{"M1", "M2", "M3", "M4", "M5", "M7", "M8", "M9", "M10"},
	Silent:    []string{"shrink BADFENCE"}, // it stops the admission, and the permits are given back all the same
	Groups:    []string{"fence", "room", "queue", "hand-off", "lease", "refusal"},
	Tables:    tables(),
}

func tables() fs.FS {
	sub, err := fs.Sub(testdata, "testdata")
	if err != nil {
		panic(err) // the name is a path
	}
	return sub
}
