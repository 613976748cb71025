// Package report shows a run: as tables on a terminal, against its bars, as JSON and as charts.
package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// Tables writes an item: how ours compares with each of the others first, then every figure with its spread; of several runs
// with the lowest and the highest of their medians.
func Tables(w io.Writer, set *figure.Set, item int, title string) error {
	var rows []*figure.Figure // one of each case and metric
	var columns []string
	for _, f := range set.Figures {
		if f.Item != item {
			continue
		}
		if !slices.Contains(columns, f.Contestant) {
			columns = append(columns, f.Contestant)
		}
		known := false
		for _, r := range rows {
			known = known || r.Case == f.Case && r.Metric.Name == f.Metric.Name
		}
		if !known {
			rows = append(rows, f)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%d. %s\n", item, title)
	var peers []string
	for _, c := range columns {
		if c != contestant.Ours {
			peers = append(peers, c)
		}
	}
	heading := "\n   ours ÷ theirs"
	err := table(w, heading, rows, peers, func(row *figure.Figure, column string) string {
		return cell(set, figure.Ratio(set.Find(item, row.Case, row.Metric.Name, contestant.Ours),
			set.Find(item, row.Case, row.Metric.Name, column)))
	})
	if err != nil {
		return err
	}
	return table(w, "\n   measured", rows, columns, func(row *figure.Figure, column string) string {
		return cell(set, set.Find(item, row.Case, row.Metric.Name, column))
	})
}

// table leaves out rows without a figure.
func table(w io.Writer, heading string, rows []*figure.Figure, columns []string,
	cell func(row *figure.Figure, column string) string,
) error {
	var lines []string
	for _, row := range rows {
		line, empty := "   "+row.Case+"\t"+row.Metric.Name+" ("+string(row.Metric.Better)+")", true
		for _, column := range columns {
			text := cell(row, column)
			empty = empty && text == ""
			line += "\t" + text
		}
		if !empty {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", heading)
	fmt.Fprintf(t, "   case\tmetric, which is better\t%s\n%s\n", strings.Join(columns, "\t"), strings.Join(lines, "\n"))
	return t.Flush()
}

// Ratio writes a ratio: three digits that mean something.
func Ratio(v float64) string { return digits(v) + "x" }

func cell(set *figure.Set, f *figure.Figure) string {
	switch {
	case f == nil:
		return ""
	case set.Merged:
		return Value(f.Median(), f.Metric.Unit) + between(slices.Min(f.Rounds), slices.Max(f.Rounds), f.Metric.Unit)
	}
	return Value(f.Median(), f.Metric.Unit) + spread(f)
}

// between is the range of several runs.
func between(low, high float64, unit figure.Unit) string {
	return fmt.Sprintf(" (%s – %s)", Value(low, unit), Value(high, unit))
}

func spread(f *figure.Figure) string {
	if len(f.Rounds) < 2 || f.Spread() == 0 {
		return ""
	}
	return fmt.Sprintf(" ±%.0f%%", 100*f.Spread())
}

// Value writes a value with its unit.
func Value(v float64, unit figure.Unit) string {
	switch unit {
	case figure.Seconds:
		switch {
		case math.Abs(v) < 1e-3:
			return digits(v*1e6) + " µs"
		case math.Abs(v) < 1:
			return digits(v*1e3) + " ms"
		default:
			return digits(v) + " s"
		}
	case figure.Times:
		return Ratio(v)
	case figure.Bytes, figure.Share:
		return digits(v) + " " + string(unit)
	default:
		return digits(v) + string(unit)
	}
}

func digits(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
