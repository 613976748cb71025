package testreport_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/testreport"
)

func TestSummary(t *testing.T) {
	name := filepath.Join(t.TempDir(), "summary")
	t.Setenv(testreport.Env, name)
	row := testreport.Row{Section: "scenarios", Subject: "redis", Version: "7.0.15", Passed: 3}
	if err := testreport.Append(row); err != nil {
		t.Fatal(err)
	}
	if err := testreport.Append(
		testreport.Row{Section: "scenarios", Subject: "miniredis", Skipped: 2, Notes: []string{"2 skipped: why"}},
		testreport.Row{Section: "coverage", Subject: "acquire", Failed: 1},
	); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := testreport.Print(&out, name); err != nil {
		t.Fatal(err)
	}
	const want = `what       on         version  passed  failed  skipped
coverage   acquire             0       1       0
scenarios  miniredis           0       0       2
scenarios  redis      7.0.15   3       0       0
  miniredis: 2 skipped: why
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := testreport.Print(&out, name+"none"); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("without a file: %q, %v", out.String(), err)
	}
}
