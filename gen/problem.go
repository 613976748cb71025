package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a line of a source file: a script or a fragment, as it was written.
type Position struct {
	File string // slash-separated, relative to Options.Root
	Line int    // from 1
}

func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Problem is one thing that the generator refuses.
type Problem struct {
	Position
	Message string // what is wrong
	Remedy  string // what to do
	Code    string // of the rule behind it: [Explain] gives its reason
}

func (p Problem) String() string { return fmt.Sprintf("%s: %s; %s", p.Position, p.Message, p.Remedy) }

// Problems is every problem of a folder, sorted by file and line. As an error it has one line for each.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps *Problems) add(pos Position, code, remedy, format string, args ...any) {
	*ps = append(*ps, Problem{pos, fmt.Sprintf(format, args...), remedy, code})
}

// err sorts the problems and drops repetitions: a fragment's problem is found in every script that includes it.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(ps)
}
