package luagen_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestTutorial does what the README says, line by line, in an empty folder. In place of the download there is a replace.
func TestTutorial(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string // of indented lines
	for block := range strings.SplitSeq(string(readme), "\n\n") {
		if strings.HasPrefix(block, "    ") {
			blocks = append(blocks, strings.ReplaceAll("\n"+block, "\n    ", "\n"))
		}
	}
	commands := strings.Split(strings.TrimSpace(blocks[0]), "\n")
	if len(commands) != 6 {
		t.Fatalf("%d commands", len(commands))
	}
	source, _, found := strings.Cut(strings.Join(blocks[1:], "\n"), "\nversion: 1")
	if !found {
		t.Fatal("no configuration behind the program")
	}
	s := server.StartT(t, server.Options{})
	source = strings.Replace(source, "redis.Options{}", fmt.Sprintf("redis.Options{Addr: %q}", s.Addr()), 1)
	dir := t.TempDir()
	sh := func(line string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", line)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	for _, line := range commands {
		if strings.HasPrefix(line, "mkdir ") {
			continue // dir is it
		}
		if strings.HasPrefix(line, "go get ") {
			sh("go mod edit -require=github.com/zferentz/go-redilock@v0.0.0" +
				" -replace=github.com/zferentz/go-redilock=" + root +
				" -tool=github.com/zferentz/go-redilock/gen/cmd/luagen && go mod tidy")
			continue
		}
		if line == "go mod tidy" {
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		sh(line)
	}
	if out := sh("go run ."); !strings.HasSuffix(out, "5 <nil>\n") {
		t.Errorf("the program prints %q", out)
	}
}
