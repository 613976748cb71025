package coverage

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	lua "github.com/yuin/gopher-lua"

	"github.com/zferentz/go-redilock/gen"
)

// Report is the coverage of the source files, fragments included.
type Report struct {
	Files []*File // sorted by name
}

// File is one source file.
type File struct {
	Name  string
	Lines map[int]*Line // those that have instructions
}

// Line is one line of it, of all scripts that include it together.
type Line struct {
	Seen     bool
	Branches []uint8 // of each test in it, in the order of the code: which ways were taken
}

// Missed says what was not run of a line; "" if all was.
func (l *Line) Missed() string {
	if !l.Seen {
		return "never run"
	}
	var missed []string
	for i, ways := range l.Branches {
		if ways != bothWays {
			missed = append(missed, fmt.Sprintf("branch %d of %d goes one way only", i+1, len(l.Branches)))
		}
	}
	return strings.Join(missed, ", ")
}

// Add adds what a recorder saw of a script: origin says which line of which file a line of the script is from.
func (r *Report) Add(rec *Recorder, script *lua.FunctionProto, origin func(line int) gen.Position) {
	ordinal := map[gen.Position]int{}
	walk(script, func(p *lua.FunctionProto) {
		c := rec.code[p]
		for pc := range p.Code {
			if implicit(p, pc) {
				continue
			}
			at := origin(p.DbgSourcePositions[pc])
			l := r.line(at)
			l.Seen = l.Seen || c != nil && c.Seen[pc]
			if !isTest(p, pc) {
				continue
			}
			n := ordinal[at]
			ordinal[at]++
			for len(l.Branches) <= n {
				l.Branches = append(l.Branches, 0)
			}
			if c != nil {
				l.Branches[n] |= c.Ways[pc]
			}
		}
	})
}

// Lines gives the lines of a script, which is known by its main function, that have instructions.
func Lines(script *lua.FunctionProto) map[int]bool {
	lines := map[int]bool{}
	walk(script, func(p *lua.FunctionProto) {
		for _, line := range p.DbgSourcePositions {
			lines[line] = true
		}
	})
	return lines
}

// implicit reports whether an instruction is the return that the compiler puts at the end of every function.
func implicit(p *lua.FunctionProto, pc int) bool {
	return pc == len(p.Code)-1 && int(p.Code[pc]>>26) == lua.OP_RETURN
}

func (r *Report) line(at gen.Position) *Line {
	byName := func(f *File, name string) int { return strings.Compare(f.Name, name) }
	i, found := slices.BinarySearchFunc(r.Files, at.File, byName)
	if !found {
		r.Files = slices.Insert(r.Files, i, &File{Name: at.File, Lines: map[int]*Line{}})
	}
	f := r.Files[i]
	if f.Lines[at.Line] == nil {
		f.Lines[at.Line] = &Line{}
	}
	return f.Lines[at.Line]
}

// Figures are the totals of a file.
type Figures struct{ Lines, LinesSeen, Ways, WaysSeen int }

// Add adds two.
func (f Figures) Add(g Figures) Figures {
	return Figures{f.Lines + g.Lines, f.LinesSeen + g.LinesSeen, f.Ways + g.Ways, f.WaysSeen + g.WaysSeen}
}

// Figures counts lines, and the ways of branches: two of each.
func (f *File) Figures() Figures {
	var n Figures
	for _, l := range f.Lines {
		n.Lines++
		if l.Seen {
			n.LinesSeen++
		}
		for _, ways := range l.Branches {
			n.Ways += 2
			n.WaysSeen += int(ways&wayNext) + int(ways&waySkip)/waySkip
		}
	}
	return n
}

// Total is that of all files.
func (r *Report) Total() Figures {
	var n Figures
	for _, f := range r.Files {
		n = n.Add(f.Figures())
	}
	return n
}

// Gap is a line of which something was not run.
type Gap struct {
	At     gen.Position
	Missed string
}

// Gaps lists them.
func (r *Report) Gaps() []Gap {
	var gaps []Gap
	for _, f := range r.Files {
		for _, n := range slices.Sorted(maps.Keys(f.Lines)) {
			if missed := f.Lines[n].Missed(); missed != "" {
				gaps = append(gaps, Gap{gen.Position{File: f.Name, Line: n}, missed})
			}
		}
	}
	return gaps
}

// Write writes a table, and the gaps.
func (r *Report) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, n Figures) {
		fmt.Fprintf(table, "%d/%d\t%s\t%d/%d\t%s\t  %s\n", n.LinesSeen, n.Lines, percent(n.LinesSeen, n.Lines),
			n.WaysSeen, n.Ways, percent(n.WaysSeen, n.Ways), name)
	}
	fmt.Fprintln(table, "lines\t\tbranches\t\t  file")
	for _, f := range r.Files {
		row(f.Name, f.Figures())
	}
	row("all", r.Total())
	err := table.Flush()
	for _, g := range r.Gaps() {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s:%d: %s\n", g.At.File, g.At.Line, g.Missed)
		}
	}
	return err
}

func percent(part, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(all))
}
