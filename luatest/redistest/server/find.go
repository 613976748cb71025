package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The environment variables that choose the servers of the tests.
const (
	EnvServers = "REDILOCK_SERVERS"         // executables, colon-separated, besides redis-server on PATH
	EnvRequire = "REDILOCK_REQUIRE_SERVERS" // 1: a server that is missing is a failure
)

// Executable is a server that the tests should use.
type Executable struct {
	Path string
	Err  error // why it cannot be used, or nil
}

// Executables lists redis-server on PATH, if there is one, and what REDILOCK_SERVERS names, each once.
func Executables() []Executable {
	var list []Executable
	seen := map[string]bool{}
	add := func(name string, optional bool) {
		path, err := exec.LookPath(name)
		if err != nil {
			if !optional {
				list = append(list, Executable{name, err})
			}
			return
		}
		real, err := filepath.EvalSymlinks(path)
		if err == nil && !seen[real] {
			seen[real] = true
			list = append(list, Executable{Path: path})
		}
	}
	add("redis-server", true)
	for _, name := range filepath.SplitList(os.Getenv(EnvServers)) {
		if name = strings.TrimSpace(name); name != "" {
			add(name, false)
		}
	}
	return list
}

// Required says whether a missing server is a failure.
func Required() bool { return os.Getenv(EnvRequire) == "1" }

// ForEach runs a parallel subtest on a server of each executable, started for it. Without any it skips, loudly, or
// fails where servers are required.
func ForEach(t *testing.T, options Options, test func(t *testing.T, s *Server)) {
	t.Helper()
	ForEachExecutable(t, func(t *testing.T, path string) {
		t.Parallel()
		o := options
		o.Executable = path
		test(t, StartT(t, o))
	})
}

// ForEachExecutable runs a subtest for each executable, which starts a server of its own. Without any it skips or fails as
// ForEach does.
func ForEachExecutable(t *testing.T, test func(t *testing.T, path string)) {
	t.Helper()
	found := Executables()
	if len(found) == 0 {
		Missing(t, "no redis-server on PATH and none in "+EnvServers)
	}
	for _, executable := range found {
		t.Run(filepath.Base(executable.Path), func(t *testing.T) {
			if executable.Err != nil {
				Missing(t, executable.Err.Error())
			}
			test(t, executable.Path)
		})
	}
}

// Missing skips a test for want of a server, or fails it where servers are required.
func Missing(t testing.TB, why string) {
	t.Helper()
	if Required() {
		t.Fatalf("%s=1, but: %s", EnvRequire, why)
	}
	t.Skipf("SKIPPED, NOT PROVEN: %s", why)
}
