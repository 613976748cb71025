// Package release holds what a release is made of: see .goreleaser.yaml and `go tool mage release`.
package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestAssets: the manual page has every command, and no line that roff takes for a request of its own.
func TestAssets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, "run", "./sdk/cmd/release/assets", dir)
	for _, name := range []string{"redilock.bash", "_redilock", "redilock.fish"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(text) < 100 {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "redilock.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SH RUN", ".SH ACQUIRE", ".SH EXTEND", ".SH RELEASE",
		".SH INSPECT", ".SH BREAK", ".SH LS"} {
		if !strings.Contains(string(page), want+"\n") {
			t.Errorf("the page has no %s", want)
		}
	}
	for line := range strings.Lines(string(page)) {
		known := strings.HasPrefix(line, ".TH ") || strings.HasPrefix(line, ".SH ") || line == ".nf\n" || line == ".fi\n"
		if strings.HasPrefix(line, ".") && !known || strings.HasPrefix(line, "'") {
			t.Errorf("roff takes this for a request: %s", line)
		}
	}
}

// TestSBOM: the bill has the modules that are compiled in, and no tool of the build.
func TestSBOM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, file := filepath.Join(dir, "redilock"), filepath.Join(dir, "sbom.json")
	run(t, "build", "-o", program, "./sdk/cmd/redilock")
	run(t, "run", "./sdk/cmd/release/sbom", program, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct{ Components []struct{ Name, PURL string } }
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range bom.Components {
		names[c.Name] = strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@")
	}
	if !names["std"] || !names["github.com/redis/go-redis/v9"] || names["github.com/magefile/mage"] {
		t.Errorf("the bill has %v", names)
	}
}
