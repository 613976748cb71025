package redilock_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
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
	cut  atomic.Bool   // replies of scripts are lost
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

// mailConn is a connection whose replies pass through the mailbox once it has subscribed, and are lost before that while
// the mailbox cuts those of scripts.
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
	switch {
	case c.subscribed:
		c.box.wait()
	case c.box.cut.Load() && bytes.HasPrefix(p[:n], []byte("*")): // of a script
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// slowClient is a client whose messages, and replies, the mailbox has in its hands.
func slowClient(w *world) (*redilock.Client, *mailbox) {
	box := newMailbox()
	rdb := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:6379", ReadTimeout: 100 * time.Millisecond,
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			conn, err := w.server.Dial()
			return &mailConn{Conn: conn, box: box}, err
		},
	})
	w.Cleanup(func() { _ = rdb.Close() })
	c, err := redilock.New(rdb, redilock.WithPollInterval(4*time.Second))
	w.must(err)
	w.Cleanup(func() { _ = c.Close() })
	return c, box
}

// wait is a call of Lock that somebody else may end.
type wait struct {
	mu   sync.Mutex
	got  *redilock.Lock
	done chan error
}

func (w *world) wait(m *redilock.Mutex) *wait {
	x := &wait{done: make(chan error, 1)}
	go func() {
		l, err := m.Lock(w.ctx)
		x.mu.Lock()
		defer x.mu.Unlock()
		x.got = l
		x.done <- err
	}()
	return x
}

func (w *world) inspect(name string) redilock.Status {
	w.Helper()
	status, err := w.client().Inspect(w.ctx, name)
	w.must(err)
	return status
}

// ends expects that the wait has not ended while somebody else has the lock, and ends it by an unlock.
func (x *wait) ends(w *world, other *redilock.Lock) {
	w.Helper()
	synctest.Wait()
	x.mu.Lock()
	if x.got != nil && other.Context().Err() == nil {
		w.Errorf("two holders: fences %d and %d", x.got.Fence(), other.Fence())
	}
	x.mu.Unlock()
	w.must(other.Unlock(w.ctx))
	w.must(<-x.done)
	if x.got.Fence() <= other.Fence() {
		w.Errorf("fence %d after %d", x.got.Fence(), other.Fence())
	}
	w.must(x.got.Unlock(w.ctx))
}

// TestStaleMessage: a waiter gets the lock by hand-off, and hears of it only when the lease is over, somebody else has the
// lock, and the server has told the waiter that it stands in the queue again. The message must not count.
func TestStaleMessage(t *testing.T) {
	bubble(t, func(w *world) {
		slow, box := slowClient(w)
		first := w.lock(w.client(), "l", time.Minute)
		waiter := w.wait(slow.Mutex("l", time.Second))
		time.Sleep(time.Second) // it stands in the queue, and listens
		synctest.Wait()
		box.shut()
		w.must(first.Unlock(w.ctx))         // to the waiter, which does not hear of it
		time.Sleep(1500 * time.Millisecond) // nor has it asked yet, and its lease is over

		second := w.lock(w.client(), "l", time.Minute)
		time.Sleep(1600 * time.Millisecond) // it has just asked: it stands in the queue
		box.release()
		waiter.ends(w, second)
	})
}

// TestStaleMessageOfASuccessor: the same, but the waiter was named to the server by an Unlock of its client whose reply
// was lost. Its own first question is then not the first thing that the server hears of it.
func TestStaleMessageOfASuccessor(t *testing.T) {
	bubble(t, func(w *world) {
		slow, box := slowClient(w)
		mine := w.lock(slow, "l", time.Minute)
		before := w.wait(w.client().Mutex("l", time.Minute))
		waiter := w.wait(slow.Mutex("l", time.Second))
		// Another name makes it listen, so that the Unlock can name a channel.
		other := w.lock(w.client(), "other", time.Minute)
		listens := w.wait(slow.Mutex("other", time.Minute))
		time.Sleep(time.Second)
		synctest.Wait()

		box.shut()
		box.cut.Store(true)
		if err := mine.Unlock(w.ctx); err == nil { // to the one before the waiter, which is in the queue then
			w.Error("an Unlock whose replies are lost tells of no error")
		}
		w.must(<-before.done)
		w.must(before.got.Unlock(w.ctx)) // to the waiter, which does not hear of it
		time.Sleep(3 * time.Second)      // its first question was given up, and its lease is over
		second := w.lock(w.client(), "l", time.Minute)
		box.cut.Store(false)
		for len(w.inspect("l").Waiters) == 0 { // until it has asked again
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		box.release()
		waiter.ends(w, second)
		listens.ends(w, other)
	})
}

// TestGrantAfterRepeats: by the time a reply gets through, the lease would be over, if it had begun with the first send.
func TestGrantAfterRepeats(t *testing.T) {
	bubble(t, func(w *world) {
		slow, box := slowClient(w)
		box.cut.Store(true)
		waiter := w.wait(slow.Mutex("l", 200*time.Millisecond))
		time.Sleep(250 * time.Millisecond)
		box.cut.Store(false)
		w.must(<-waiter.done)
		w.must(waiter.got.Unlock(w.ctx))
	})
}

// TestStaleHandOver: the same, but the waiter is told by the reply of a release of its own client, which comes after the
// server has said that the waiter stands in the queue again.
func TestStaleHandOver(t *testing.T) {
	bubble(t, func(w *world) {
		gate := make(chan struct{})
		rdb := w.redis()
		rdb.AddHook(hook(func(verb string, _ []redis.Cmder, send func() error) error {
			err := send()
			if verb == "release" && err == nil {
				<-gate // as in a process that gets no processor
			}
			return err
		}))
		c, err := redilock.New(rdb)
		w.must(err)
		w.Cleanup(func() { _ = c.Close() })

		first := w.lock(w.client(), "l", time.Minute)
		waiter := w.wait(c.Mutex("l", time.Minute))
		synctest.Wait() // it stands in the queue, and listens
		attached, err := c.Attach("l", first.Token())
		w.must(err)
		unlocked := make(chan error, 1)
		go func() { unlocked <- attached.Unlock(w.ctx) }() // to the waiter: the reply says so
		synctest.Wait()
		w.must(w.redis().Del(w.ctx, "l").Err()) // by somebody else
		second := w.lock(w.client(), "l", time.Minute)
		time.Sleep(time.Second) // more than its poll interval: it has asked, and stands in the queue
		close(gate)
		w.must(<-unlocked)
		waiter.ends(w, second)
	})
}
