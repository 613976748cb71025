// Package buffered gives in-memory connections what a socket has, and net.Pipe lacks.
package buffered

import (
	"net"
	"os"
	"sync"
	"time"
)

// conn is the client's end of an in-memory connection, with a receive buffer.
type conn struct {
	net.Conn

	mu       sync.Mutex
	buffer   []byte
	err      error         // what ended the connection
	deadline time.Time     // of Read; zero: none
	changed  chan struct{} // closed, and made anew, at every change
}

// New gives the client's end of an in-memory connection a receive buffer. Without it a server that answers a pipeline
// before it has read all of it, or writes to a subscriber that is busy, stands still, and a bubble's time with it. It takes
// what a dial gives.
func New(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	b := &conn{Conn: c, changed: make(chan struct{})}
	go b.receive()
	return b, nil
}

func (c *conn) receive() {
	chunk := make([]byte, 4096)
	for {
		n, err := c.Conn.Read(chunk)
		c.change(func() {
			c.buffer = append(c.buffer, chunk[:n]...)
			c.err = err
		})
		if err != nil {
			return
		}
	}
}

func (c *conn) change(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *conn) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		n := copy(p, c.buffer)
		c.buffer = c.buffer[n:]
		err, deadline, changed := c.err, c.deadline, c.changed
		c.mu.Unlock()
		switch {
		case n > 0 || len(p) == 0:
			return n, nil
		case err != nil:
			return 0, err
		case deadline.IsZero():
			<-changed
			continue
		case !time.Now().Before(deadline):
			return 0, os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(time.Until(deadline))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.change(func() { c.deadline = t })
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}
