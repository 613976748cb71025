// Package record keeps what the rows of the fault matrix have shown: one file per row, with where its figures come from.
// The table in the README is rendered from them, so that it says nothing that was not seen; and a run of some rows renews
// those, and leaves the others as they are.
package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Record is what one row has shown, in the last run of it that was whole: on every server of its machine.
type Record struct {
	Fault    string   `json:"fault"`
	Revision string   `json:"revision"` // of the code that was run: 40 hex digits, and "+changes" if it was not as committed
	Date     string   `json:"date"`     // of the run, as 2026-11-23
	Seed     uint64   `json:"seed"`     // of the first run on each server
	Servers  []string `json:"servers"`  // as "redis 7.0.15", sorted
	Runs     []Run    `json:"runs,omitempty"`
	// Totals are the figures of a run whose parts were not kept.
	Totals *Totals `json:"totals,omitempty"`
}

// Run is one run of a row on a server.
type Run struct {
	Server  string `json:"server"`
	Seed    uint64 `json:"seed"`
	Faults  int    `json:"faults"`
	Grants  int    `json:"grants"`
	Doubles int    `json:"double_holds"`
	// Damage counts what must not be, by its kind: "stale", "backward", "stranded", "orphans", "untyped".
	Damage map[string]int `json:"damage,omitempty"`
	// Back counts the times from a fault to the next grant, by milliseconds.
	Back map[int]int `json:"back_ms,omitempty"`
}

// Totals are the figures of the table.
type Totals struct {
	Faults  int `json:"faults"`
	Grants  int `json:"grants"`
	Doubles int `json:"double_holds"`
	Damage  int `json:"damage"`
	Median  int `json:"back_median_ms"`
	Longest int `json:"back_longest_ms"`
	// Source says where totals come from whose runs were not kept.
	Source string `json:"source,omitempty"`
}

// Sum gives the figures of a record: those of its runs, taken together.
func (r *Record) Sum() Totals {
	if len(r.Runs) == 0 && r.Totals != nil {
		return *r.Totals
	}
	var t Totals
	back := map[int]int{}
	times := 0
	for _, run := range r.Runs {
		t.Faults += run.Faults
		t.Grants += run.Grants
		t.Doubles += run.Doubles
		for _, n := range run.Damage {
			t.Damage += n
		}
		for ms, n := range run.Back {
			back[ms] += n
			times += n
		}
	}
	seen := 0
	for _, ms := range slices.Sorted(maps.Keys(back)) {
		if 2*seen < times {
			t.Median = ms
		}
		seen += back[ms]
		t.Longest = ms
	}
	return t
}

var revision = regexp.MustCompile(`^[0-9a-f]{40}(\+changes)?$`)

// check says what is wrong with a record, whatever it is of.
func (r *Record) check() error {
	var bad []error
	wrong := func(format string, args ...any) { bad = append(bad, fmt.Errorf(r.Fault+": "+format, args...)) }
	if !revision.MatchString(r.Revision) {
		wrong("%q is no revision", r.Revision)
	}
	if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
		wrong("%q is no date", r.Date)
	}
	if len(r.Servers) == 0 || !slices.IsSorted(r.Servers) {
		wrong("the servers are %q", r.Servers)
	}
	if (len(r.Runs) == 0) == (r.Totals == nil) {
		wrong("it has either runs or totals")
	}
	if r.Totals != nil && r.Totals.Source == "" {
		wrong("nobody knows where its totals come from")
	}
	seen := map[string]bool{}
	for _, run := range r.Runs {
		id := fmt.Sprint(run.Server, run.Seed)
		if seen[id] || !slices.Contains(r.Servers, run.Server) || run.Seed < r.Seed {
			wrong("a run on %q with seed %d is none of its own", run.Server, run.Seed)
		}
		seen[id] = true
		if run.Grants <= 0 || run.Faults < 0 || run.Doubles < 0 {
			wrong("a run on %q with seed %d proves nothing", run.Server, run.Seed)
		}
		for what, n := range run.Damage {
			if n < 0 || what == "" {
				wrong("a run on %q with seed %d tells of %d %q", run.Server, run.Seed, n, what)
			}
		}
		for ms, n := range run.Back {
			if ms < 0 || n <= 0 {
				wrong("a run on %q with seed %d tells of %d times of %d ms", run.Server, run.Seed, n, ms)
			}
		}
	}
	for _, server := range r.Servers {
		if len(r.Runs) > 0 && !slices.ContainsFunc(r.Runs, func(run Run) bool { return run.Server == server }) {
			wrong("no run was on %s", server)
		}
	}
	return errors.Join(bad...)
}

func file(dir, fault string) string { return filepath.Join(dir, fault+".json") }

// Load reads all records of a folder, by their faults.
func Load(dir string) (map[string]*Record, error) {
	names, err := filepath.Glob(file(dir, "*"))
	if err != nil {
		return nil, err
	}
	records := make(map[string]*Record, len(names))
	var bad []error
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r := &Record{}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(r); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", name, err))
			continue
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			bad = append(bad, fmt.Errorf("%s: there is more than a record", name))
		}
		if name != file(dir, r.Fault) {
			bad = append(bad, fmt.Errorf("%s is of the fault %q", name, r.Fault))
		}
		bad = append(bad, r.check())
		records[r.Fault] = r
	}
	return records, errors.Join(bad...)
}

// Save writes a record in place of the one of before, if there is one. It refuses one that shows nothing.
func Save(dir string, r *Record) error {
	if err := r.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	text = append(onOneLine(text), '\n')
	return os.WriteFile(file(dir, r.Fault), text, 0o644)
}

// onOneLine puts the innermost maps of a record on one line each, so that a diff shows a run, and no list of numbers.
func onOneLine(text []byte) []byte {
	return regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllFunc(text, func(m []byte) []byte {
		if !bytes.Contains(m, []byte(`"0": `)) && !regexp.MustCompile(`"[0-9]+": `).Match(m) {
			return m
		}
		return []byte(strings.Join(strings.Fields(string(m)), " "))
	})
}
