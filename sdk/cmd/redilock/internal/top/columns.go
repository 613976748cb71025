package top

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// column is what can be sorted by.
type column int

const (
	byName column = iota
	byHolder
	byUsed
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
	{byUsed, "USED", "u", usedWidth, 56, true, true},
	{byFence, "FENCE", "f", 16, 76, true, true},
	{byLeft, "LEASE LEFT", "l", barWidth + 1 + leftWidth, 50, false, false},
	{byWaiting, "WAIT", "w", 4, 0, true, true},
	{byHeld, "HELD FOR", "t", 8, 64, true, true},
}

const (
	barWidth  = 8
	leftWidth = 6
	gapWidth  = 2
	// usedWidth has room for 9999/10000. The column is there while a semaphore is, and FENCE gives way to it.
	usedWidth = 10
)

// widths gives the columns that fit their widths; the others have 0.
func (m *Model) widths() []int {
	widths := make([]int, len(columns))
	left, shares := m.width, 0
	for i, c := range columns {
		switch {
		case m.hidden(c.id, c.from):
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

// hidden reports whether there is no room for a column, or nothing to show in it.
func (m *Model) hidden(c column, from int) bool {
	switch {
	case c == byUsed && !m.permits:
		return true
	case c == byFence && m.permits:
		from += usedWidth + gapWidth
	}
	return m.width < from
}

// shown are the locks that are to be seen, in their order.
func (m *Model) shown() []listing.Lock {
	var rows []listing.Lock
	for _, l := range m.locks {
		if !m.all && !l.Held && l.Queued == 0 && l.Err == nil {
			continue
		}
		if strings.Contains(l.Name, m.filter) || heldBy(l, m.filter) {
			rows = append(rows, l)
		}
	}
	slices.SortStableFunc(rows, m.compare)
	return rows
}

// heldBy reports whether a holder has this in its name.
func heldBy(l listing.Lock, text string) bool {
	has := func(h redilock.SemaphoreHolder) bool { return strings.Contains(h.Owner, text) }
	return strings.Contains(l.Owner, text) || l.Semaphore != nil && slices.ContainsFunc(l.Semaphore.Holders, has)
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
	case byUsed:
		c = cmp.Compare(used(b), used(a))
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

// used is which part of a lock is in use; -1 for a mutex.
func used(l listing.Lock) float64 {
	if l.Semaphore == nil {
		return -1
	}
	return float64(l.Semaphore.Used) / float64(max(l.Semaphore.Limit, 1))
}
