package interop

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

var times = flag.Int("times", 1000,
	"forks, cancels and exceptions of each kind that the clients' own tests make; 25 with -short")

// clientTests are the tests of the clients in other languages: what users of each language do, on a server and on a cluster.
var clientTests = []struct {
	name    string
	runtime *runtime
	dir     string
	command func(single, cluster string) []string
}{
	{"Python", python, "python", func(string, string) []string {
		return []string{
			built("venv/bin/python"), "-m", "unittest", "discover", "--start-directory", "tests",
			"--top-level-directory", ".",
		}
	}},
	{"Node", node, "node", func(string, string) []string { return []string{"node", "--test", "tests/"} }},
	{"shell", shell, "shell", func(single, cluster string) []string { return []string{"./tests.sh", single, cluster} }},
}

// TestClients runs them.
func TestClients(t *testing.T) {
	t.Parallel()
	n := *times
	if testing.Short() {
		n = 25
	}
	s := server.StartT(t, server.Options{})
	c := server.StartClusterT(t, "", 3, 0)
	_, port := address(t, s)
	node := c.Addrs()[0]
	for _, language := range clientTests {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			if err := language.runtime.ready(); err != nil {
				missing(t, err)
				t.Skip(err)
			}
			command := language.command(port, node[strings.LastIndex(node, ":")+1:])
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Dir = filepath.Join(examples, language.dir)
			cmd.Env = append(os.Environ(), "REDIS_URL=redis://"+s.Addr(), "REDIS_CLUSTER=redis://"+node,
				fmt.Sprint("REDILOCK_TIMES=", n))
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "NOT PROVEN") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestPackages builds the packages of Python and Node, installs them in an empty folder, and takes a lock there.
func TestPackages(t *testing.T) {
	t.Parallel()
	s := server.StartT(t, server.Options{})
	url := "redis://" + s.Addr()
	t.Run("Python", func(t *testing.T) {
		if err := python.ready(); err != nil {
			missing(t, err)
			t.Skip(err)
		}
		dir, source := t.TempDir(), t.TempDir()
		copyT(t, "python", source)
		packages := filepath.Join(dir, "packages")
		runT(t, dir, built("venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
			"--target", packages, source)
		program := "import sys; sys.path.insert(0, sys.argv[1]); import redis, go_redilock, go_redilock.sync_redilock\n" +
			"assert go_redilock.__file__.startswith(sys.argv[1])\n" +
			"with go_redilock.Locks(redis.Redis.from_url(sys.argv[2])).lock('package', 5) as lock: assert lock.owned()\n"
		runT(t, dir, built("venv/bin/python"), "-c", program, packages, url)
	})
	t.Run("Node", func(t *testing.T) {
		if err := node.ready(); err != nil {
			missing(t, err)
			t.Skip(err)
		}
		dir := t.TempDir()
		archive := runT(t, absolute("../../lua/examples/node"), "npm", "pack", "--silent", "--pack-destination", dir)
		runT(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline",
			strings.TrimSpace(archive), "redis@5.12.1")
		program := "import { createClient } from 'redis'; import { Locks, nodeRedis } from 'go-redilock';\n" +
			"const client = await createClient({ url: process.argv[2] }).connect();\n" +
			"await new Locks(nodeRedis(client)).with('package', 5000, " +
			"async (lock) => { if (!await lock.owned()) process.exit(1); });\n" +
			"client.destroy();\n"
		if err := os.WriteFile(filepath.Join(dir, "lock.mjs"), []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		runT(t, dir, "node", "lock.mjs", url)
	})
}

// copyT copies a client's folder, without what builds and installs left there.
func copyT(t *testing.T, client, to string) {
	t.Helper()
	folder := absolute(filepath.Join("../../lua/examples", client))
	files := runT(t, folder, "git", "ls-files", "--cached", "--others", "--exclude-standard")
	for _, file := range strings.Fields(files) {
		text, err := os.ReadFile(filepath.Join(examples, client, file))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, file), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func runT(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		text := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			text = string(exit.Stderr)
		}
		t.Fatalf("%s: %v\n%s%s", program, err, out, text)
	}
	return string(out)
}
