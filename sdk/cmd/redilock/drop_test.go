package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// gate is a writer that waits until it is open.
type gate struct {
	open chan struct{}
	buf  bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.buf.Write(p)
}

// A writer that takes nothing makes nobody wait: not who writes, nor for long who flushes; what was dropped is told.
func TestDropWriter(t *testing.T) {
	t.Parallel()
	g := &gate{open: make(chan struct{})}
	w := newDropWriter(g)
	const more = 7
	for i := range maxLines + 1 + more { // one is being written
		if _, err := fmt.Fprintf(w, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			for end := time.Now().Add(10 * time.Second); len(w.lines) > 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}
	}
	began := time.Now()
	if w.flush(); time.Since(began) > 10*flushLimit {
		t.Errorf("a flush took %v", time.Since(began))
	}
	close(g.open)
	w.flush()
	lines := strings.Split(strings.TrimSpace(g.buf.String()), "\n")
	if len(lines) != maxLines+2 || lines[0] != "line 0" || lines[len(lines)-1] != fmt.Sprintf("line %d", maxLines) {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
	if !strings.Contains(g.buf.String(), fmt.Sprintf("redilock: %d messages were dropped", more)) {
		t.Error("what was dropped is not told")
	}
}
