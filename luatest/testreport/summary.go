// Package testreport is what long tests have in common: the table that a test run ends with (what was proven, on which
// engine, and what was not), their size, and their progress.
//
// `go test` shows the output of passing packages only with -v. So each run also appends its rows to the file that
// REDILOCK_SUMMARY names; whoever started it prints them with [Print] when all is done.
package testreport

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// Env names the file that rows are appended to, one JSON object a line. It is an absolute path: tests run in the
// folder of their package.
const Env = "REDILOCK_SUMMARY"

// Row is one line of the table.
type Row struct {
	Section string   `json:"section"`           // what was done: scenarios, coverage, mutants, model
	Subject string   `json:"subject"`           // to what: an engine, a script
	Version string   `json:"version,omitempty"` // of the subject
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Skipped int      `json:"skipped"`
	Notes   []string `json:"notes,omitempty"` // why it was skipped, and other figures
}

func (r Row) String() string {
	return fmt.Sprintf("%s, %s: %d passed, %d failed, %d skipped; %s", r.Section, strings.TrimSpace(r.Subject+" "+r.Version),
		r.Passed, r.Failed, r.Skipped, strings.Join(r.Notes, "; "))
}

// Append adds rows to the file that the environment names. Without a name it does nothing.
func Append(rows ...Row) error {
	name := os.Getenv(Env)
	if name == "" {
		return nil
	}
	var lines []byte
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	// One write: test processes of other packages append to the same file.
	_, err = file.Write(lines)
	return errors.Join(err, file.Close())
}

// Report logs rows, and appends them to the file that the environment names.
func Report(t testing.TB, rows ...Row) {
	t.Helper()
	for _, row := range rows {
		t.Log(row)
	}
	if err := Append(rows...); err != nil {
		t.Error(err)
	}
}

// Read reads the rows of a file. A file that is not there has none.
func Read(name string) ([]Row, error) {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var rows []Row
	for lines := bufio.NewScanner(file); ; {
		if !lines.Scan() {
			return rows, lines.Err()
		}
		var row Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("summary: %s: %w", name, err)
		}
		rows = append(rows, row)
	}
}

// Print writes the rows of a file as a table.
func Print(w io.Writer, name string) error {
	rows, err := Read(name)
	if err != nil {
		return err
	}
	return Render(w, rows)
}

// Render writes rows as a table, by section and subject, and below it the notes.
func Render(w io.Writer, rows []Row) error {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return strings.Compare(a.Section+"\x00"+a.Subject+"\x00"+a.Version, b.Section+"\x00"+b.Subject+"\x00"+b.Version)
	})
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\ton\tversion\tpassed\tfailed\tskipped")
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\n",
			row.Section, row.Subject, row.Version, row.Passed, row.Failed, row.Skipped)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, row := range rows {
		for _, note := range row.Notes {
			if _, err := fmt.Fprintf(w, "  %s: %s\n", strings.TrimSpace(row.Subject+" "+row.Version), note); err != nil {
				return err
			}
		}
	}
	return nil
}
