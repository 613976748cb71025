package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// frames per second of the live picture: smooth enough, and little beside the work that it shows.
const frames = 15

// screen redraws a picture in place.
type screen struct {
	out   io.Writer
	drawn int // lines of the last frame
}

func (s *screen) draw(lines []string) {
	var b strings.Builder
	b.WriteString("\x1b[?2026h\x1b[?25l") // one update, without a cursor running about
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", s.drawn)
	}
	for _, line := range lines {
		b.WriteString(line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J\x1b[?2026l")
	_, _ = io.WriteString(s.out, b.String())
	s.drawn = len(lines)
}

func (s *screen) close() { _, _ = io.WriteString(s.out, "\x1b[?25h") }

// live draws until stop is called, which draws nothing more.
func live(c Config, r *record, title string, expected time.Duration) (stop func()) {
	s := &screen{out: c.Out}
	quit := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(time.Second / frames)
		defer tick.Stop()
		span := expected
		for {
			now := r.now()
			for now > span {
				span += span / 4 // everything so far stays in the picture
			}
			columns, rows := c.Size()
			lines := c.picture(columns).draw(r, title, now, span, false)
			if len(lines) < rows { // else it would scroll, and could not be redrawn
				s.draw(lines)
			}
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	})
	return func() {
		close(quit)
		ended.Wait()
		if s.drawn > 0 {
			fmt.Fprintf(c.Out, "\x1b[%dA\r\x1b[J", s.drawn) // the final picture takes its place
		}
		s.close()
	}
}

// plain prints a line for every turn.
func plain(out io.Writer) func(grantInfo) {
	return func(g grantInfo) {
		fmt.Fprintf(out, "%9s  %-3s holds, fence %d, after %s of waiting; %d still wait\n",
			clock(g.at), g.worker, g.fence, ms(g.waited), g.waiting)
	}
}
