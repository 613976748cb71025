package faults

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/zferentz/go-redilock/luatest/faults/record"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// row is one fault.
type row struct {
	name string
	// promise is what must hold, or what is declared as lost: for the README's table.
	promise string
	// declared: the server loses its data, so two may hold the lock at once. They are counted.
	declared bool
	// must is what has to be seen in the journal, or the fault did not bite.
	must func(v *verdict) error
	run  func(w *rig)
	// runs are how many a quick and a full matrix make on each server; 0: one, and two.
	quick, full int
	// halves: scripts end halfway, so an entry of a companion key may stay until it expires.
	halves bool
}

// matrix lists all rows, in the order of the report.
func matrix() []row {
	return slices.Concat(networkRows(), cancelRows(), deathRows(), memoryRows(), refusalRows(), deployRows(), edgeRows())
}

// outcome is what became of a row on a server.
type outcome struct {
	row     *row
	server  string
	verdict verdict
	runs    []record.Run // one for each seed
	took    time.Duration
	failed  []string
	skipped string
}

type outcomes struct {
	mu   sync.Mutex
	list []*outcome
}

var results outcomes

// TestMatrix runs the rows, several at a time: most of them wait most of the time.
func TestMatrix(t *testing.T) {
	if *matrixFlag == "" {
		t.Skip("go tool mage faults runs it")
	}
	found := server.Executables()
	if len(found) == 0 {
		server.Missing(t, "no redis-server on PATH and none in "+server.EnvServers)
	}
	full := *matrixFlag == "full"
	total, done := 0, 0
	var mu sync.Mutex
	start := time.Now()
	for i, r := range matrix() {
		if !strings.HasPrefix(r.name, *onlyFlag) {
			continue
		}
		on := found
		if !full { // one server for each row, in turn
			on = found[(i+int(*seedFlag%64))%len(found):][:1]
		}
		for _, exe := range on {
			total++
			t.Run(r.name+"/"+filepath.Base(exe.Path), func(t *testing.T) {
				t.Parallel()
				if exe.Err != nil {
					server.Missing(t, exe.Err.Error())
				}
				o := r.on(t, exe.Path, full)
				mu.Lock()
				defer mu.Unlock()
				done++
				fmt.Fprintf(os.Stderr, "%4.0fs  %d of %d  %s\n", time.Since(start).Seconds(), done, total, o.line())
			})
		}
	}
	if total == 0 {
		t.Fatalf("the matrix has no row whose name begins with %q", *onlyFlag)
	}
}

// on runs a row on a kind of server.
func (r row) on(t *testing.T, exe string, full bool) *outcome {
	runs := max(1, r.quick)
	if full {
		runs = max(2, r.full)
	}
	if *runsFlag > 0 {
		runs = *runsFlag
	}
	o := &outcome{row: &r, server: filepath.Base(exe)}
	results.mu.Lock()
	results.list = append(results.list, o)
	results.mu.Unlock()
	version, err := product(exe)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range runs {
		seed := *seedFlag + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			defer func() {
				if t.Skipped() {
					o.skipped = "SKIPPED, NOT PROVEN"
				} else if t.Failed() && len(o.failed) == 0 {
					o.failed = append(o.failed, fmt.Sprintf("seed %d: it could not be run to its end", seed))
				}
			}()
			w := r.rig(t, exe, seed, full)
			v, err := w.play()
			o.verdict.add(v)
			o.runs = append(o.runs, v.run(version, seed))
			if err != nil {
				o.failed = append(o.failed, w.report(err))
				t.Error(o.failed[len(o.failed)-1])
			}
		})
	}
	o.took = time.Since(start)
	return o
}

func (r *row) rig(t testing.TB, exe string, seed uint64, full bool) *rig {
	name := fnv.New64()
	_, _ = name.Write([]byte(r.name))
	return &rig{
		TB: t, row: r, exe: exe, seed: seed, full: full,
		rand: rand.New(rand.NewPCG(seed, name.Sum64())), journal: newJournal(),
	}
}

// play runs a row once, and judges what happened.
func (w *rig) play() (verdict, error) {
	defer func() { // if the row could not be run to its end
		for _, p := range w.workers {
			_ = p.kill()
		}
	}()
	w.row.run(w)
	v := w.finish()
	err := v.damage(w.row.declared)
	if err == nil {
		err = w.extra
	}
	if err == nil && w.row.must != nil {
		err = w.row.must(&v)
	}
	return v, err
}

