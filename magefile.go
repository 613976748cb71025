//go:build mage

// The project's build targets. `go tool mage -l` lists them.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/magefile/mage/sh"
	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/gen/luagen"
	"github.com/zferentz/go-redilock/luatest/docs"
	"github.com/zferentz/go-redilock/luatest/fuzz"
	mutexmodel "github.com/zferentz/go-redilock/luatest/mutex/model"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/runall"
	semaphoremodel "github.com/zferentz/go-redilock/luatest/semaphore/model"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/cmd/release/contents"
)

// Default is what `go tool mage` does without a target.
var Default = Test

// options are those of lua/luagen.yaml.
func options() (gen.Options, error) { return luagen.Load("lua/luagen.yaml") }

// Generate writes lua/dist, the Go bindings and the tables in lua/README.md from the annotated scripts, as luagen does.
func Generate() error {
	o, err := options()
	if err != nil {
		return err
	}
	return gen.Generate(o)
}

// Verify fails when what is generated is not up to date, when a released script changed, when a server of this machine does
// not load a script or answers an example otherwise, or when the SDK's exported API is not what
// sdk/redilock/testdata/api.txt says.
func Verify(ctx context.Context) error {
	o, err := options()
	if err != nil {
		return err
	}
	_, err = luagen.Verify(ctx, o)
	return errors.Join(err, sh.RunV("go", "test", "-run", "^TestAPI$", "./sdk/redilock"))
}

// Commands writes the generator's table of Redis' commands anew, from what every server of this machine says of itself:
// it wants Redis 7.0, Redis 8.0 and Valkey 9.1 (REDILOCK_SERVERS).
func Commands() error { return sh.RunV("go", "run", "./gen/cmd/commandtable", "gen/command_table.go") }

// Pin freezes the scripts in lua/released.json: do it with a release, never before.
func Pin() error {
	o, err := options()
	if err != nil {
		return err
	}
	return gen.Pin(o)
}

// Test runs all tests, those of concurrent code with the race detector, on every engine that the machine has, and ends with
// what was proven.
func Test() error { return runall.Test(os.Stdout) }

// What stands behind the table of a full Faults besides it: how much simulated time, and how many operations that were
// checked for linearizability.
const (
	stormHours = 100
	linearOps  = 10_000_000
)

