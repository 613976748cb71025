package contestant

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed worker.py
var pythonWorker string

// pythonPackages is what the Python worker imports: the library and the client that it runs on.
var pythonPackages = []string{"python-redilock", "redis"}

// python is python-redilock, which the lock key is compatible with. Its workers are threads.
var python = &Contestant{
	Name: Python, About: "python-redilock; threads; polls",
	Polls: true, Extend: true, Key: plainKey, Missing: "not looked for",
}

// FindPython looks for a Python that has python-redilock, or makes one in a folder of the user's cache with pip.
func FindPython(ctx context.Context) {
	base, err := exec.LookPath("python3")
	if err != nil {
		python.Missing = "no python3 on PATH"
		return
	}
	if usePython(ctx, base) {
		return
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		python.Missing = err.Error()
		return
	}
	home := filepath.Join(cache, "redilock-bench", "python")
	venv := filepath.Join(home, "bin", "python")
	if usePython(ctx, venv) {
		return
	}
	install := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, pythonPackages...)
	for _, command := range [][]string{{base, "-m", "venv", home}, append([]string{venv}, install...)} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			words := strings.Fields(string(out))
			python.Missing = fmt.Sprintf("pip cannot get %s: %v %s", pythonPackages[0], err,
				strings.Join(words[max(0, len(words)-12):], " "))
			return
		}
	}
	if !usePython(ctx, venv) {
		python.Missing = pythonPackages[0] + " is installed but cannot be imported"
	}
}

func usePython(ctx context.Context, executable string) bool {
	out, err := exec.CommandContext(ctx, executable, "-c",
		"import redis, redilock; print(redilock.__version__)").Output()
	if err != nil {
		return false
	}
	python.Missing = ""
	python.Module = strings.TrimSpace(string(out))
	python.Command = []string{executable, "-c", pythonWorker}
	return true
}
