package docs_test

import (
	"archive/zip"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestInstall: `go install` and `go get`, as the documents have them, against a proxy that is made of this tree.
func TestInstall(t *testing.T) {
	t.Parallel()
	if os.Getenv("REDILOCK_DOCS") == "" {
		testreport.Skip(t, "it compiles everything anew: go tool mage docs runs it")
	}
	const module, version = "github.com/zferentz/go-redilock", "v0.1.0"
	proxy, dir, bin := t.TempDir(), t.TempDir(), t.TempDir()
	versions := filepath.Join(proxy, module, "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": string(mod),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive(t, filepath.Join(versions, version+".zip"), module+"@"+version)
	caches, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules, builds, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a quiet machine needs one, or seconds the second time
	defer cancel()
	// A new user's machine: nothing in the home folder, and of the environment only what finds the programs.
	env := []string{
		"HOME=" + t.TempDir(), "PATH=" + filepath.Dir(goPath) + ":/usr/bin:/bin", "GOBIN=" + bin,
		// Of the other modules, what this tree was built with is in the cache already: the network is not asked.
		"GOPROXY=file://" + proxy + ",file://" + filepath.Join(modules, "cache", "download"),
		"GOSUMDB=off", "GOMODCACHE=" + filepath.Join(t.TempDir(), "mod"), "GOCACHE=" + builds, "CGO_ENABLED=0",
		// With -trimpath the build cache knows the other modules again, although each run has a folder of its own for them.
		"GOFLAGS=-mod=mod -modcacherw -trimpath",
	}
	run := func(words ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, time.Second
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
		t.Logf("%v: %v", words, time.Since(start).Round(time.Millisecond))
		return string(out)
	}
	goMod := []byte("module example.com/user\n\ngo 1.26.0\n")
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), goMod, 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			// What the program does is shown by tests of its own.
			commands := slices.DeleteFunc(b.Commands(), func(c string) bool { return strings.HasPrefix(c, "redilock ") })
			if b.Mark == "tried: TestInstall" {
				blocks++
				run("sh", "-ec", strings.Join(commands, "\n"))
			}
		}
	}
	if blocks < 3 {
		t.Errorf("only %d blocks that install something were found", blocks)
	}
	if out := run(filepath.Join(bin, "redilock"), "version"); !strings.Contains(out, version) {
		t.Errorf("redilock version: %s", out)
	}
}

// TestRawScripts: the scripts run by redis-cli alone, as README.md has it.
func TestRawScripts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-cli"); err != nil {
		server.Missing(t, "redis-cli is not on PATH")
		testreport.Skip(t, err)
	}
	s := server.StartT(t, server.Options{})
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			for _, command := range b.Commands() {
				if b.Mark != "tried: TestRawScripts" {
					continue
				}
				here := strings.Replace(command, "redis-cli ", "redis-cli -p "+port+" ", 1)
				cmd := exec.CommandContext(t.Context(), "sh", "-ec", here)
				cmd.Dir = root
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
				answers = append(answers, strings.Fields(string(out))[0])
			}
		}
	}
	if got := strings.Join(answers, " "); got != "GRANTED EXTENDED RELEASED" {
		t.Errorf("the commands answer %s", got)
	}
}

// archive is the module as the Go proxy would serve it: the files of this tree without those of nested modules.
func archive(t *testing.T, out, prefix string) {
	t.Helper()
	file, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var nested []string // modules of their own
	for _, mod := range files(t, "*/go.mod") {
		nested = append(nested, path.Dir(mod)+"/")
	}
	z := zip.NewWriter(file)
	for _, name := range files(t) {
		if strings.Contains(name, "/testdata/") || slices.ContainsFunc(nested, func(m string) bool {
			return strings.HasPrefix(name, m)
		}) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		w, createErr := z.Create(prefix + "/" + name)
		if err = errors.Join(err, createErr); err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
