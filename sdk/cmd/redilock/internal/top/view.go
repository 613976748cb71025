package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
)

// column is what can be sorted by.
type column int

const (
	byName column = iota
	byHolder
	byFence
	byLeft
	byWaiting
	byHeld
)

// columns are from left to right. Those that give way on a narrow screen have a width below which they do.
var columns = []struct {
	id       column
	head     string
	key      string
	width    int // 0: takes its share of what is left
	from     int // the screen's width from which on it is shown
	right    bool
	downward bool // the largest first
}{
	{byName, "NAME", "n", 0, 0, false, false},
	{byHolder, "HOLDER", "h", 0, 0, false, false},
	{byFence, "FENCE", "f", 16, 76, true, true},
	{byLeft, "LEASE LEFT", "l", barWidth + 1 + leftWidth, 50, false, false},
	{byWaiting, "WAIT", "w", 4, 0, true, true},
	{byHeld, "HELD FOR", "t", 8, 64, true, true},
}

const (
	barWidth  = 8
	leftWidth = 6
	gapWidth  = 2

	// patience is how late the next look may be before the table says how old it is.
	patience = 2 * time.Second
)

// body is how many rows of locks there is room for: all but title, head and foot.
func (m *Model) body() int { return max(m.height-4, 1) }

// shown are the locks that are to be seen, in their order.
func (m *Model) shown() []listing.Lock {
	var rows []listing.Lock
	for _, l := range m.locks {
		if !m.all && !l.Held && l.Queued == 0 && l.Err == nil {
			continue
		}
		if m.filter == "" || strings.Contains(l.Name, m.filter) || strings.Contains(l.Owner, m.filter) {
			rows = append(rows, l)
		}
	}
	slices.SortStableFunc(rows, m.compare)
	return rows
}

func (m *Model) compare(a, b listing.Lock) int {
	var c int
	switch m.by {
	case byHolder:
		c = cmp.Or(compareFree(a, b), strings.Compare(a.Owner, b.Owner))
	case byFence:
		c = cmp.Compare(b.Fence, a.Fence)
	case byLeft:
		c = cmp.Or(compareFree(a, b), cmp.Compare(endless(a), endless(b)))
	case byWaiting:
		c = cmp.Compare(b.Queued, a.Queued)
	case byHeld:
		c = cmp.Or(compareFree(a, b), m.grants[a.Name].since.Compare(m.grants[b.Name].since))
	}
	if c == 0 && m.by != byName {
		return strings.Compare(a.Name, b.Name)
	}
	c = cmp.Or(c, strings.Compare(a.Name, b.Name))
	if m.reverse {
		return -c
	}
	return c
}

// compareFree puts those that nobody holds last.
func compareFree(a, b listing.Lock) int {
	switch {
	case a.Held == b.Held:
		return 0
	case a.Held:
		return -1
	default:
		return 1
	}
}

// endless is what is left of a lease, where one without an expiry has the most.
func endless(l listing.Lock) time.Duration {
	if l.Remaining < 0 {
		return 1<<63 - 1
	}
	return l.Remaining
}

// View is called by bubbletea.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.lines(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "redilock top"
	return v
}

var (
	bold   = ansi.NewStyle().Bold()
	faint  = ansi.NewStyle().Faint()
	green  = ansi.NewStyle().ForegroundColor(ansi.Green)
	yellow = ansi.NewStyle().ForegroundColor(ansi.Yellow)
	red    = ansi.NewStyle().ForegroundColor(ansi.Red)
	invert = ansi.NewStyle().Reverse(true)
)

// lines is the whole screen.
func (m *Model) lines() []string {
	shown := m.shown()
	end := min(m.scrolled+m.body(), len(shown))
	lines := []string{m.title(), m.head()}
	for _, l := range shown[min(m.scrolled, end):end] {
		lines = append(lines, m.row(l))
	}
	if len(shown) == 0 {
		lines = append(lines, faint.Styled(m.clip(m.nothing())))
	}
	for len(lines) < m.height-2 {
		lines = append(lines, "")
	}
	return append(lines, m.state(len(shown), end), faint.Styled(m.clip(m.keys())))
}

func (m *Model) title() string {
	held, waiting := 0, int64(0)
	for _, l := range m.locks {
		if l.Held {
			held++
		}
		waiting += l.Queued
	}
	left := "redilock top  " + m.c.Where
	right := fmt.Sprintf("%d held, %d waiting  %s", held, waiting, m.c.Now().Format("15:04:05"))
	fill := m.width - ansi.StringWidth(left) - ansi.StringWidth(right)
	if fill < 1 {
		return bold.Styled(m.clip(left))
	}
	return bold.Styled(left) + strings.Repeat(" ", fill) + right
}

func (m *Model) nothing() string {
	switch {
	case m.at.IsZero():
		return "looking …"
	case m.filter != "":
		return "no lock whose name or holder has this in it"
	default:
		return "no lock is held or waited for"
	}
}

