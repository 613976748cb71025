package redilock

import (
	"container/list"
	"context"
	"time"
)

// line is everybody of this client who wants one name. At the most one of them is known to the server: the holder, or
// the one that asks. The others stand here, first come first served, and cost the server nothing.
//
// All of it is guarded by Client.mu.
type line struct {
	c   *Client
	key string
	// busy counts the locks of ours that hold the name and the releases under way. While there is one, newcomers
	// stand in line: its Unlock names the first of them.
	busy    int
	asker   *waiter   // the one at the server, or named to it
	waiting list.List // of *waiter
}

// waiter is one call of Lock that has not returned.
type waiter struct {
	m      *Mutex
	line   *line
	parent context.Context
	token  string
	since  time.Time
	result chan result   // written once; all three hold one
	pushed chan grant    // the server handed us the lock
	poke   chan struct{} // ask now

	asks context.Context // ends when the call has given up, and with it the questions to the server
	quit context.CancelFunc

	// Written by whoever has it in hand, its errand or the release that names it:
	patient bool // it has waited already, so a server that is away is waited for
	told    bool // a call was sent that tells the server how to reach it
	known   bool // the server may know its token

	// guarded by Client.mu
	decided bool          // result was written
	gone    bool          // nobody reads result: whatever comes has to be given back
	place   *list.Element // in line.waiting
}

type result struct {
	lock *Lock
	err  error
}

func newWaiter(m *Mutex, ctx context.Context) *waiter {
	w := &waiter{
		m: m, parent: ctx, token: newToken(m.c.opts.owner), since: time.Now(),
		result: make(chan result, 1), pushed: make(chan grant, 1), poke: make(chan struct{}, 1),
	}
	w.asks, w.quit = context.WithCancel(context.Background())
	return w
}

// lineOf finds or makes the line of a name. It is called with c.mu held.
func (c *Client) lineOf(m *Mutex) *line {
	l := c.lines[m.keys.Lock]
	if l == nil {
		l = &line{c: c, key: m.keys.Lock}
		c.lines[l.key] = l
	}
	return l
}

// join puts a waiter into its line. The first of it asks the server: by an errand, or, where it reports true, by the
// caller itself, which then says errand.Done. That spares a goroutine where nothing but Close can end the wait.
func (c *Client) join(w *waiter) (asks bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed() {
		return false, ErrClosed
	}
	w.line = c.lineOf(w.m)
	if w.line.busy > 0 || w.line.asker != nil || w.line.waiting.Len() > 0 {
		w.place = w.line.waiting.PushBack(w)
		c.emit(c.opts.trace.Enqueued, Event{Name: w.m.name})
		return false, nil
	}
	if !c.bounded || w.parent.Done() != nil {
		w.line.send(w, standing{})
		return false, nil
	}
	w.line.appoint(w)
	c.errand.Add(1)
	return true, nil
}

// appoint makes a waiter the one of its line that the server knows.
func (l *line) appoint(w *waiter) {
	l.asker = w
	l.c.asking[w.token] = w
}

// next takes the first of the line out of it, to be the asker. Nil if there is one already, or nobody waits.
func (l *line) next() *waiter {
	first := l.waiting.Front()
	if l.asker != nil || first == nil {
		return nil
	}
	w := l.waiting.Remove(first).(*waiter)
	w.place = nil
	w.patient = true
	l.appoint(w)
	return w
}

// send lets a waiter ask the server, from the standing that it has there.
func (l *line) send(w *waiter, at standing) {
	l.appoint(w)
	l.c.begin(func() {
		if !l.c.ask(w, at) {
			l.c.depart(w)
		}
	})
}

// advance lets the first of the line ask for itself, if nobody of the client holds the name or asks for it; and drops a
// line that nobody needs.
func (l *line) advance() {
	if l.busy > 0 || l.asker != nil {
		return
	}
	if w := l.next(); w != nil {
		l.send(w, standing{})
		return
	}
	delete(l.c.lines, l.key)
}

// claim decides a wait: whoever gets true writes the result. It reports false if the caller has given up.
func (w *waiter) claim() bool {
	if w.gone || w.decided {
		return false
	}
	w.decided = true
	return true
}

// fail ends a wait with an error, if it has not ended.
func (w *waiter) fail(err error) {
	if w.claim() {
		w.result <- result{err: err}
	}
}

// giveUp takes back a call of Lock whose context has ended. It reports false if the outcome was decided before. One that
// stands in line leaves without a word; for the one at the server, its errand gives the place back.
func (c *Client) giveUp(w *waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.decided {
		return false
	}
	w.leave()
	return true
}

func (w *waiter) leave() {
	if w.gone {
		return
	}
	w.gone = true
	if w.place != nil {
		w.line.waiting.Remove(w.place)
		w.place = nil
		return
	}
	w.quit()
}

// close ends every wait of the line with ErrClosed.
func (l *line) close() {
	for e := l.waiting.Front(); e != nil; e = l.waiting.Front() {
		w := e.Value.(*waiter)
		w.fail(ErrClosed)
		w.leave()
	}
	if l.asker != nil {
		l.asker.fail(ErrClosed)
		l.asker.leave()
	}
}

// settle says that a waiter is the line's asker no more.
func (l *line) settle(w *waiter) {
	delete(l.c.asking, w.token)
	if l.asker == w {
		l.asker = nil
	}
}

// count says that a lock of ours holds the name.
func (l *line) count(h *hold) {
	h.counted = true
	l.busy++
}

// uncount says that it does not, or that a release of it is under way.
func (l *line) uncount(h *hold) {
	if h.counted {
		h.counted = false
		l.busy--
	}
}
