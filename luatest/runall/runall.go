// Package runall runs all the tests of the project, each package in the way that suits it: go tool mage test.
package runall

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/magefile/mage/sh"

	"github.com/zferentz/go-redilock/luatest/testreport"
)

// Test runs them, those of concurrent code with the race detector, and prints what was proven at the end. The current folder
// is the module's.
func Test(out io.Writer) (err error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "redilock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	rows := filepath.Join(dir, "summary.jsonl")
	env := map[string]string{
		testreport.Env: rows,
		// How long each program sleeps at its end, so that a race can still be told: a second unless set, and there are many
		// programs.
		"GORACE": "atexit_sleep_ms=50",
	}
	concurrent, err := packages()
	if err != nil {
		return err
	}
	// Most tests wait rather than compute, so more of them run at once than there are processors.
	race := []string{"test", "-count=1", "-parallel=6", "-timeout=25m"}
	otel := []string{"test", "-C", "sdk/redilockotel", "-count=1"}
	if why := testreport.NoRaceDetector(); why == "" {
		race, otel = append(race, "-race"), append(otel, "-race")
	} else {
		if err := os.Setenv(testreport.Env, rows); err != nil {
			return err
		}
		row := testreport.Row{Section: "race detector", Subject: "all tests", Skipped: 1, Notes: []string{why}}
		if err := testreport.Append(row); err != nil {
			return err
		}
	}
	failed := errors.Join(
		sh.RunWithV(env, "go", append(race, concurrent...)...),
		sh.RunWithV(env, "go", append([]string{"test", "-count=1", "-timeout=25m"}, computing...)...),
		// In its long bubble the race detector crashes.
		sh.RunWithV(env, "go", "test", "-count=1", "-run=^TestChaos$", "./sdk/redilock"),
		// With -v: which scenario noticed each mutant.
		sh.RunWithV(env, "go", "test", "-count=1", "-v", "./luatest/meaning"),
		// A module of its own: OpenTelemetry stays away from those who do not want it.
		sh.RunWithV(env, "go", append(otel, "./...")...),
	)
	fmt.Fprintln(out)
	if err := testreport.Print(out, rows); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nall of it took %v\n", time.Since(start).Round(time.Second))
	return failed
}

// computing is what runs Lua or porcupine and little else: the race detector has nothing to look at there that the SDK's own
// tests have not, and would slow it down tenfold. luatest/meaning is the same, and run apart.
var computing = []string{
	"./luatest", "./luatest/coverage", "./luatest/mutation",
	"./luatest/mutex/budget", "./luatest/mutex/fuzz", "./luatest/mutex/linear", "./luatest/mutex/model",
	"./luatest/mutex/sequences",
	"./luatest/semaphore/budget", "./luatest/semaphore/fuzz", "./luatest/semaphore/linear", "./luatest/semaphore/model",
	"./luatest/semaphore/sequences",
}

// packages are all the others, those first that take longest, so that none of them is left over at the end.
func packages() ([]string, error) {
	apart, err := list(append([]string{"./luatest/meaning"}, computing...)...)
	if err != nil {
		return nil, err
	}
	all, err := list("./sdk/redilock", "./sdk/cmd/redilock", "./gen", "./gen/luagen", "./...")
	return slices.DeleteFunc(all, func(p string) bool { return slices.Contains(apart, p) }), err
}

// list gives the packages that patterns stand for, in their order.
func list(patterns ...string) ([]string, error) {
	out, err := sh.Output("go", append([]string{"list"}, patterns...)...)
	return strings.Fields(out), err
}
