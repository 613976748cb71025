package explore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/zferentz/go-redilock/luatest/testreport"
)

// Dive is a world and how deep it is explored: actions in a row; 0: until there is no new state.
type Dive struct {
	World World
	Depth int
}

// Deep explores worlds, one after the other, with a table of what was gone through, and says on progress how far it is. A
// violation is the error; the table is followed by it, and by the scenario that replays it.
func Deep(ctx context.Context, dives []Dive, table io.Writer, progress *os.File) error {
	// The scripts make much garbage that lives for a moment; what stays is small.
	defer debug.SetGCPercent(debug.SetGCPercent(300))
	renew := "" // on a terminal, the line that is renewed
	if info, err := progress.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		renew = "\r\x1b[K"
	}
	start := time.Now()
	var found []error
	var rows []testreport.Row
	total := testreport.Row{Section: "model", Subject: "all worlds"}
	states := 0
	for _, d := range dives {
		r, err := Search(ctx, d.World, Options{Depth: d.Depth, Progress: reporter(progress, renew)})
		if err != nil {
			return err
		}
		fmt.Fprintf(progress, "%s%s\n", renew, r)
		row := r.Row()
		rows = append(rows, row)
		states, total.Passed, total.Failed = states+r.States, total.Passed+row.Passed, total.Failed+row.Failed
		if r.Violation != nil {
			found = append(found, r.Violation)
		}
	}
	total.Notes = []string{fmt.Sprintf("%d states, %d transitions in %v", states, total.Passed+total.Failed,
		time.Since(start).Round(time.Second))}
	if err := testreport.Render(table, append(rows, total)); err != nil {
		return err
	}
	return errors.Join(found...)
}

// Row is the result as a line of the table of a test run: transitions, and those that went wrong.
func (r Result) Row() testreport.Row {
	row := testreport.Row{Section: "model", Subject: r.World, Passed: r.Transitions, Notes: []string{r.Figures()}}
	if r.Violation != nil {
		row.Passed, row.Failed = r.Transitions-1, 1
	}
	return row
}

// reporter writes the progress of a search: where a line can be cleared, one that is renewed, and else one now and then.
func reporter(out io.Writer, renew string) func(Progress) {
	pause, end := 10*time.Second, "\n"
	if renew != "" {
		pause, end = 0, ""
	}
	last := time.Duration(0)
	return func(p Progress) {
		if p.Elapsed-last < pause {
			return
		}
		last = p.Elapsed
		seconds := p.Elapsed.Seconds()
		done := p.States - p.Frontier + p.Expanded
		fmt.Fprintf(out, "%s%s: depth %d, frontier %d of %d states, %d states at %.0f/s, %d transitions at %.0f/s%s",
			renew, p.World, p.Depth, p.Expanded, p.Frontier, p.States, float64(done)/seconds,
			p.Transitions, float64(p.Transitions)/seconds, end)
	}
}
