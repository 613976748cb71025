package linear_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/summary"
)

// rows are what the tests report; TestMain appends them to the run's table.
var rows struct {
	sync.Mutex
	list []summary.Row
}

func report(row summary.Row) {
	rows.Lock()
	defer rows.Unlock()
	rows.list = append(rows.list, row)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := summary.Append(rows.list...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
