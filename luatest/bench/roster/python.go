package roster

import (
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

//go:embed worker.py
var pythonWorker string

// pythonPackages is what the Python worker imports: the library and the client that it runs on.
var pythonPackages = []string{"python-redilock", "redis"}

// python is python-redilock, which the lock key is compatible with. Its workers are threads.
var python = &contestant.Contestant{
	Primitive: contestant.Mutex,
	Name:      contestant.Python, About: "python-redilock; threads; polls",
	Polls: true, Extend: true, Threads: true, Key: plainKey, Missing: notSought,
}

// findPython looks for a Python that has python-redilock, or makes one in a folder of the user's cache with pip.
func findPython(ctx context.Context) {
	base, err := exec.LookPath("python3")
	if err != nil {
		python.Missing = "no python3 on PATH"
		return
	}
	if usePython(ctx, base) {
		return
	}
	dir, err := home("python")
	if err != nil {
		python.Missing = err.Error()
		return
	}
	venv := filepath.Join(dir, "bin", "python")
	if usePython(ctx, venv) {
		return
	}
	install := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, pythonPackages...)
	for _, command := range [][]string{{base, "-m", "venv", dir}, append([]string{venv}, install...)} {
		if _, err := output(ctx, ".", command[0], command[1:]...); err != nil {
			python.Missing = fmt.Sprintf("pip cannot get %s: %v", pythonPackages[0], err)
			return
		}
	}
	if !usePython(ctx, venv) {
		python.Missing = pythonPackages[0] + " is installed but cannot be imported"
	}
}

func usePython(ctx context.Context, executable string) bool {
	version, err := output(ctx, ".", executable, "-c", "import redis, redilock; print(redilock.__version__)")
	if err != nil {
		return false
	}
	python.Missing = ""
	python.Module = version
	python.Command = []string{executable, "-c", pythonWorker}
	return true
}
