package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/faults/record"
)

// README.md beside this file holds the table of the matrix, rendered from the records. `go tool mage faults` renews the
// records of the rows that it has run, and the table; TestReadme holds the table to them.
const (
	readmeFile = "README.md"
	recordsDir = "testdata/records"
)

// table is the matrix as the README shows it.
func table() []record.Row {
	var rows []record.Row
	for _, r := range matrix() {
		rows = append(rows, record.Row{Fault: r.name, Promise: r.promise, Declared: r.declared})
	}
	return rows
}

// keep renews the records of the rows that were run whole and passed, on all the servers that there are, and then the
// README.
func (rs *outcomes) keep(dir, readme, revision string, date time.Time, seed uint64) error {
	var bad []error
	for _, row := range matrix() {
		r := &record.Record{Fault: row.name, Revision: revision, Date: date.Format(time.DateOnly), Seed: seed}
		for _, o := range rs.list {
			if o.row.name != row.name {
				continue
			}
			if o.skipped != "" || len(o.failed) > 0 {
				bad = append(bad, fmt.Errorf("the record of %s stays as it is: on %s it did not pass", row.name, o.server))
				r.Runs = nil
				break
			}
			r.Runs = append(r.Runs, o.runs...)
		}
		for _, run := range r.Runs {
			if !slices.Contains(r.Servers, run.Server) {
				r.Servers = append(r.Servers, run.Server)
			}
		}
		slices.Sort(r.Servers)
		if len(r.Runs) > 0 {
			bad = append(bad, record.Save(dir, r))
		}
	}
	records, err := record.Load(dir)
	if err != nil {
		return errors.Join(append(bad, err)...)
	}
	return errors.Join(append(bad, record.Write(readme, table(), records))...)
}

// run is what a run of a row has shown.
func (v *verdict) run(server string, seed uint64) record.Run {
	r := record.Run{Server: server, Seed: seed, Faults: v.faults, Grants: v.grants, Doubles: v.doubles}
	for what, n := range map[string]int{
		"stale": v.stale, "backward": v.backward, "stranded": v.stranded, "orphans": v.orphans, "untyped": v.untyped,
	} {
		if n > 0 {
			if r.Damage == nil {
				r.Damage = map[string]int{}
			}
			r.Damage[what] = n
		}
	}
	for _, d := range v.back {
		if r.Back == nil {
			r.Back = map[int]int{}
		}
		r.Back[int(d.Milliseconds())]++
	}
	return r
}

// revision is that of the code that runs, from git.
func revision() (string, error) {
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("git does not know the revision, and a record needs one: %w", err)
	}
	// The records and the table themselves are no code.
	const records, page = ":!/luatest/faults/testdata/records", ":!/luatest/faults/README.md"
	changes, err := exec.Command("git", "status", "--porcelain", "--", ":/", records, page).Output()
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(head))
	if len(changes) > 0 {
		text += "+changes"
	}
	return text, nil
}

// product is what a server's executable says that it is: "redis 7.0.15".
func product(exe string) (string, error) {
	out, err := exec.Command(exe, "--version").Output()
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`^(\w+) server v=([0-9.]+)`).FindStringSubmatch(string(out))
	if m == nil {
		return "", fmt.Errorf("%s does not say which version it is: %q", exe, out)
	}
	return strings.ToLower(m[1]) + " " + m[2], nil
}

// TestReadme is left out of the run that writes the table: that one is held to it when it has.
func TestReadme(t *testing.T) {
	t.Parallel()
	records, err := record.Load(recordsDir)
	if err != nil {
		t.Error(err)
	}
	if err := record.Agrees(readmeFile, table(), records); err != nil {
		t.Error(err)
	}
}

