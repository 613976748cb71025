// Package wakeup is the one subscription of a client, by which the server tells its waiters that they have the lock.
// Nothing depends on it alone: whoever waits goes on asking.
package wakeup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

const (
	// idleAfter is how long the subscription stays open when nobody waits.
	idleAfter = 30 * time.Second
	// silence is how long it may be silent before it is asked for a sign of life; a second silence reopens it.
	silence = 5 * time.Second
	// pause is how much longer than before it waits with each failure to connect, up to maxPause.
	pause    = 50 * time.Millisecond
	maxPause = time.Second
	// deniedFor is how long it is given up for where an ACL forbids it.
	deniedFor = time.Minute
)

// Listener is who waits. Its methods return at once.
type Listener interface {
	// Deliver hands over a message.
	Deliver(primitive.Grant)
	// AskNow makes all registered waiters ask: the server is to learn how to reach them.
	AskNow()
	// AskSoon makes them ask within a poll, in no particular order: messages were lost.
	AskSoon()
}

// Subscription is opened when somebody waits, and relied on only once the server has confirmed it. It is safe for
// concurrent use.
type Subscription struct {
	rdb      redis.UniversalClient
	channel  string
	want     primitive.Wake // what to ask for once it is live
	listener Listener
	events   *event.Background

	mu       sync.Mutex
	watchers int
	sub      *redis.PubSub // nil: not open
	opening  bool
	live     bool
	denied   time.Time
	idle     *time.Timer
	closed   bool
	life     chan struct{} // closed by Close
}

// New makes a Subscription. Nothing is sent before somebody watches.
func New(rdb redis.UniversalClient, channel string, listener Listener, events *event.Background) *Subscription {
	s := &Subscription{
		rdb: rdb, channel: channel, want: primitive.Broadcast, listener: listener, events: events,
		life: make(chan struct{}),
	}
	if _, single := rdb.(*redis.Client); single {
		s.want = primitive.Push // one server: a publish that nobody receives says that we are gone
	}
	return s
}

// Mode is how the server is to tell a waiter, and where.
func (s *Subscription) Mode() (primitive.Wake, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		return primitive.Poll, ""
	}
	return s.want, s.channel
}

// Watch says that one more waits.
func (s *Subscription) Watch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers++
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	if s.opening || s.closed || time.Since(s.denied) < deniedFor {
		return
	}
	s.opening = true
	go s.read()
}

// Unwatch says that one fewer waits.
func (s *Subscription) Unwatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers--
	if s.watchers == 0 && s.opening && !s.closed {
		s.idle = time.AfterFunc(idleAfter, s.rest)
	}
}

// rest closes a subscription that nobody has needed for a while.
func (s *Subscription) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers == 0 {
		s.shut()
	}
}

// shut ends the reader. It is called with s.mu held.
func (s *Subscription) shut() {
	s.live = false
	s.opening = false
	if s.sub != nil {
		_ = s.sub.Close() // the reader finds it closed, and ends
		s.sub = nil
	}
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	close(s.life)
	if s.idle != nil {
		s.idle.Stop()
	}
	s.shut()
}

// open subscribes. Nil if it is not wanted any more.
func (s *Subscription) open() *redis.PubSub {
	sub := s.rdb.Subscribe(context.Background(), s.channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.opening || s.sub != nil {
		_ = sub.Close()
		return nil
	}
	s.sub = sub
	return sub
}

// read is the one goroutine of an open subscription. It only sorts messages: a reader that works lets them pile up. A
// panic, of a dialer or a hook of the caller's, counts as a broken connection.
func (s *Subscription) read() {
	var sub *redis.PubSub
	finished := false
	defer func() {
		if finished {
			return
		}
		_ = recover()
		time.AfterFunc(maxPause, func() { s.reopen(sub) })
	}()
	if sub = s.open(); sub != nil {
		s.receive(sub)
	}
	finished = true
}

func (s *Subscription) receive(sub *redis.PubSub) {
	silent, failures := false, 0
	for first := true; ; {
		message, err := sub.ReceiveTimeout(context.Background(), silence)
		switch m := message.(type) {
		case *redis.Subscription:
			s.confirmed(sub, first)
			first = false
		case *redis.Message:
			if g, ok := primitive.ParseMessage(m.Payload); ok { // others are not from our scripts
				s.listener.Deliver(g)
			}
		}
		if err == nil {
			silent, failures = false, 0
			continue
		}
		if !s.current(sub) {
			return
		}
		switch {
		case errors.Is(call.Explain(err), failure.Denied):
			s.deny(err)
			return
		case errors.Is(err, redis.ErrClosed) && s.gone():
			return
		case isTimeout(err) && !silent:
			silent = true
			_ = sub.Ping(context.Background()) // a failure shows as the next error
		case isTimeout(err):
			s.reopen(sub)
			return
		default:
			// The next receive reconnects: at once, but a server that is away needs no hurry.
			if failures++; failures > 1 {
				s.down(sub)
			}
			if !s.wait(min(time.Duration(failures-1)*pause, maxPause)) {
				return
			}
		}
	}
}

// gone closes a subscription whose go-redis client was closed: it cannot connect again.
func (s *Subscription) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
	s.denied = time.Now()
	return true
}

func (s *Subscription) deny(err error) {
	s.mu.Lock()
	s.denied = time.Now()
	s.shut()
	s.mu.Unlock()
	s.events.Add(context.Background(), event.Event{Kind: event.Muted, Err: err})
}

// wait reports false if the subscription was closed.
func (s *Subscription) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.life:
		return false
	}
}

// down makes the waiters poll for as long as the subscription cannot connect: the server would take a waiter that cannot be
// told for dead, and hand the lock to the next. They ask at once, so that it knows.
func (s *Subscription) down(sub *redis.PubSub) {
	s.mu.Lock()
	was := s.sub == sub && s.live
	if was {
		s.live = false
	}
	s.mu.Unlock()
	if was {
		s.listener.AskNow()
	}
}

func (s *Subscription) current(sub *redis.PubSub) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sub == sub
}

// reopen replaces a subscription whose connection answers nothing any more.
func (s *Subscription) reopen(sub *redis.PubSub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.opening || s.sub != sub {
		return
	}
	s.shut()
	s.opening = true
	go s.read()
}

// confirmed makes the waiters ask once more: the first time so that the server learns how to wake them, afterwards
// because messages were lost while the connection was down.
func (s *Subscription) confirmed(sub *redis.PubSub, first bool) {
	s.mu.Lock()
	if s.sub != sub {
		s.mu.Unlock()
		return
	}
	s.live = true
	s.mu.Unlock()
	if first {
		s.listener.AskNow()
	} else {
		s.listener.AskSoon()
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
