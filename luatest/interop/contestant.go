package interop

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// build is where everything goes that is compiled of this tree. Git ignores it.
const build = ".build"

// cached is the absolute path of something that is installed once for all trees, in the user's cache.
func cached(path string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		panic(err) // there is no home
	}
	return filepath.Join(dir, "redilock-interop", path)
}

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
		return installed("python", "workers/python/requirements.txt", built("venv"), func(dir string) error {
			return errors.Join(
				run(".", "python3", "-m", "venv", dir),
				run(".", filepath.Join(dir, "bin/pip"), "install", "--quiet", "--disable-pip-version-check",
					"-r", "workers/python/requirements.txt"))
		})
	}}
	node = &runtime{name: "Node", needs: []string{"node", "npm"}, install: func() error {
		for _, dir := range []string{"../../lua/examples/node", "workers/node"} {
			list, modules := filepath.Join(dir, "package.json"), absolute(filepath.Join(dir, "node_modules"))
			err := installed("node", list, modules, func(to string) error {
				text, err := os.ReadFile(list)
				if err == nil {
					err = os.WriteFile(filepath.Join(filepath.Dir(to), "package.json"), text, 0o644)
				}
				return errors.Join(err, run(filepath.Dir(to), "npm", "install", "--silent", "--no-audit", "--no-fund",
					"--no-package-lock", "--prefer-offline"))
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
		target := "--target-dir=" + cached("cargo")
		err := errors.Join(
			run("workers/rust", "cargo", "build", "--quiet", target),
			run("../../lua/examples/rust", "cargo", "build", "--quiet", "--examples", target))
		for from, to := range map[string]string{"worker": "worker-rust", "examples/conformance": "conformance-rust"} {
			err = errors.Join(err, run(".", "cp", cached("cargo/debug/"+from), built(to)))
		}
		return err
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
	permits bool     // it has semaphores
	slow    bool     // starts a process for each command
}

// contestants are all that the matrix pairs.
func contestants() []contestant {
	goWorker := []string{built("worker-go")}
	pythonWorker := []string{built("venv/bin/python"), "workers/python/worker.py"}
	nodeWorker := []string{"node", "workers/node/worker.mjs"}
	return []contestant{
		{name: "sdk", runtime: golang, command: goWorker, fenced: true, permits: true},
		{name: "python", runtime: python, command: pythonWorker, fenced: true, permits: true},
		{name: "python-asyncio", runtime: python, command: pythonWorker, fenced: true, permits: true},
		{name: "node-redis", runtime: node, command: nodeWorker, fenced: true, permits: true},
		{name: "ioredis", runtime: node, command: nodeWorker, fenced: true, permits: true},
		{name: "java", runtime: java, command: javaWorker, args: []string{"../../lua/dist"}, fenced: true},
		{name: "rust", runtime: rust, command: []string{built("worker-rust")}, fenced: true},
		{
			name: "shell", runtime: shell, command: []string{"workers/shell/worker.sh"},
			fenced: true, permits: true, slow: true,
		},
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

// installed makes link lead to what install puts into the user's cache, once for each list of packages. A folder of
// Node's at link that is none of these is somebody's own, and stays.
func installed(name, list, link string, install func(dir string) error) error {
	want, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	dir := filepath.Join(cached(fmt.Sprintf("%s-%.8x", name, sha256.Sum256(want))), filepath.Base(link))
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		if name == "node" {
			return nil
		}
		if err := os.RemoveAll(link); err != nil {
			return err
		}
	}
	mark := filepath.Join(filepath.Dir(dir), "installed")
	if _, err := os.Stat(mark); err != nil {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return err
		}
		if err := install(dir); err != nil {
			return err
		}
		if err := os.WriteFile(mark, want, 0o644); err != nil {
			return err
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.RemoveAll(link)); err != nil {
		return err
	}
	return os.Symlink(dir, link)
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
