package redilocktest

import (
	"net"
	"os"
	"sync"
	"time"
)

// conn is the client's end of an in-memory connection, with a receive buffer as a socket has one. Without it a server
// that writes to a subscriber that is busy would stand still with a mutex held, and a bubble's time with it.
type conn struct {
	net.Conn

	mu       sync.Mutex
	buffer   []byte
	err      error         // what ended the connection
	deadline time.Time     // of Read; zero: none
	changed  chan struct{} // closed, and made anew, at every change
}

func newConn(c net.Conn) *conn {
	b := &conn{Conn: c, changed: make(chan struct{})}
	go b.receive()
	return b
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
