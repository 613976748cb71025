package linear_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// late makes the messages of a client's subscription late, now and then by more than a short lease: as if its process had
// been stopped, or its network stalled, while its other calls go through.
func late(o *redis.Options) *redis.Options {
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &lateConn{Conn: conn}, err
	}
	return o
}

type lateConn struct {
	net.Conn
	subscribed bool // written and read by the goroutines of one subscription, which go-redis keeps apart
}

func (c *lateConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("subscribe")) {
		c.subscribed = true
	}
	return c.Conn.Write(p)
}

func (c *lateConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.subscribed && rand.IntN(4) == 0 {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond) // the network
	}
	return n, err
}