// report keeps the journal of a run that failed, and says how to see it again.
func (w *rig) report(err error) string {
	h := header{
		Row: w.row.name, Server: filepath.Base(w.exe), Seed: w.seed, Declared: w.row.declared, Error: err.Error(),
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("redilock-%s-%s-%d.jsonl", h.Row, h.Server, h.Seed))
	kept := file
	if err := w.journal.save(file, h); err != nil {
		kept = err.Error()
	}
	size := ""
	if !w.full {
		size = "-quick "
	}
	return fmt.Sprintf("%s on %s, seed %d: %v\n  again:  go tool mage faults %s-only=%s -seed=%d -runs=1\n"+
		"  journal: %s\n  judge:  go tool mage faults -check=%s",
		h.Row, h.Server, h.Seed, err, size, h.Row, h.Seed, kept, kept)
}

// TestCheck judges the journal of a run once more, which tells the same.
func TestCheck(t *testing.T) {
	if *checkFlag == "" {
		t.Skip("-check names no journal")
	}
	h, events, err := loadJournal(*checkFlag)
	if err != nil {
		t.Fatal(err)
	}
	v := judge(events, h.Declared)
	t.Logf("%s on %s, seed %d: %+v", h.Row, h.Server, h.Seed, v)
	if err := v.damage(h.Declared); err != nil {
		t.Error(err)
	}
}

// line is an outcome in short.
func (o *outcome) line() string {
	state := "ok"
	switch {
	case o.skipped != "":
		state = o.skipped
	case len(o.failed) > 0:
		state = "FAILED"
	}
	return fmt.Sprintf("%-8s %s on %s (%v)", state, o.row.name, o.server, o.took.Round(100*time.Millisecond))
}

// print writes the matrix as it was found.
func (rs *outcomes) print(out io.Writer) error {
	if len(rs.list) == 0 {
		return nil
	}
	order := map[string]int{}
	for i, r := range matrix() {
		order[r.name] = i
	}
	slices.SortStableFunc(rs.list, func(a, b *outcome) int { return order[a.row.name] - order[b.row.name] })
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "fault\ton\truns\tfaults\tkills\tgrants\tdouble holds\tstale accepted\tstale refused\t"+
		"fences back\tstranded\torphans\tuntyped\tback p50\tmax\tall in\t")
	for _, o := range rs.list {
		v := &o.verdict
		doubles := fmt.Sprint(v.doubles)
		if o.row.declared {
			doubles += " declared"
		}
		state := ""
		if o.skipped != "" {
			state = o.skipped
		}
		if len(o.failed) > 0 {
			state = "FAILED"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t%s\n",
			o.row.name, o.server, v.runs, v.faults, v.kills, v.grants, doubles, v.stale, v.refused,
			v.backward, v.stranded, v.orphans, v.untyped, v.percentile(0.5).Round(time.Millisecond),
			v.percentile(1).Round(time.Millisecond), o.took.Round(100*time.Millisecond), state)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, o := range rs.list {
		for _, why := range o.failed {
			fmt.Fprintln(out, "\n"+why)
		}
	}
	return nil
}

// rows are the matrix in the closing table: one row for each server.
func (rs *outcomes) rows() []testreport.Row {
	byServer := map[string]*testreport.Row{}
	sums := map[string]*verdict{}
	var names []string
	for _, o := range rs.list {
		r := byServer[o.server]
		if r == nil {
			r = &testreport.Row{Section: "faults", Subject: o.server}
			byServer[o.server], sums[o.server] = r, &verdict{}
			names = append(names, o.server)
		}
		switch {
		case len(o.failed) > 0:
			r.Failed++
			r.Notes = append(r.Notes, o.failed...)
		case o.skipped != "":
			r.Skipped++
			r.Notes = append(r.Notes, o.row.name+": "+o.skipped)
		default:
			r.Passed++
		}
		v := o.verdict
		if o.row.declared {
			v.doubles = 0
		}
		sums[o.server].add(v)
	}
	var rows []testreport.Row
	for _, name := range names {
		v := sums[name]
		byServer[name].Notes = append(byServer[name].Notes, fmt.Sprintf(
			"%d runs, %d faults, %d kill -9, %d grants: %d double holds but those declared, %d stale writes accepted, "+
				"%d fences back, %d stranded, %d orphans, %d errors without a type",
			v.runs, v.faults, v.kills, v.grants, v.doubles, v.stale, v.backward, v.stranded, v.orphans, v.untyped))
		rows = append(rows, *byServer[name])
	}
	return rows
}
