package docs_test

import (
	"archive/zip"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

const root = "../.."

// pages are all of the project's Markdown that is not generated or a fixture.
func pages(t *testing.T) []*docs.Page {
	t.Helper()
	var all []*docs.Page
	for _, path := range files(t, "*.md") {
		if strings.Contains(path, "/testdata/") {
			continue
		}
		p, err := docs.Read(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages were found", len(all))
	}
	return all
}

func files(t *testing.T, patterns ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"ls-files", "-z", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		testreport.Skip(t, "the tree is no git repository: ", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// TestCommands: every command is run by a test, or says why not.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		if err := errors.Join(p.Unmarked()...); err != nil {
			t.Error(err)
		}
	}
}

// TestFigures: every table of figures says which run it is from.
func TestFigures(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		if err := errors.Join(p.Undated()...); err != nil {
			t.Error(err)
		}
	}
}

// TestLinks follows what points into the tree, and looks at the form of the rest.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for _, link := range p.Links() {
			u, err := url.Parse(link.Target)
			switch {
			case err != nil:
				t.Errorf("%s:%d: %v", p.Path, link.Line, err)
			case u.Scheme == "https" && strings.Contains(u.Host, "."), u.Scheme == "mailto":
			case u.Scheme != "" || u.Host != "":
				t.Errorf("%s:%d: %s is neither https nor a path in the tree", p.Path, link.Line, link.Target)
			default:
				inside(t, p, link, u)
			}
		}
	}
}

func inside(t *testing.T, p *docs.Page, link docs.Link, u *url.URL) {
	target := p
	if u.Path != "" {
		path := filepath.Join(filepath.Dir(p.Path), u.Path)
		info, err := os.Stat(path)
		if err != nil {
			t.Errorf("%s:%d: %v", p.Path, link.Line, err)
			return
		}
		if u.Fragment == "" || info.IsDir() || filepath.Ext(path) != ".md" {
			return
		}
		if target, err = docs.Read(path); err != nil {
			t.Fatal(err)
		}
	}
	if !target.Anchors()[u.Fragment] {
		t.Errorf("%s:%d: %s has no heading #%s", p.Path, link.Line, target.Path, u.Fragment)
	}
}

// TestFound: each check finds what it is for.
func TestFound(t *testing.T) {
	t.Parallel()
	const page = "# A b, c!\n\n    go run ./x\n\n" +
		"<!-- not run: it takes an hour -->\n```sh\ngo test ./...\n```\n\n<!-- not run: -->\n\n    npm test\n\n" +
		"## F\n\n| a |\n|---|\n| 1 ms |\n| 2.5 s |\n| 3 ms |\n\n" +
		"## G\n\nOf revision 0123abc.\n\n| 1 ms | 2 ms | 3 ms |\n[x](y.md) `[no](link)`\n"
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := docs.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Unmarked(); len(got) != 2 || !strings.Contains(got[0].Error(), ":3: go run") ||
		!strings.Contains(got[1].Error(), "npm") {
		t.Errorf("unmarked: %v", got)
	}
	if got := p.Undated(); len(got) != 1 || !strings.Contains(got[0].Error(), ":14:") {
		t.Errorf("undated: %v", got)
	}
	if got := p.Links(); len(got) != 1 || got[0].Target != "y.md" {
		t.Errorf("links: %v", got)
	}
	if !p.Anchors()["a-b-c"] {
		t.Errorf("anchors: %v", p.Anchors())
	}
}

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
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	// Of the others, what this tree was built with is in the cache already.
	download := "file://" + filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	env := append(os.Environ(), "GOPROXY=file://"+proxy+","+download, "GONOSUMDB="+module, "GOFLAGS=-mod=mod -modcacherw",
		"GOBIN="+bin, "GOSUMDB=off", "GOMODCACHE="+filepath.Join(t.TempDir(), "mod"), "GOWORK=off")
	run := func(words ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
		return string(out)
	}
	goMod := []byte("module example.com/user\n\ngo 1.26.0\n")
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), goMod, 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			for _, command := range b.Commands() {
				// What the program does is shown by tests of its own.
				if b.Mark == "tried: TestInstall" && !strings.HasPrefix(command, "redilock ") {
					blocks++
					run("sh", "-ec", inFolder(command, &dir))
				}
			}
		}
	}
	if blocks < 3 {
		t.Errorf("only %d commands to install something were found", blocks)
	}
	if out := run(filepath.Join(bin, "redilock"), "version"); !strings.Contains(out, version) {
		t.Errorf("redilock version: %s", out)
	}
}

// inFolder leaves a `cd` to the caller, whose next command is another process.
func inFolder(command string, dir *string) string {
	made, to, ok := strings.Cut(command, " && cd ")
	if ok {
		was := *dir
		*dir = filepath.Join(was, to)
		return "cd " + was + " && " + strings.Replace(made, "mkdir ", "mkdir -p "+was+"/", 1)
	}
	return command
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

// TestMarks: what a block says is run by a test is run by one of that name; and who reads the blocks marked "run".
func TestMarks(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, path := range files(t, "*_test.go") {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if name, ok := strings.CutPrefix(b.Mark, "tried: "); ok && !strings.Contains(tests.String(), name) {
				t.Errorf("%s:%d: no test has %s", p.Path, b.Line, name)
			}
			if b.Mark == "run" && !strings.Contains(p.Path, "lua/examples/") {
				t.Errorf("%s:%d: luatest/interop runs what is marked so in lua/examples alone", p.Path, b.Line)
			}
		}
	}
}

// archive is the module as the Go proxy would serve it: the files of this tree without those of nested modules.
func archive(t *testing.T, path, prefix string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z := zip.NewWriter(file)
	for _, name := range files(t) {
		if strings.HasPrefix(name, "luatest/bench/") || strings.HasPrefix(name, "luatest/interop/") ||
			strings.Contains(name, "/testdata/") {
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
