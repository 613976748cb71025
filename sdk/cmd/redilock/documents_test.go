//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	redilock "github.com/zferentz/go-redilock/sdk/cmd/redilock"
)

// testStatusTables: the documents have the table that the code has.
func testStatusTables(t *testing.T, _ *bench) {
	for _, file := range []string{"README.md", "../../../README.md"} {
		section(t, file, "exit statuses", redilock.StatusTable())
	}
}

// tried gives the block of README.md that stands behind the comment "tried: NAME", with this machine's program and server.
func tried(t *testing.T, b *bench, name string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- tried: "+name+" -->\n```")
	_, rest, _ = strings.Cut(rest, "\n")
	block, _, ok2 := strings.Cut(rest, "\n```")
	if !ok || !ok2 {
		t.Fatalf("README.md has no %s", name)
	}
	return strings.NewReplacer("redis://cache.example:6379", b.url).Replace(block)
}

// jobs makes a folder with the program, and programs that tell under which lock they ran.
func jobs(t *testing.T, b *bench) string {
	t.Helper()
	dir := t.TempDir()
	const tell = "#!/bin/sh\necho \"${0##*/} $* under $REDILOCK_NAME\"\n"
	for _, name := range []string{"report", "migrate", "make"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(tell), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(b.program, filepath.Join(dir, "redilock")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// testDocuments runs the jobs of README.md, shortened: what is to be held for a minute is held for a tenth of a second.
func testDocuments(t *testing.T, b *bench) {
	dir := jobs(t, b)
	quick := strings.NewReplacer("/usr/local/bin/", dir+"/", "--hold-at-least 50s", "--hold-at-least 100ms",
		"--hold-at-least, 60s", "--hold-at-least, 100ms", "${{ secrets.REDIS_URL }}", b.url)
	sh := func(line string) result {
		cmd := b.command(t)
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line}
		cmd.Env = append(cmd.Env, "PATH="+dir+":"+os.Getenv("PATH"))
		return finish(t, cmd)
	}
	line, ok := strings.CutPrefix(quick.Replace(tried(t, b, "cron")), "* * * * * ")
	if !ok || strings.Contains(line, "\n") || strings.Contains(line, "%") { // which cron makes a new line
		t.Errorf("no line of a crontab: %q", line)
	}
	sh(line).want(t, 0).prints(t, "report  under report\n")
	l := b.lock(t, "another host", "report")
	sh(line).want(t, 0).prints(t, "")
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}

	_, run, _ := strings.Cut(quick.Replace(tried(t, b, "CI")), "        run: ")
	sh(run).want(t, 0).prints(t, "make deploy under deploy:production\n")
	for name, want := range map[string]string{
		"kubernetes CronJob": "report  under report\n", "kubernetes init container": "migrate up under shop-migrate\n",
	} {
		_, command, _ := strings.Cut(quick.Replace(tried(t, b, name)), "command: [")
		command, _, _ = strings.Cut(command, "]")
		sh(strings.ReplaceAll(command, ", ", " ")).want(t, 0).prints(t, want)
	}
	unit := quick.Replace(tried(t, b, "redilock-report.service"))
	_, start, _ := strings.Cut(unit, "ExecStart=")
	start, _, _ = strings.Cut(start, "\n")
	sh(start).want(t, 0).prints(t, "report  under report\n")
}

// testUnits asks systemd-analyze about the units of README.md.
func testUnits(t *testing.T, b *bench) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, NOT PROVEN: systemd is for Linux")
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		server.Missing(t, err.Error())
	}
	dir, programs := t.TempDir(), jobs(t, b)
	args := []string{"verify"}
	for _, name := range []string{"redilock-report.service", "redilock-report.timer"} {
		file := filepath.Join(dir, name)
		text := strings.ReplaceAll(tried(t, b, name), "/usr/local/bin/", programs+"/")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.CommandContext(t.Context(), analyze, args...)
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if err != nil || strings.Contains(line, "redilock-report") { // it talks of the machine's own units as well
			t.Errorf("systemd-analyze verify: %v: %s", err, line)
		}
	}
}

// testManifests holds the Kubernetes manifests of README.md against the schemas of Kubernetes.
func testManifests(t *testing.T, b *bench) {
	validate, err := exec.LookPath("kubernetes-validate")
	if err != nil {
		server.Missing(t, err.Error()+": pip install kubernetes-validate")
	}
	for _, name := range []string{"kubernetes CronJob", "kubernetes init container"} {
		file := filepath.Join(t.TempDir(), "manifest.yaml")
		check := func(text string) ([]byte, error) {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			return exec.CommandContext(t.Context(), validate, "--strict", file).CombinedOutput()
		}
		text := tried(t, b, name)
		if out, err := check(text); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if _, err := check(strings.Replace(text, "command:", "comand:", 1)); err == nil {
			t.Errorf("%s: a wrong field is not noticed", name)
		}
	}
}
