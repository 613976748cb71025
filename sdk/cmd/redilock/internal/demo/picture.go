package demo

import (
	"fmt"
	"strings"
	"time"
)

// picture turns a record into lines: one lane per worker, time from left to right, two moments in a character. A moment
// shows what was true at one instant, the same for all lanes, so two bars above each other are two holders indeed.
type picture struct {
	columns int
	colour  bool
}

const (
	nameWidth   = 4  // of a worker, with a space
	statusWidth = 29 // what is said to the right of a lane
	minTimeline = 20
)

func (p picture) timeline() int { return max(p.columns-nameWidth-statusWidth-2, minTimeline) }

// draw gives the lanes, the axis and what is going on. span is how much time the width stands for.
func (p picture) draw(r *record, title string, now, span time.Duration, final bool) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := []string{p.paint(bold, p.clip(title)), ""}
	base := int64(0)
	if len(r.fences) > 0 {
		base = r.fences[0]
	}
	for i := range r.lanes {
		l := &r.lanes[i]
		name := p.paint(clientColour(l.client), fmt.Sprintf("%-*s", nameWidth, l.name))
		lines = append(lines, " "+name+p.lane(l, now, span)+" "+p.status(r, l, base, now, final))
	}
	return append(lines, p.paint(dim, " "+strings.Repeat(" ", nameWidth)+p.axis(span)), p.foot(r, base, final))
}

// lane is one worker's timeline.
func (p picture) lane(l *lane, now, span time.Duration) string {
	n := p.timeline()
	moment := span / time.Duration(2*n)
	look := func(i int) phase {
		at := moment*time.Duration(i) + moment/2
		if at > now {
			return rests
		}
		return l.at(at)
	}
	var b strings.Builder
	run, style := "", ""
	flush := func() {
		b.WriteString(p.paint(style, run))
		run = ""
	}
	for i := range n {
		s, with := cell(look(2*i), look(2*i+1))
		code := ""
		switch with {
		case holds:
			code = clientColour(l.client)
		case waits:
			code = dim
		}
		if code != style {
			flush()
			style = code
		}
		run += s
	}
	flush()
	return b.String()
}

// cell is the character for two neighbouring moments, and the phase whose colour it takes.
func cell(left, right phase) (string, phase) {
	switch {
	case left == holds && right == holds:
		return "█", holds
	case left == holds:
		return "▌", holds
	case right == holds:
		return "▐", holds
	case left == waits && right == waits:
		return "─", waits
	case left == waits:
		return "╴", waits
	case right == waits:
		return "╶", waits
	default:
		return " ", rests
	}
}

// status says in words what the right end of a lane means.
func (p picture) status(r *record, l *lane, base int64, now time.Duration, final bool) string {
	turns := fmt.Sprintf("%*d/%d", digits(r.rounds), l.turns, r.rounds)
	last := l.last()
	for_ := max(now-last.at, 0)
	switch {
	case final:
		return fmt.Sprintf("%s  longest wait %s", turns, ms(l.longest))
	case last.phase == holds:
		return turns + "  " + p.paint(clientColour(l.client)+bold, fmt.Sprintf("holds +%-4d %s", l.fence-base, ms(for_)))
	case last.phase == waits:
		return turns + "  " + fmt.Sprintf("waits       %s", ms(for_))
	case last.phase == done:
		return turns + "  " + p.paint(dim, "done")
	default:
		return turns
	}
}

// axis marks the time, with as many labels as there is room for.
func (p picture) axis(span time.Duration) string {
	n := p.timeline()
	step := time.Millisecond
	for factor := 0; n*int(step)/max(int(span), 1) < 10; factor++ {
		step = step * []time.Duration{2, 5, 2}[factor%3] / []time.Duration{1, 2, 1}[factor%3]
	}
	axis := []rune(strings.Repeat(" ", n))
	for at := time.Duration(0); at < span; at += step {
		col := int(int64(at) * int64(n) / int64(span))
		label := []rune("╵" + at.String())
		if col+len(label) > n {
			break
		}
		copy(axis[col:], label)
	}
	return string(axis)
}

func (p picture) foot(r *record, base int64, final bool) string {
	legend := " " + strings.Repeat(" ", nameWidth) + "█ holds  ─ waits"
	if final || base == 0 {
		return p.paint(dim, p.clip(legend))
	}
	now := "nobody holds"
	if len(r.inside) > 0 {
		now = r.lanes[r.inside[0]].name + " holds"
	}
	return p.paint(dim, p.clip(fmt.Sprintf("%s   now %s, %d wait   fence +n: %d + n", legend, now, r.count(waits), base)))
}

// clip keeps a line from wrapping, which would spoil the redrawing in place.
func (p picture) clip(s string) string {
	if runes := []rune(s); len(runes) > p.columns {
		return string(runes[:p.columns])
	}
	return s
}

const (
	bold = "\x1b[1m"
	dim  = "\x1b[2m"
	good = "\x1b[32m"
	bad  = "\x1b[31m"
	off  = "\x1b[0m"
)

// clientColours are told apart on dark and light backgrounds.
var clientColours = []int{39, 208, 41, 170, 178, 203, 99, 80}

func clientColour(client int) string {
	return fmt.Sprintf("\x1b[38;5;%dm", clientColours[client%len(clientColours)])
}

func (p picture) paint(code, s string) string {
	if !p.colour || code == "" || s == "" {
		return s
	}
	return code + s + off
}

func ms(d time.Duration) string { return fmt.Sprintf("%4d ms", d.Milliseconds()) }

func digits(n int) int { return len(fmt.Sprint(n)) }
