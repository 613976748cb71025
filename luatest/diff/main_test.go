package diff_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/summary"
)

// rows are what TestEngines reports; TestMain appends them to the run's table.
var rows []summary.Row

func TestMain(m *testing.M) {
	code := m.Run()
	if err := summary.Append(rows...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
