package redilock_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// mailbox holds the messages of subscriptions back, as a process does that was stopped, or a network that stalls.
type mailbox struct {
	mu   sync.Mutex
	open chan struct{} // closed: messages pass
}

func newMailbox() *mailbox {
	b := &mailbox{open: make(chan struct{})}
	close(b.open)
	return b
}

func (b *mailbox) shut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = make(chan struct{})
}

func (b *mailbox) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.open)
}

func (b *mailbox) wait() {
	b.mu.Lock()
	open := b.open
	b.mu.Unlock()
	<-open
}

// mailConn is a connection whose replies pass through the mailbox once it has subscribed.
type mailConn struct {
	net.Conn
	box        *mailbox
	subscribed bool
}

func (c *mailConn) Write(p []byte) (int, error) {
	c.subscribed = c.subscribed || bytes.Contains(p, []byte("subscribe"))
	return c.Conn.Write(p)
}

func (c *mailConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.subscribed {
		c.box.wait()
	}
	return n, err
}

// TestStaleMessage: a waiter gets the lock by hand-off, and hears of it only when the lease is over, somebody else has the
// lock, and the server has told the waiter that it stands in the queue again. The message must not count.
func TestStaleMessage(t *testing.T) {
	bubble(t, func(w *world) {
		box := newMailbox()
		rdb := redis.NewClient(&redis.Options{
			Addr: "127.0.0.1:6379",
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				conn, err := w.server.Dial()
				return &mailConn{Conn: conn, box: box}, err
			},
		})
		w.Cleanup(func() { _ = rdb.Close() })
		slow, err := redilock.New(rdb, redilock.WithPollInterval(4*time.Second))
		w.must(err)
		w.Cleanup(func() { _ = slow.Close() })

		first := w.lock(w.client(), "l", time.Minute)
		var mu sync.Mutex
		var got *redilock.Lock
		done := make(chan error, 1)
		go func() {
			l, err := slow.Mutex("l", time.Second).Lock(w.ctx)
			mu.Lock()
			defer mu.Unlock()
			got = l
			done <- err
		}()
		time.Sleep(time.Second) // it stands in the queue, and listens
		synctest.Wait()
		box.shut()
		w.must(first.Unlock(w.ctx))         // to the waiter, which does not hear of it
		time.Sleep(1500 * time.Millisecond) // nor has it asked yet, and its lease is over

		second := w.lock(w.client(), "l", time.Minute)
		time.Sleep(1600 * time.Millisecond) // it has just asked: it stands in the queue
		box.release()
		synctest.Wait()
		mu.Lock()
		if got != nil && second.Context().Err() == nil {
			t.Errorf("two holders: fences %d and %d", got.Fence(), second.Fence())
		}
		mu.Unlock()
		w.must(second.Unlock(w.ctx))
		w.must(<-done)
		if got.Fence() <= second.Fence() {
			t.Errorf("fence %d after %d", got.Fence(), second.Fence())
		}
		w.must(got.Unlock(w.ctx))
	})
}
