package resp

import (
	"bufio"
	"net"
	"time"
)

// Conn is a connection to a server, for one goroutine at a time. Every read and write ends within its timeout.
type Conn struct {
	conn    net.Conn
	reader  *bufio.Reader
	timeout time.Duration
	out     []byte
}

// NewConn makes a connection of c. No read or write may take longer than timeout.
func NewConn(c net.Conn, timeout time.Duration) *Conn {
	return &Conn{conn: c, reader: bufio.NewReader(c), timeout: timeout}
}

// Dial connects to an address of the network: "tcp" or "unix".
func Dial(network, address string, timeout time.Duration) (*Conn, error) {
	c, err := net.DialTimeout(network, address, timeout)
	if err != nil {
		return nil, err
	}
	return NewConn(c, timeout), nil
}

// Do sends a command and reads its reply. An error reply is a reply: err is of the connection alone.
func (c *Conn) Do(args ...string) (Reply, error) {
	if err := c.Send(args...); err != nil {
		return Reply{}, err
	}
	return c.Receive()
}

// Send sends a command without waiting for its reply, as a subscription needs.
func (c *Conn) Send(args ...string) error {
	c.out = AppendCommand(c.out[:0], args...)
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	_, err := c.conn.Write(c.out)
	return err
}

// Receive reads one reply, or one message of a subscription.
func (c *Conn) Receive() (Reply, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return Reply{}, err
	}
	return Read(c.reader)
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }
