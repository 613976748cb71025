package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// examples is the folder of the clients in other languages.
const examples = "../../lua/examples"

// runner replays the scenarios through a language's own client, as its README.md says.
type runner struct {
	name    string
	runtime *runtime
	dir     string
	command []string // before the server's address
}

var runners = []runner{
	{"Python, redis-py", python, "python", []string{built("venv/bin/python"), "conformance.py"}},
	{"Node, node-redis", node, "node", []string{"node", "conformance.mjs"}},
	{"Node, ioredis", node, "node", []string{"node", "conformance.mjs"}},
	{"Java, Jedis", java, "java", []string{
		"java", "-cp", absolute("workers/java/target/classes") + ":" + absolute("workers/java/target/dependency/*"),
		"redilock.Conformance",
	}},
	{"Rust, redis-rs", rust, "rust", []string{built("conformance-rust")}},
	{"shell, redis-cli", shell, "shell", []string{"./conformance.sh"}},
}

func absolute(path string) string { return filepath.Join(filepath.Dir(built("")), path) }

// replay runs the language's program in its folder, or in a copy of it.
func (r runner) replay(t *testing.T, s *server.Server, dir string) ([]byte, error) {
	t.Helper()
	args := append(append([]string{}, r.command[1:]...), "redis://"+s.Addr())
	if r.name == "Node, ioredis" {
		args = append(args, "ioredis")
	}
	cmd := exec.CommandContext(t.Context(), r.command[0], args...)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

var figures = regexp.MustCompile(`(?m)^(\d+) passed, (\d+) failed, (\d+) skipped$`)
var reasons = regexp.MustCompile(`(?m)^skipped (\d+): (.*)$`)

// TestConformance replays the scenarios in every language, on each of the servers that are found, each time a new one; in
// the short form each language on one of them.
func TestConformance(t *testing.T) {
	t.Parallel()
	found := server.Executables()
	if len(found) == 0 {
		server.Missing(t, "no redis-server on PATH and none in "+server.EnvServers)
	}
	var rows []*testreport.Row
	t.Run("all", func(t *testing.T) {
		for i, r := range runners {
			on := found
			if testing.Short() && len(found) > 0 {
				on = found[i%len(found):][:1]
			}
			for _, executable := range on {
				row := &testreport.Row{Section: "conformance", Subject: r.name}
				rows = append(rows, row)
				t.Run(r.name+"/"+filepath.Base(executable.Path), func(t *testing.T) {
					t.Parallel() // a scenario waits more than it works
					if executable.Err != nil {
						server.Missing(t, executable.Err.Error())
					}
					r.run(t, executable.Path, row)
				})
			}
		}
	})
	var report []testreport.Row
	for _, row := range rows {
		report = append(report, *row)
	}
	if err := testreport.Render(os.Stdout, report); err != nil {
		t.Error(err)
	}
	testreport.Report(t, report...)
}

func (r runner) run(t *testing.T, executable string, row *testreport.Row) {
	if err := r.runtime.ready(); err != nil {
		row.Notes = append(row.Notes, "NOT PROVEN HERE: "+err.Error())
		missing(t, err)
		t.Skip(err)
	}
	s := server.StartT(t, server.Options{Executable: executable})
	row.Version = s.Name() + " " + s.Version()
	out, err := r.replay(t, s, filepath.Join(examples, r.dir))
	got := figures.FindSubmatch(out)
	if err != nil || got == nil {
		t.Errorf("%v\n%s", err, out)
		row.Failed++
	}
	if got == nil {
		return
	}
	for i, figure := range []*int{&row.Passed, &row.Failed, &row.Skipped} {
		if *figure, err = strconv.Atoi(string(got[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	for _, why := range reasons.FindAllSubmatch(out, -1) {
		row.Notes = append(row.Notes, fmt.Sprintf("%s skipped: %s", why[1], why[2]))
	}
	if row.Passed < 350 {
		t.Errorf("only %d scenarios passed", row.Passed)
	}
}

// TestConformanceFails: a scenario with a wrong reply, of each primitive, is found in every language.
func TestConformanceFails(t *testing.T) {
	const wrong = `{"primitive": "PRIMITIVE", "version": 1, "scenarios": [{"name": "wrong", "title": "Wrong.",
		"shows": ["M1"], "steps": [{"call": "acquire", "args": ["a", 10000, 3], "reply": ["GRANTED", 1, 10000, 1]},
		{"state": []}]}]}`
	for _, r := range runners {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if err := r.runtime.ready(); err != nil {
				missing(t, err)
				t.Skip(err)
			}
			root := t.TempDir()
			dir := filepath.Join(root, "lua/examples", r.dir)
			scenarios := filepath.Join(root, "luatest/scenarios")
			err := errors.Join(
				os.CopyFS(filepath.Join(root, "lua/dist"), os.DirFS("../../lua/dist")),
				os.MkdirAll(filepath.Join(scenarios, "mutex"), 0o755), os.MkdirAll(dir, 0o755),
				os.MkdirAll(filepath.Join(scenarios, "semaphore"), 0o755),
				os.Symlink(absolute("../scenarios/mutex/names.json"), filepath.Join(scenarios, "mutex/names.json")))
			for _, primitive := range []string{"mutex", "semaphore"} {
				text := strings.Replace(wrong, "PRIMITIVE", primitive, 1)
				err = errors.Join(err, os.WriteFile(filepath.Join(scenarios, primitive, "wrong.json"), []byte(text), 0o600))
			}
			files, readErr := os.ReadDir(filepath.Join(examples, r.dir))
			for _, file := range files {
				from, to := absolute(filepath.Join(examples, r.dir, file.Name())), filepath.Join(dir, file.Name())
				info, statErr := os.Stat(from) // node_modules may be a link
				if statErr == nil && info.IsDir() {
					err = errors.Join(err, os.Symlink(from, to))
				} else {
					text, copyErr := os.ReadFile(from)
					err = errors.Join(err, copyErr, os.WriteFile(to, text, 0o755))
				}
			}
			if err = errors.Join(err, readErr); err != nil {
				t.Fatal(err)
			}
			out, err := r.replay(t, server.StartT(t, server.Options{}), dir)
			got := figures.FindSubmatch(out)
			if err == nil || got == nil || string(got[2]) != "2" {
				t.Errorf("a wrong reply was not found: %v\n%s", err, out)
			}
		})
	}
}
