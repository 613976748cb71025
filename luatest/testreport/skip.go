package testreport

import (
	"fmt"
	"testing"
)

// Skip ends a test that cannot prove here what it is for, and names it in the closing table.
func Skip(t testing.TB, why ...any) {
	t.Helper()
	text := fmt.Sprint(why...)
	Report(t, Row{Section: "not run", Subject: t.Name(), Skipped: 1, Notes: []string{text}})
	t.Skip(text)
}
