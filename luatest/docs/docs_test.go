package docs_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
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
