package redilock_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// deaf is a dialer whose subscriptions break and cannot connect again, while its other connections go on.
type deaf struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	on   atomic.Bool
	sub  atomic.Pointer[deafConn]
}

type deafConn struct {
	net.Conn
	d *deaf
}

func (d *deaf) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.on.Load() {
		return nil, errors.New("ERR max number of clients reached")
	}
	conn, err := d.dial(ctx, network, addr)
	return &deafConn{conn, d}, err
}

func (c *deafConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("subscribe")) {
		c.d.sub.Store(c)
	}
	return c.Conn.Write(p)
}

// A client whose subscription is down polls, and keeps its place in the queue: its process is not gone.
func TestNobodyIsTakenForDeadWhoPolls(t *testing.T) {
	t.Parallel()
	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
		d := &deaf{dial: s.Redis.Options().Dialer}
		rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Dialer: d.connect})
		t.Cleanup(func() { rdb.Close() })
		c, err := redilock.New(rdb)
		want(t, "New", err, nil)
		t.Cleanup(func() { c.Close() })
		const ttl = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for range 3 { // who always stand in the queue as well
			m := s.NewClient().Mutex("x", ttl)
			others.Go(func() {
				for ctx.Err() == nil {
					if l, err := m.Lock(ctx); err == nil {
						time.Sleep(3 * time.Second) // its work
						want(t, "Unlock", l.Unlock(ctx), nil)
					}
				}
			})
		}
		s.Advance(time.Second)
		got := make(chan time.Time, 1)
		start := time.Now()
		go func() {
			l, err := c.Mutex("x", ttl).Lock(ctx)
			if err == nil {
				got <- time.Now()
				want(t, "Unlock", l.Unlock(ctx), nil)
			}
		}()
		s.Advance(time.Second) // it is queued, by message
		d.on.Store(true)
		if err := d.sub.Load().Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case at := <-got:
			t.Logf("it waited %v", at.Sub(start))
		case <-time.After(30 * time.Second):
			t.Error("it waits for ever behind three others")
		}
		cancel()
		others.Wait()
	})
}
