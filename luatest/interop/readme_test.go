package interop

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestReadmes runs the commands of each client's README.md as they stand, in their order, from a copy of the tree.
func TestReadmes(t *testing.T) {
	t.Parallel()
	languages := map[string]*runtime{"python": python, "node": node, "shell": shell, "rust": rust, "java": java}
	for language, needs := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			if err := needs.ready(); err != nil {
				missing(t, err)
				t.Skip(err)
			}
			page, err := docs.Read(filepath.Join(examples, language, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			tree := t.TempDir()
			dir := filepath.Join(tree, "lua/examples", language)
			copyT(t, language, dir)
			for from, to := range map[string]string{"../../lua/dist": "lua/dist", "../scenarios": "luatest/scenarios"} {
				to = filepath.Join(tree, to)
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					t.Fatal(err)
				}
				if from, err = filepath.Abs(from); err == nil {
					err = os.Symlink(from, to)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			_, holds := address(t, server.StartT(t, server.Options{}))
			free := freePort(t)
			t.Cleanup(func() { _ = exec.Command("redis-cli", "-p", free, "SHUTDOWN", "NOSAVE").Run() })
			ports := strings.NewReplacer("6379", holds, "7379", free)
			var script strings.Builder
			for _, b := range page.Blocks {
				if b.Mark == "run" {
					script.WriteString(strings.Join(b.Commands(), "\n") + "\n")
				}
			}
			if strings.Count(script.String(), "\n") < 4 {
				t.Fatalf("README.md has few commands:\n%s", script.String())
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-exuo", "pipefail", "-c", ports.Replace(script.String()))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "CARGO_TARGET_DIR="+cached("cargo"), "REDILOCK_TIMES=10")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