// Faults breaks everything around the lock, on every server that the machine has, and counts what was lost. quick: two
// minutes, each fault on one kind of server. seed: decides what is chosen by chance. only: the faults whose names begin
// with this. runs: how often each. check: a journal that a failed run left, to be judged again. A run with the usual seed
// that is not quick keeps the figures of the faults that it ran, as records, and writes the table of
// luatest/faults/README.md from them all.
func Faults(quick *bool, seed *int, only *string, runs *int, check *string) error {
	start := time.Now()
	dir, err := os.MkdirTemp("", "redilock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows := filepath.Join(dir, "summary.jsonl")
	// Not by `go test`, which would hold its progress back, or drown it.
	program := filepath.Join(dir, "faults.test")
	if err := sh.RunV("go", "test", "-c", "-o", program, "./luatest/faults"); err != nil {
		return err
	}
	args := []string{"-test.timeout=1h", "-test.parallel=6"}
	set := func(name string, value any) { args = append(args, fmt.Sprintf("-%s=%v", name, value)) }
	matrix := "full"
	if quick != nil && *quick {
		matrix = "quick"
	}
	if check != nil {
		file, err := filepath.Abs(*check)
		if err != nil {
			return err
		}
		set("check", file)
		set("test.v", true)
		set("test.run", "TestCheck")
	} else {
		set("matrix", matrix)
	}
	whole := matrix == "full" && only == nil && check == nil
	if seed != nil {
		set("seed", *seed)
	}
	if matrix == "full" && check == nil && seed == nil && runs == nil {
		set("keep", true)
		set("test.skip", "^TestReadme$") // it judges the table that is written
	}
	if runs != nil {
		set("runs", *runs)
	}
	if only != nil {
		set("only", *only)
		set("test.run", "TestMatrix")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = filepath.Join("luatest", "faults"), append(os.Environ(), testreport.Env+"="+rows)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	failed := cmd.Run()
	if whole {
		failed = errors.Join(failed, behind(rows))
	}
	fmt.Println()
	if err := testreport.Print(os.Stdout, rows); err != nil {
		return err
	}
	fmt.Printf("\nall of it took %v\n", time.Since(start).Round(time.Second))
	return failed
}

// behind runs what stands behind the table of a full Faults.
func behind(rows string) error {
	each := linearOps/max(1, len(server.Executables())) + 1
	env := map[string]string{
		testreport.Env: rows, "REDILOCK_STORM_HOURS": fmt.Sprint(stormHours), "REDILOCK_OPS": fmt.Sprint(each),
	}
	run := func(dir, test string) error { // in the folder itself, so that go test shows the progress as it comes
		return sh.RunWithV(env, "go", "test", "-C", dir, "-count=1", "-timeout=1h", "-run=^"+test+"$")
	}
	return errors.Join(run("sdk/redilock", "TestStorm"), run("luatest/mutex/linear", "TestLinearizable"))
}

// Cover writes coverage.html: the scripts' sources, coloured by what the scenarios run of them.
func Cover() error {
	page, err := filepath.Abs("coverage.html")
	if err != nil {
		return err
	}
	err = sh.RunWithV(map[string]string{"REDILOCK_COVERAGE": page}, "go", "test", "-count=1", "-v", "-run=^TestCoverage$",
		"./luatest/coverage")
	fmt.Println(page)
	return err
}

// Mutate changes the scripts in one place at a time, over a thousand times, and then as somebody in a hurry might, and wants
// each change noticed by a scenario. The model's worlds are run with those by hand that no scenario notices.
func Mutate() error {
	return errors.Join(
		sh.RunV("go", "test", "-count=1", "-v", "./luatest/mutation"),
		sh.RunWithV(map[string]string{"REDILOCK_PROOFS": "1"},
			"go", "test", "-count=1", "-v", "-timeout=60m", "-run=Mutants", "./luatest/meaning", "./luatest/mutex/model"),
	)
}

// Diff runs 100,000 random sequences of commands on every engine that the machine has, and fails where two of them
// answer differently or leave something different behind. REDILOCK_SEQUENCES sets another number, REDILOCK_SEED the seed
// that it begins with.
func Diff() error {
	n := cmp.Or(os.Getenv("REDILOCK_SEQUENCES"), "100000")
	return long(map[string]string{"REDILOCK_SEQUENCES": n}, "-timeout=120m", "-run=^TestEngines$",
		"./luatest/mutex/sequences",
		"./luatest/semaphore/sequences")
}

// Linear checks that a million operations of concurrent clients of a mutex, and as many of a semaphore, are linearizable on
// each
// real server. REDILOCK_OPS sets another number.
func Linear() error {
	ops := cmp.Or(os.Getenv("REDILOCK_OPS"), "1000000")
	return long(map[string]string{"REDILOCK_OPS": ops}, "-timeout=240m", "-run=^TestLinearizable$", "./luatest/mutex/linear",
		"./luatest/semaphore/linear")
}

// long runs tests at a size that the environment gives, without the race detector, and ends with what was proven.
func long(env map[string]string, args ...string) error {
	start := time.Now()
	dir, err := os.MkdirTemp("", "redilock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	env[testreport.Env] = filepath.Join(dir, "summary.jsonl")
	failed := sh.RunWithV(env, "go", append([]string{"test", "-count=1", "-v"}, args...)...)
	fmt.Println()
	if err := testreport.Print(os.Stdout, env[testreport.Env]); err != nil {
		return err
	}
	fmt.Printf("\nall of it took %v\n", time.Since(start).Round(time.Second))
	return failed
}

// Fuzz runs every fuzz target for 30 seconds, or for what REDILOCK_FUZZTIME says.
func Fuzz() error {
	rows, err := fuzz.Run(os.Stdout, ".", cmp.Or(os.Getenv("REDILOCK_FUZZTIME"), "30s"))
	fmt.Println()
	return errors.Join(err, testreport.Render(os.Stdout, rows))
}

// Soak runs the long form of the SDK's own tests: thousands of seeded storms of waiters that give up, lose and release;
// 200 servers killed, stopped or cut off during extension; 100,000 locks held by one client; 1,000 kill -9 of processes
// that hold permits of a semaphore; an hour of simulated time in which everything fails at once.
func Soak() error {
	long := map[string]string{
		"REDILOCK_STORMS": "3000", "REDILOCK_RUNS": "200", "REDILOCK_LOCKS": "100000", "REDILOCK_KILLS": "1000",
		"REDILOCK_CHAOS": "60",
	}
	return sh.RunWithV(long, "go", "test", "-count=1", "-timeout=30m", "-v",
		"-run=Storm|LossIsNoticed|ManyHeld|SemaphoreKill|Chaos",
		"./sdk/redilock")
}

// Interop proves the raw scripts from five other languages, and that they, the SDK and the locks that people run today
// exclude each other: 200 contended rounds of each pair. It installs what it needs by pip, npm, mvn and cargo.
func Interop() error { return interop() }

// InteropShort is Interop with 4 rounds of each pair, and each client's conformance on one of the servers, for CI.
func InteropShort() error { return interop("-short") }

// interop is in a module of its own: what it compares with comes near nobody's go.mod. Its tests wait more than they work.
func interop(args ...string) error {
	all := []string{"test", "-C", "luatest/interop", "-count=1", "-timeout=40m", "-parallel=6"}
	return sh.RunV("go", append(all, args...)...)
}

// Several proves what is built on the lock, with processes, signals and real servers: several locks at once for a minute,
// 1,000 changes of leader, 100 failovers for each row that must survive them. About six minutes for each kind of server.
func Several() error {
	return long(map[string]string{
		"REDILOCK_SEVERAL_SECONDS": "60", "REDILOCK_SEVERAL_CHANGES": "1000",
		"REDILOCK_SEVERAL_FAILOVERS": "100", "REDILOCK_SEVERAL_PAIRS": "2000",
	}, "-timeout=40m", "./luatest/several")
}

// Model explores every order of what clients, time and other programs do to the locks and to the semaphores, on the real
// scripts: tens of millions of transitions. Progress is on stderr. A violation is shown as the shortest way to it, and as a
// scenario. REDILOCK_MODEL is the primitive to explore, if it is not to be all: mutex or semaphore.
func Model(ctx context.Context) error {
	only := os.Getenv("REDILOCK_MODEL")
	var errs []error
	for _, one := range []struct {
		primitive string
		deep      func(ctx context.Context, table io.Writer, progress *os.File) error
	}{{"mutex", mutexmodel.Deep}, {"semaphore", semaphoremodel.Deep}} {
		if only == "" || only == one.primitive {
			errs = append(errs, one.deep(ctx, os.Stdout, os.Stderr))
		}
	}
	return errors.Join(errs...)
}

// Bench measures the SDK and its peers on a server of its own, about 25 minutes long. REDILOCK_BENCH holds more of the
// command line, such as `--quick`, `--turns`, or `--only handoff --server valkey-server`. The module luatest/bench is one of
// its own, so that nobody who imports this one downloads the peers.
func Bench() error {
	run := exec.Command("go", append([]string{"run", "."}, strings.Fields(os.Getenv("REDILOCK_BENCH"))...)...)
	run.Dir, run.Stdout, run.Stderr = filepath.Join("luatest", "bench"), os.Stdout, os.Stderr
	return run.Run()
}

// BenchShort tests the benchmarks' own module, and runs each benchmark for a moment, for CI: whether, not how fast.
func BenchShort() error {
	bench := filepath.Join("luatest", "bench")
	// Both with -race, so that everything is compiled once. A program with the race detector sleeps for a second when it
	// ends, unless it is told not to: there are hundreds of workers.
	env := map[string]string{"GORACE": "atexit_sleep_ms=0"}
	return errors.Join(
		sh.RunWithV(env, "go", "test", "-C", bench, "-race", "-count=1", "./..."),
		sh.RunWithV(env, "go", "run", "-C", bench, "-race", ".", "--quick"),
	)
}

// Observe proves the exporter, its page, the dashboard and the alerts: with a real browser, a real Prometheus and a million
// keys. It wants chromium and Debian's prometheus. Pictures of the page are kept in the folder REDILOCK_SCREENSHOTS.
func Observe() error {
	return observe("-long", "-screenshots="+os.Getenv("REDILOCK_SCREENSHOTS"), "-timeout=20m")
}

// ObserveShort is Observe without what takes minutes, for CI: the rules by promtool, where it is installed, and the page.
func ObserveShort() error { return observe() }

// observe is in a module of its own: what it needs comes near nobody's go.mod.
func observe(args ...string) error {
	return sh.RunV("go", append([]string{"test", "-C", "luatest/observe", "-count=1", "-v", "."}, args...)...)
}

// linter is pinned here and not in go.mod: those who import the module do not need its dependencies.
const linter = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"

// Lint fails on code that gofmt, go vet or one of the linters of .golangci.yml would change, and on files of more than
// 400 lines; in this module and in those of their own.
func Lint() error {
	failed := docs.LongFiles(".")
	for _, module := range []string{".", "luatest/bench", "luatest/interop", "luatest/observe", "sdk/redilockotel"} {
		failed = errors.Join(failed, sh.RunV("go", "vet", "-C", module, "./..."))
		failed = errors.Join(failed, sh.RunV("go", "run", "-C", module, linter, "run", "./..."))
	}
	return failed
}

// Command runs the long form of the command's tests: TERM at 10,000 random moments, what is left of 1,000 trees of 50
// processes, 2,000 command lines of random bytes by exec and 100,000 in process. REDILOCK_TERM_RUNS, REDILOCK_LEFT_RUNS,
// REDILOCK_BYTES and REDILOCK_WORDS set other numbers.
func Command() error {
	env := make(map[string]string)
	for name, n := range map[string]string{
		"REDILOCK_TERM_RUNS": "10000", "REDILOCK_LEFT_RUNS": "1000", "REDILOCK_LEFT_PROCESSES": "50",
		"REDILOCK_BYTES": "2000", "REDILOCK_WORDS": "100000",
	} {
		env[name] = cmp.Or(os.Getenv(name), n)
	}
	return long(env, "-timeout=120m",
		"-run=^TestExactBytes$|^TestCommands$/^on$/./^(run_term_any_moment|left|run_bytes_random)$",
		"./sdk/cmd/redilock")
}

// Docs runs the commands of the documents or wants the reason why not, follows their links, and wants every table of figures
// to say which run it is from. Interop runs those of the clients in other languages.
func Docs() error {
	return sh.RunWithV(map[string]string{"REDILOCK_DOCS": "1"}, "go", "test", "-count=1", "-timeout=15m", "./luatest/docs")
}

// goreleaser is pinned here for the same reason as the linter.
const goreleaser = "github.com/goreleaser/goreleaser/v2@v2.12.7"

// Release makes all that a release consists of, in build/release, and publishes nothing: archives, checksums, packages,
// bills of materials, manual page and completions. It fails if one of them lacks something. Where buildah is installed it
// builds the image as well. `go tool mage faults bench` makes a release's proofs and figures.
func Release() error {
	env := map[string]string{"GOTOOLCHAIN": "auto"} // goreleaser may want a later Go than this module
	if err := sh.RunWithV(env, "go", "run", goreleaser, "check"); err != nil {
		return err
	}
	if err := sh.RunWithV(env, "go", "run", goreleaser, "release", "--snapshot", "--clean"); err != nil {
		return err
	}
	const release = "build/release"
	if err := contents.Check(release, "lua/dist"); err != nil {
		return err
	}
	if _, err := exec.LookPath("buildah"); err != nil {
		fmt.Println("NO IMAGE WAS BUILT: buildah is not on PATH")
		return nil
	}
	return sh.RunV("buildah", "build", "--file", "sdk/cmd/release/Containerfile", "--tag", "redilock:snapshot",
		"--build-arg", "PROGRAM="+release+"/redilock_linux_amd64_v1/redilock", ".")
}
