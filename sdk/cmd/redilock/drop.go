package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// dropWriter writes lines without ever making the writer wait: what the other end does not take in time is dropped, and
// counted. Standard error may be a pipe that nobody reads, or a terminal after Ctrl-S.
type dropWriter struct {
	lines   chan []byte
	flushes chan chan struct{}
	dropped atomic.Int64
}

const (
	maxLines = 1000 // that wait to be written
	// flushLimit is how long an exit waits for the last lines.
	flushLimit = time.Second
)

func newDropWriter(out io.Writer) *dropWriter {
	w := &dropWriter{lines: make(chan []byte, maxLines), flushes: make(chan chan struct{})}
	go w.run(out)
	return w
}

// Write is part of io.Writer. It never fails.
func (w *dropWriter) Write(line []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), line...):
	default:
		w.dropped.Add(1)
	}
	return len(line), nil
}

func (w *dropWriter) run(out io.Writer) {
	for {
		select {
		case line := <-w.lines:
			w.put(out, line)
		case done := <-w.flushes:
			for len(w.lines) > 0 {
				w.put(out, <-w.lines)
			}
			close(done)
		}
	}
}

// put writes a line. An error concerns nobody: there is no other place to tell it.
func (w *dropWriter) put(out io.Writer, line []byte) {
	if n := w.dropped.Swap(0); n > 0 {
		_, _ = fmt.Fprintf(out, "redilock: %d messages were dropped here: nobody took them\n", n)
	}
	_, _ = out.Write(line)
}

// flush waits until all is written, or flushLimit is over.
func (w *dropWriter) flush() {
	limit := time.NewTimer(flushLimit)
	defer limit.Stop()
	done := make(chan struct{})
	select {
	case w.flushes <- done:
	case <-limit.C:
		return
	}
	select {
	case <-done:
	case <-limit.C:
	}
}
