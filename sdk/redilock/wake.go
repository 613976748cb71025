package redilock

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

const (
	// wakeIdle is how long the subscription stays open when nobody waits.
	wakeIdle = 30 * time.Second
	// wakeSilence is how long it may be silent before it is asked for a sign of life; a second silence reopens it.
	wakeSilence = 5 * time.Second
	// wakePause is how much longer than before it waits with each failure to connect, up to maxWakePause.
	wakePause    = 50 * time.Millisecond
	maxWakePause = time.Second
	// wakeDenied is how long it is given up for where an ACL forbids it.
	wakeDenied = time.Minute
)

// wakeup is the client's one subscription, by which the server tells its waiters that they have the lock. It is opened
// when somebody waits, and relied on only once the server has confirmed it. Nothing depends on it alone: whoever waits
// goes on asking.
type wakeup struct {
	c       *Client
	channel string
	want    mutexv1.Wake // what to ask for once it is live; poll: it cannot be

	mu       sync.Mutex
	watchers int
	sub      *redis.PubSub // nil: not open
	opening  bool
	live     bool
	denied   time.Time
	idle     *time.Timer
	closed   bool
}

func newWakeup(c *Client, channel string) *wakeup {
	w := &wakeup{c: c, channel: channel, want: mutexv1.WakeBroadcast}
	switch c.rdb.(type) {
	case *redis.Client:
		w.want = mutexv1.WakePush // one server: a publish that nobody receives says that we are gone
	case *redis.Ring:
		w.want = mutexv1.WakePoll // it subscribes on a shard of its own choice
	}
	return w
}

// mode is how the server is to tell a waiter, and where.
func (w *wakeup) mode() (mutexv1.Wake, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.live {
		return mutexv1.WakePoll, ""
	}
	return w.want, w.channel
}

// watch says that one more waits.
func (w *wakeup) watch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers++
	if w.idle != nil {
		w.idle.Stop()
		w.idle = nil
	}
	if w.opening || w.closed || w.want == mutexv1.WakePoll || time.Since(w.denied) < wakeDenied {
		return
	}
	w.opening = true
	go w.read()
}

func (w *wakeup) unwatch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers--
	if w.watchers == 0 && w.opening && !w.closed {
		w.idle = time.AfterFunc(wakeIdle, w.rest)
	}
}

// rest closes a subscription that nobody has needed for a while.
func (w *wakeup) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers == 0 {
		w.shut()
	}
}

// shut ends the reader. It is called with w.mu held.
func (w *wakeup) shut() {
	w.live = false
	w.opening = false
	if w.sub != nil {
		_ = w.sub.Close() // the reader finds it closed, and ends
		w.sub = nil
	}
}

func (w *wakeup) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.idle != nil {
		w.idle.Stop()
	}
	w.shut()
}

// read is the one goroutine of an open subscription. It only sorts messages: a reader that works lets them pile up.
func (w *wakeup) read() {
	sub := w.c.rdb.Subscribe(context.Background(), w.channel)
	w.mu.Lock()
	if w.closed || !w.opening || w.sub != nil {
		w.mu.Unlock()
		_ = sub.Close()
		return
	}
	w.sub = sub
	w.mu.Unlock()

	silent, failures := false, 0
	for first := true; ; {
		message, err := sub.ReceiveTimeout(context.Background(), wakeSilence)
		switch m := message.(type) {
		case *redis.Subscription:
			w.confirmed(sub, first)
			first = false
		case *redis.Message:
			w.deliver(m.Payload)
		}
		if err == nil {
			silent, failures = false, 0
			continue
		}
		if !w.current(sub) {
			return
		}
		switch kind := explain(err); {
		case errors.Is(kind, ErrDenied):
			w.c.opts.log.Debug("redilock: may not subscribe, polling instead", "error", err)
			w.mu.Lock()
			w.denied = time.Now()
			w.shut()
			w.mu.Unlock()
			return
		case isTimeout(err) && !silent:
			silent = true
			_ = sub.Ping(context.Background()) // a failure shows as the next error
		case isTimeout(err):
			w.reopen(sub)
			return
		default:
			// The next receive reconnects: at once, but a server that is away needs no hurry.
			if failures++; failures > 1 {
				w.down(sub)
			}
			if !w.c.pause(min(time.Duration(failures-1)*wakePause, maxWakePause)) {
				return
			}
		}
	}
}

// down makes the waiters poll for as long as the subscription cannot connect: the server would take a waiter that cannot be
// told for dead, and hand the lock to the next. They ask at once, so that it knows.
func (w *wakeup) down(sub *redis.PubSub) {
	w.mu.Lock()
	was := w.sub == sub && w.live
	if was {
		w.live = false
	}
	w.mu.Unlock()
	if !was {
		return
	}
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	for _, waiter := range w.c.asking {
		waiter.prompt()
	}
}

func (w *wakeup) current(sub *redis.PubSub) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sub == sub
}

// reopen replaces a subscription whose connection answers nothing any more.
func (w *wakeup) reopen(sub *redis.PubSub) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sub != sub {
		return
	}
	w.shut()
	w.opening = true
	go w.read()
}

// confirmed makes the waiters ask once more: the first time so that the server learns how to wake them, afterwards
// because messages were lost while the connection was down, in no particular order so that the server is not stormed.
func (w *wakeup) confirmed(sub *redis.PubSub, first bool) {
	w.mu.Lock()
	if w.sub != sub {
		w.mu.Unlock()
		return
	}
	w.live = true
	w.mu.Unlock()
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	for _, waiter := range w.c.asking {
		if first {
			waiter.prompt()
			continue
		}
		time.AfterFunc(rand.N(w.c.opts.poll), waiter.prompt)
	}
}

// prompt makes a waiter ask now.
func (w *waiter) prompt() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// deliver tells the waiter of a grant: "token fence lease fences", to be read from the right, because a token may hold
// spaces.
func (w *wakeup) deliver(payload string) {
	var numbers [3]int64
	for i := range numbers {
		rest, last, ok := cutLast(payload, " ")
		n, err := strconv.ParseInt(last, 10, 64)
		if !ok || err != nil {
			return // not from our scripts; the waiters go on asking
		}
		payload, numbers[i] = rest, n
	}
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	if waiter := w.c.asking[payload]; waiter != nil {
		waiter.push(grant{fence: numbers[2], lease: time.Duration(numbers[1]) * time.Millisecond})
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
