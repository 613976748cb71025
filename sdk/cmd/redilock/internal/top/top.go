// Package top shows locks as a live table.
package top

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
)

// Config is what to show, and where.
type Config struct {
	Where    string        // what the title says of the server
	Interval time.Duration // between two looks
	// Fetch looks at the locks, those that are free too. It is called by one goroutine at a time.
	Fetch func(context.Context) ([]listing.Lock, error)
	// Explain is an error as the user should read it.
	Explain func(error) string
	In      io.Reader // the terminal's keys; nil: none
	Out     *os.File
	Now     func() time.Time // nil: time.Now
}

// redraw is how often the leases go down between two looks.
const redraw = 250 * time.Millisecond

// Run shows the table until the user or ctx ends it.
func Run(ctx context.Context, c Config) error {
	// Signals end ctx, and the caller knows which one it was.
	p := tea.NewProgram(New(ctx, c), tea.WithContext(ctx), tea.WithInput(c.In), tea.WithOutput(c.Out),
		tea.WithoutSignalHandler())
	_, err := p.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// fetched is the outcome of a look.
type fetched struct {
	at    time.Time // when it was asked for
	locks []listing.Lock
	err   error
}

// The ticks: fetchNow is due after each Interval, drawNow after each redraw.
type (
	fetchNow struct{}
	drawNow  struct{}
)

// grant is what has been seen of one grant of a lock.
type grant struct {
	owner string
	fence int64
	since time.Time
	early bool          // it was there at the first look: since is too late
	most  time.Duration // that was left of its lease
}

// Model is the state of the table, for bubbletea.
type Model struct {
	c   Config
	ctx context.Context

	width, height int

	locks   []listing.Lock // as fetched
	at      time.Time      // when that was asked for; zero: never
	err     error          // of the last look
	grants  map[string]grant
	permits bool // there is a semaphore among the locks

	by       column
	reverse  bool
	all      bool // those that are free too
	paused   bool
	filter   string
	typing   bool // the filter
	scrolled int  // rows
}

// New makes the table. The context bounds each look.
func New(ctx context.Context, c Config) *Model {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Model{c: c, ctx: ctx, width: 80, height: 24, by: byWaiting, grants: make(map[string]grant)}
}

// Init is called by bubbletea.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.fetch, m.tick()) }

func (m *Model) tick() tea.Cmd { return tea.Tick(redraw, func(time.Time) tea.Msg { return drawNow{} }) }

func (m *Model) fetch() tea.Msg {
	at := m.c.Now()
	locks, err := m.c.Fetch(m.ctx)
	return fetched{at, locks, err}
}

// Update is called by bubbletea.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.scroll(0)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case drawNow:
		return m, m.tick()
	case fetchNow:
		if m.paused {
			return m, m.later()
		}
		return m, m.fetch
	case fetched:
		m.take(msg)
		return m, m.later()
	}
	return m, nil
}

func (m *Model) later() tea.Cmd {
	return tea.Tick(m.c.Interval, func(time.Time) tea.Msg { return fetchNow{} })
}

// take makes a look the current one.
func (m *Model) take(f fetched) {
	m.err = f.err
	if f.err != nil {
		return // the old one, and how old it is, tells more than none
	}
	first := m.at.IsZero()
	m.locks, m.at = f.locks, f.at
	m.permits = slices.ContainsFunc(f.locks, func(l listing.Lock) bool { return l.Semaphore != nil })
	grants := make(map[string]grant, len(f.locks))
	for _, l := range f.locks {
		if !l.Held {
			continue
		}
		g, known := m.grants[l.Name]
		if !known || g.owner != l.Owner || g.fence != l.Fence {
			g = grant{owner: l.Owner, fence: l.Fence, since: f.at, early: first}
			if l.Semaphore != nil && l.HeldFor > 0 { // it may have stood behind one that was older
				g.since, g.early = f.at.Add(-l.HeldFor), false
			}
		}
		g.most = max(g.most, l.Remaining)
		grants[l.Name] = g
	}
	m.grants = grants
	m.scroll(0)
}

// key does what a key asks for.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if m.typing {
		return m.typed(k)
	}
	switch s := k.String(); s {
	case "q", "ctrl+c":
		return tea.Quit
	case "/":
		m.typing = true
	case "esc":
		m.filter = ""
	case "a":
		m.all = !m.all
	case "space", "p":
		m.paused = !m.paused
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup", "b":
		m.scroll(-m.body())
	case "pgdown":
		m.scroll(m.body())
	case "home", "g":
		m.scroll(-len(m.locks))
	case "end", "G":
		m.scroll(len(m.locks))
	default:
		m.sortBy(s)
	}
	return nil
}

// typed is a key while the filter is being typed.
func (m *Model) typed(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		return tea.Quit
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		if r := []rune(m.filter); len(r) > 0 {
			m.filter = string(r[:len(r)-1])
		}
	case "ctrl+u":
		m.filter = ""
	default:
		m.filter += k.Text
	}
	m.scroll(0)
	return nil
}

// sortBy sorts by the column that has this key, or by the same one the other way round.
func (m *Model) sortBy(key string) {
	for _, c := range columns {
		if c.key != key {
			continue
		}
		if m.by == c.id {
			m.reverse = !m.reverse
		} else {
			m.by, m.reverse = c.id, false
		}
	}
}

// scroll moves the table by some rows, and keeps it within its bounds.
func (m *Model) scroll(rows int) {
	m.scrolled = min(m.scrolled+rows, len(m.shown())-m.body())
	m.scrolled = max(m.scrolled, 0)
}
