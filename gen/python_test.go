package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestPython imports the Python bindings of testdata, and calls some of them, where there is a Python 3.11. It stands in for
// redis-py, which the tests of luatest/interop use.
func TestPython(t *testing.T) {
	t.Parallel()
	const recent = "import sys; sys.exit(sys.version_info < (3, 11))"
	if err := exec.CommandContext(t.Context(), "python3", "-I", "-c", recent).Run(); err != nil {
		testreport.Skip(t, "no Python 3.11: ", err)
	}
	dir := t.TempDir()
	files := map[string][]byte{
		"redis/__init__.py": nil,
		"redis/exceptions.py": []byte("from builtins import ConnectionError, TimeoutError\n\n\n" +
			"class NoScriptError(Exception):\n    pass\n"),
	}
	packages := 0
	for _, c := range cases(t) {
		for name, text := range readFiles(t, filepath.Join(c, "want")) {
			if rest, ok := strings.CutPrefix(name, "python/scripts/"); ok {
				files["scripts/"+rest] = []byte(text)
				packages++
			}
		}
	}
	if packages < 10 {
		t.Fatalf("%d modules in testdata", packages)
	}
	files["scripts/runtime.py"] = []byte(pyRuntime)
	writeFiles(t, dir, files)
	test, err := os.ReadFile("python/bindings_test.py")
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string][]byte{"bindings_test.py": test})
	cmd := exec.CommandContext(t.Context(), "python3", "bindings_test.py")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
