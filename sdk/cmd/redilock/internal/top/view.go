package top

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
)

// patience is how late the next look may be before the table says how old it is.
const patience = 2 * time.Second

// body is how many rows of locks there is room for: all but title, head and foot.
func (m *Model) body() int { return max(m.height-4, 1) }

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
	by := "n h f l w t"
	if m.permits {
		by = "n h u f l w t"
	}
	return fmt.Sprintf("q quit  / filter  a %s  p pause  sort by: %s (twice: reversed)", free, by)
}

func (m *Model) clip(s string) string { return ansi.Truncate(s, m.width, "…") }

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
		case byUsed:
			return l.Used(), nil
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