// What a record tells without its runs is what the revision tells that it names.
func TestTotalsAreOfTheirSource(t *testing.T) {
	t.Parallel()
	records, err := record.Load(recordsDir)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, r := range records {
		if r.Totals == nil {
			continue
		}
		m := regexp.MustCompile(`README's table of revision ([0-9a-f]{7,40})`).FindStringSubmatch(r.Totals.Source)
		if m == nil {
			t.Errorf("%s: its totals name no revision: %q", r.Fault, r.Totals.Source)
			continue
		}
		if sources[m[1]] == "" {
			text, err := exec.Command("git", "show", m[1]+":README.md").Output()
			if err != nil {
				t.Skipf("SKIPPED, NOT PROVEN: this checkout has no revision %s", m[1])
			}
			sources[m[1]] = string(text)
		}
		var row record.Row
		for _, row = range table() {
			if row.Fault == r.Fault {
				break
			}
		}
		want, err := record.Render([]record.Row{row}, map[string]*record.Record{r.Fault: r})
		if err != nil {
			t.Error(err)
		}
		line := strings.Split(want, "\n")[3] // after the head of the table
		cut := func(line string) string {
			return line[strings.LastIndex(line, " | "+fmt.Sprint(r.Totals.Faults)+" |"):]
		}
		if !strings.Contains(sources[m[1]], "| "+r.Fault+" |") || !strings.Contains(sources[m[1]], cut(line)) {
			t.Errorf("revision %s does not say %q", m[1], line)
		}
	}
}

// A run renews the records of its rows and the table of a README of its own, and leaves the rest alone.
func TestRunsAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	const place = "<!-- generated by go tool mage faults -->\n%s<!-- end generated -->\n"
	if err := os.WriteFile(readme, fmt.Appendf(nil, "a\n"+place+"b\n", "the last run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const rev = "0123456789012345678901234567890123456789"
	date := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	run := func(r *row, server string, v verdict) *outcome {
		v.runs = 1
		return &outcome{row: r, server: server, runs: []record.Run{v.run(server, 1)}, verdict: v}
	}
	var rs outcomes
	for _, r := range matrix() {
		rs.list = append(rs.list,
			run(&r, "redis 1", verdict{faults: 3, grants: 5, back: []time.Duration{1500 * time.Millisecond}}),
			run(&r, "valkey 2", verdict{faults: 4, grants: 6, back: []time.Duration{20 * time.Millisecond}}))
	}
	if err := rs.keep(dir, readme, rev, date, 1); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := matrix()[0]
	wantRow := fmt.Sprintf("| %s | %s | 7 | 11 | 0 | 0 | 20 ms | 1.5 s |\n", first.name, first.promise)
	if text := read(); !strings.Contains(text, wantRow) || strings.Contains(text, "the last run") ||
		!strings.HasPrefix(text, "a\n") || !strings.HasSuffix(text, "b\n") {
		t.Errorf("no row %q in\n%s", wantRow, text)
	}
	// A run of one row, later: of the others nothing changes.
	before := strings.Split(read(), "\n")
	later := outcomes{list: []*outcome{run(&first, "redis 1", verdict{faults: 8, grants: 9})}}
	if err := later.keep(dir, readme, rev+"+changes", date.AddDate(0, 0, 1), 1); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, line := range strings.Split(read(), "\n") {
		if i < len(before) && line != before[i] && strings.HasPrefix(line, "| ") {
			changed++
		}
	}
	if text := read(); changed != 1 || !strings.Contains(text, "| 8 | 9 | 0 | 0 | 0 ms | 0 ms |") ||
		!strings.Contains(text, first.name+": revision 0123456+changes, 2026-11-24, seed 1, redis 1.") {
		t.Errorf("%d rows changed:\n%s", changed, text)
	}
	// What did not pass is not kept, and the README stays.
	good := read()
	bad := run(&first, "redis 1", verdict{faults: 1, grants: 1})
	for name, spoil := range map[string]func(){
		"skipped": func() { bad.skipped = "why" },
		"failed":  func() { bad.failed = []string{"why"} },
		"damage":  func() { bad.runs[0].Damage = map[string]int{"stale": 1} },
		"empty":   func() { bad.runs[0].Grants = 0 },
	} {
		*bad = *run(&first, "redis 1", verdict{faults: 1, grants: 1})
		spoil()
		one := outcomes{list: []*outcome{bad}}
		if err := one.keep(dir, readme, rev, date, 1); err == nil {
			t.Errorf("%s: it was kept", name)
		}
		if read() != good {
			t.Errorf("%s: the README changed", name)
		}
	}
}
