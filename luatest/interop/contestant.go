package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// build is where everything goes that is installed or compiled. Git ignores it.
const build = ".build"

// runtime is a language: its programs, and what has to be installed once.
type runtime struct {
	name    string
	needs   []string // programs on PATH
	install func() error
	once    sync.Once
	err     error
}

// ready installs the packages, the first time. Its error says what is missing.
func (r *runtime) ready() error {
	r.once.Do(func() {
		for _, program := range r.needs {
			if _, err := exec.LookPath(program); err != nil {
				r.err = fmt.Errorf("%s: %w", r.name, err)
				return
			}
		}
		fmt.Fprintf(os.Stderr, "interop: %s: installing\n", r.name)
		if err := r.install(); err != nil {
			r.err = fmt.Errorf("%s: %w", r.name, err)
		}
	})
	return r.err
}

var (
	golang = &runtime{name: "Go", needs: []string{"go"}, install: func() error {
		return run(".", "go", "build", "-o", built("worker-go"), "./workers/go")
	}}
	python = &runtime{name: "Python", needs: []string{"python3"}, install: func() error {
		return unlessInstalled("python", "workers/python/requirements.txt", func() error {
			return errors.Join(
				run(".", "python3", "-m", "venv", built("venv")),
				run(".", built("venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check",
					"-r", "workers/python/requirements.txt"))
		})
	}}
	node = &runtime{name: "Node", needs: []string{"node", "npm"}, install: func() error {
		for _, dir := range []string{"../../lua/examples/node", "workers/node"} {
			err := unlessInstalled(strings.ReplaceAll(dir, "/", "-"), filepath.Join(dir, "package.json"), func() error {
				return run(dir, "npm", "install", "--silent", "--no-audit", "--no-fund")
			})
			if err != nil {
				return err
			}
		}
		return nil
	}}
	java = &runtime{name: "Java", needs: []string{"java", "javac", "mvn"}, install: func() error {
		return run("workers/java", "mvn", "--batch-mode", "--quiet", "compile")
	}}
	rust = &runtime{name: "Rust", needs: []string{"cargo"}, install: func() error {
		target := "--target-dir=" + built("cargo")
		return errors.Join(
			run("workers/rust", "cargo", "build", "--quiet", target),
			run("../../lua/examples/rust", "cargo", "build", "--quiet", "--examples", target))
	}}
	shell = &runtime{name: "shell", needs: []string{"bash", "redis-cli", "jq"}, install: func() error { return nil }}
)

// contestant is a lock to compare.
type contestant struct {
	name    string
	runtime *runtime
	command []string
	args    []string // after KIND HOST PORT
	fenced  bool     // it is of ours: every turn has a fence
	slow    bool     // starts a process for each command
}

// contestants are all that the matrix pairs.
func contestants() []contestant {
	goWorker := []string{built("worker-go")}
	pythonWorker := []string{built("venv/bin/python"), "workers/python/worker.py"}
	nodeWorker := []string{"node", "workers/node/worker.mjs"}
	return []contestant{
		{name: "sdk", runtime: golang, command: goWorker, fenced: true},
		{name: "python", runtime: python, command: pythonWorker, fenced: true},
		{name: "python-asyncio", runtime: python, command: pythonWorker, fenced: true},
		{name: "node-redis", runtime: node, command: nodeWorker, fenced: true},
		{name: "ioredis", runtime: node, command: nodeWorker, fenced: true},
		{name: "java", runtime: java, command: javaWorker, args: []string{"../../lua/dist"}, fenced: true},
		{name: "rust", runtime: rust, command: []string{built("cargo/debug/worker")}, fenced: true},
		{name: "shell", runtime: shell, command: []string{"workers/shell/worker.sh"}, fenced: true, slow: true},
		{name: "python-redilock", runtime: python, command: pythonWorker},
		{name: "redis-py Lock", runtime: python, command: pythonWorker},
		{name: "redsync", runtime: golang, command: goWorker},
		{name: "bsm/redislock", runtime: golang, command: goWorker},
		{name: "node-redlock", runtime: node, command: nodeWorker},
		{name: "redlock-universal", runtime: node, command: nodeWorker},
	}
}

var javaWorker = []string{"java", "-cp", "workers/java/target/classes:workers/java/target/dependency/*", "worker.Worker"}

// built is the absolute path of something in the build folder.
func built(path string) string {
	full, err := filepath.Abs(filepath.Join(build, path))
	if err != nil {
		panic(err) // there is no working directory
	}
	return full
}

// unlessInstalled installs, unless that was done with the very same list of packages.
func unlessInstalled(name, list string, install func() error) error {
	want, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	mark := built(name + ".installed")
	if got, err := os.ReadFile(mark); err == nil && string(got) == string(want) {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	if err := os.MkdirAll(build, 0o755); err != nil {
		return err
	}
	return os.WriteFile(mark, want, 0o644)
}

// run runs a program to its end. Its error has what the program said.
func run(dir, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}
