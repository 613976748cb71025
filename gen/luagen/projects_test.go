package luagen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/gen/luagen"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestProjects: three modules of their own, as a stranger has them. What they have is what the generator makes; and their
// own tests, which call the bindings, pass on every server.
func TestProjects(t *testing.T) {
	t.Parallel()
	projects, err := filepath.Glob(filepath.Join("testdata", "projects", "*", luagen.File))
	if err != nil || len(projects) != 3 {
		t.Fatalf("%d projects: %v", len(projects), err)
	}
	for _, file := range projects {
		o, err := luagen.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := gen.Diff(o); err != nil || text != "" {
			t.Errorf("%s: %v\n%s", file, err, text)
		}
	}
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		for _, file := range projects {
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./...")
			cmd.Dir, cmd.Env = filepath.Dir(file), append(os.Environ(), "PROJECT_SERVER="+s.Addr())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", file, err, out)
			}
		}
	})
}

// TestProjectsTags: what the projects write is in the README, so that it is enough to read.
func TestProjectsTags(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "projects", "*", "lua", "*", "v1", "*.lua"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scripts: %v", len(files), err)
	}
	word := regexp.MustCompile(`(?m)^---(@[a-z]+)|[a-z]:(integer\(ms\)|[a-z]+\??)|^---@(?:key|arg) \w+(?:\.\.\.)? +([a-z]+)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(text), "\n\n")
		for _, m := range word.FindAllStringSubmatch(header, -1) {
			for _, used := range m[1:] {
				if !strings.Contains(string(readme), used) {
					t.Errorf("%s: the README has no %s", file, used)
				}
			}
		}
	}
}

// TestProjectsVerify asks every server about the scripts and the examples of the projects, by the tool as a module has it.
func TestProjectsVerify(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"inventory", "limiter", "queue"} {
		cmd := exec.CommandContext(t.Context(), "go", "tool", "luagen", "verify")
		cmd.Dir = filepath.Join("testdata", "projects", name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: go tool luagen verify: %v\n%s", name, err, out)
		}
	}
}

// TestVerifyExample: an example that is not what a server answers is told.
func TestVerifyExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := luagen.Init(dir); err != nil {
		t.Fatal(err)
	}
	o, err := luagen.Load(filepath.Join(dir, luagen.File))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		reply any
		err   error
		ok    bool
	}{
		{int64(5), nil, true},
		{int64(6), nil, false},
		{"5", nil, false},
		{nil, nil, false},
		{nil, os.ErrClosed, false},
	}
	for _, test := range tests {
		calls := 0
		err := gen.VerifyExamples(o, func(_ string, keys []string, args []any) (any, error) {
			if calls++; len(keys) != 1 || keys[0] != "visits" || len(args) != 2 || args[0] != "5" || args[1] != "1000" {
				t.Errorf("a call with %v, %v", keys, args)
			}
			return test.reply, test.err
		})
		if (err == nil) != test.ok || calls != 1 {
			t.Errorf("%v, %v: %v after %d calls", test.reply, test.err, err, calls)
		}
	}
}