// state is the line above the keys: what is wrong, or out of the ordinary.
func (m *Model) state(shown, end int) string {
	switch {
	case m.typing:
		return bold.Styled(m.clip("filter: " + m.filter + "▏"))
	case m.err != nil:
		what := m.c.Explain(m.err)
		if !m.at.IsZero() {
			what = fmt.Sprintf("%s old: %s", age(m.c.Now().Sub(m.at)), what)
		}
		return red.Styled(m.clip(what))
	}
	old := m.c.Now().Sub(m.at)
	if !m.at.IsZero() && !m.paused && old > m.c.Interval+patience {
		return red.Styled(m.clip(age(old) + " old: the server does not answer"))
	}
	var words []string
	if m.paused {
		words = append(words, "paused")
	}
	if m.filter != "" {
		words = append(words, "only with "+table.Safe(m.filter))
	}
	if shown > m.body() {
		words = append(words, fmt.Sprintf("%d to %d of %d", m.scrolled+1, end, shown))
	}
	return m.clip(strings.Join(words, "  "))
}

func (m *Model) keys() string {
	free := "all"
	if m.all {
		free = "held only"
	}
	return fmt.Sprintf("q quit  / filter  a %s  p pause  sort by: n h f l w t (twice: reversed)", free)
}

func (m *Model) clip(s string) string { return ansi.Truncate(s, m.width, "…") }

// widths gives the columns that fit their widths; the others have 0.
func (m *Model) widths() []int {
	widths := make([]int, len(columns))
	left, shares := m.width, 0
	for i, c := range columns {
		switch {
		case m.width < c.from:
			continue
		case c.width == 0:
			shares++
		default:
			widths[i] = c.width
		}
		left -= c.width + gapWidth
	}
	left += gapWidth
	for i, c := range columns {
		if c.width == 0 {
			widths[i] = max(left/shares, 4)
			left -= widths[i]
			shares--
		}
	}
	return widths
}

// cells joins what stands in the columns, and styles each.
func (m *Model) cells(text func(column) (string, ansi.Style)) string {
	var b strings.Builder
	for i, width := range m.widths() {
		if width == 0 {
			continue
		}
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gapWidth))
		}
		s, style := text(columns[i].id)
		s = table.Cell(s, width, columns[i].right)
		if len(style) > 0 {
			s = style.Styled(s)
		}
		b.WriteString(s)
	}
	return strings.TrimRight(b.String(), " ")
}

func (m *Model) head() string {
	return m.cells(func(c column) (string, ansi.Style) {
		head := columns[c].head
		if c != m.by {
			return head, bold
		}
		return head, invert
	})
}

func (m *Model) row(l listing.Lock) string {
	left, fraction := m.left(l)
	return m.cells(func(c column) (string, ansi.Style) {
		switch c {
		case byName:
			if !l.Held {
				return table.Safe(l.Name), faint
			}
			return table.Safe(l.Name), nil
		case byHolder:
			return l.Holder(), holder(l)
		case byFence:
			return l.Number(), nil
		case byLeft:
			return left, lease(fraction)
		case byWaiting:
			if l.Queued == 0 {
				return "·", faint
			}
			return strconv.FormatInt(l.Queued, 10), bold
		default:
			return m.held(l), nil
		}
	})
}

func holder(l listing.Lock) ansi.Style {
	switch {
	case l.Err != nil:
		return red
	case !l.Held:
		return faint
	default:
		return nil
	}
}

// left is the lease as a bar and in figures. The bar is full at the most that was seen of this grant.
func (m *Model) left(l listing.Lock) (text string, fraction float64) {
	if !l.Held {
		return "", 1
	}
	if l.Remaining < 0 {
		return bar(barWidth, 1) + " none", 1
	}
	left := l.Remaining
	if !m.paused {
		left = max(left-m.c.Now().Sub(m.at), 0)
	}
	if most := m.grants[l.Name].most; most > 0 {
		fraction = min(float64(left)/float64(most), 1)
	}
	return bar(barWidth, fraction) + " " + table.Cell(age(left), leftWidth, true), fraction
}

// bar is a bar of some width, filled by a fraction, and never empty before it is.
func bar(width int, fraction float64) string {
	full := int(fraction*float64(width) + 0.5)
	if fraction > 0 {
		full = max(full, 1)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// lease is the style of a lease by what is left: those that are extended never go below two thirds for long.
func lease(fraction float64) ansi.Style {
	switch {
	case fraction < 0.1:
		return red
	case fraction < 1.0/3:
		return yellow
	default:
		return green
	}
}

// held is how long the lock has been seen with its holder. Nobody knows how long that was before the first look.
func (m *Model) held(l listing.Lock) string {
	g, ok := m.grants[l.Name]
	if !ok {
		return ""
	}
	now := m.c.Now()
	if m.paused {
		now = m.at
	}
	if g.early {
		return ">" + age(now.Sub(g.since))
	}
	return age(now.Sub(g.since))
}

// age is a duration in 6 characters at the most.
func age(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', 1, 64) + "s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}
