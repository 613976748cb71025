// Package table lays out rows of text in columns, whatever bytes are in them.
package table

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// gap is between two columns.
const gap = "  "

// Lines lays out rows, the first of which is the head. A column whose name in right is true stands at the right.
func Lines(rows [][]string, right map[string]bool) []string {
	if len(rows) == 0 {
		return nil
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(gap)
			}
			line.WriteString(Cell(cell, widths[i], right[rows[0][i]]))
		}
		lines[r] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// Cell makes text exactly as wide as a column: cut off, or filled with spaces.
func Cell(text string, width int, right bool) string {
	if ansi.StringWidth(text) > width {
		text = ansi.Truncate(text, width, "…")
	}
	fill := strings.Repeat(" ", max(width-ansi.StringWidth(text), 0))
	if right {
		return fill + text
	}
	return text + fill
}

// Safe is text that a terminal shows and does not obey: names and owners are anybody's bytes.
func Safe(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == utf8.RuneError }
	if s == "" || strings.ContainsFunc(s, odd) || strings.TrimSpace(s) != s {
		return strconv.Quote(s)
	}
	return s
}
