package waiting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

// slowAnswer is from when on a question that is under way counts as one that the server does not answer.
const slowAnswer = 500 * time.Millisecond

// Want is one call of Lock or TryLock.
type Want struct {
	Terms    lease.Terms
	Token    string
	OwnToken bool // the caller's own
	// Wait ends the wait, but not the lock; nil is the call's own context.
	Wait context.Context
}

// Lock waits for a lock, in the order of arrival, until ctx or the wait ends. ctx is the parent of the lock's context.
func (s *Queues) Lock(ctx context.Context, want Want) (*lease.Handle, error) {
	w := &waiter{
		terms: want.Terms, ctx: ctx, wait: want.Wait, token: want.Token, ownToken: want.OwnToken,
		since: s.clock.Now(), wake: make(chan struct{}, 1),
	}
	if w.wait == nil {
		w.wait = ctx
	}
	if err := s.join(w, want); err != nil {
		s.sink(ctx, w.gaveUp(0, err))
		return nil, err
	}
	defer s.running.Done()
	defer s.free(want)
	h, err := s.run(w)
	waited := s.clock.Now().Sub(w.since)
	switch {
	case err != nil:
		s.sink(ctx, w.gaveUp(waited, err))
		return nil, err
	case w.wait.Err() != nil: // it ended meanwhile: it wins
		s.mu.Lock()
		s.undo(h)
		s.mu.Unlock()
		err = s.gaveUp(w)
		s.sink(ctx, w.gaveUp(waited, err))
		return nil, err
	}
	e := h.Event(event.Acquired)
	e.Way, e.Contended, e.Lease, e.Waited, e.Held = w.way, w.contended, h.Grant().Lease(), waited, 0
	s.sink(ctx, e)
	return h, nil
}

// gaveUp describes a wait that ended without the lock.
func (w *waiter) gaveUp(waited time.Duration, err error) event.Event {
	return event.Event{
		Kind: event.GaveUp, Primitive: w.primitive(), Name: w.terms.Name, Contended: w.contended,
		Waited: waited, Err: err,
	}
}

// join puts a waiter into its queue: as the head, which asks at once, if nobody is before it.
func (s *Queues) join(w *waiter, want Want) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return failure.Closed
	}
	if err := s.reserve(want); err != nil {
		return err
	}
	s.running.Add(1)
	w.q = s.queueOf(w.terms.Resource)
	switch q := w.q; {
	case q.busy() || q.head != nil || q.burst != nil || q.parked.Len() > 0:
		q.park(w)
	case !q.join(w):
		q.register(w)
	}
	return nil
}

// reserve refuses a second acquisition with the token of one that is under way: it would be granted what the other has.
// It is called with s.mu held.
func (s *Queues) reserve(want Want) error {
	if !want.OwnToken {
		return nil
	}
	key := own{want.Terms.Resource.Key(), want.Token}
	_, used := s.own[key]
	if used || s.leases.Find(key.key, key.token) != nil || s.releases.Has(key.key, key.token) {
		return fmt.Errorf("%w: another acquisition of this client uses the same token", failure.Invalid)
	}
	s.own[key] = struct{}{}
	return nil
}

// free ends a reservation: by now the lease or the release of the token is known, or it has none.
func (s *Queues) free(want Want) {
	if !want.OwnToken {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.own, own{want.Terms.Resource.Key(), want.Token})
}

// step is what a waiter's goroutine does next.
type step uint8

const (
	stepWait step = iota
	stepAsk
	stepDone
)

// run drives a waiter until it has the lock or gives up: it asks for the lock, and between two questions sleeps until a
// message, a release of this client or its timer wakes it. Wake-ups make it quick; asking again makes it certain: every
// loss of a message, of a connection or of the server's memory is mended by the next question.
func (s *Queues) run(w *waiter) (*lease.Handle, error) {
	watching := false
	defer func() {
		if watching {
			s.messages.Unwatch()
		}
	}()
	for {
		next, pause, over, err := s.next(w)
		lose(over)
		switch {
		case err != nil:
			return nil, s.leave(w, err)
		case next == stepDone:
			return w.handle, nil
		case next == stepAsk:
			if err := s.ask(w); err != nil {
				return nil, s.leave(w, err)
			}
			continue
		}
		if !w.contended {
			w.contended = true
			s.sink(w.ctx, event.Event{
				Kind: event.Enqueued, Primitive: w.primitive(), Name: w.terms.Name, Contended: true,
			})
			continue // it took its time
		}
		if !watching && pause > 0 {
			watching = true
			s.messages.Watch()
		}
		w.sleep(pause)
	}
}

// next decides what a waiter does now: what its state says, and how long it may sleep (0: until it is woken).
func (s *Queues) next(w *waiter) (step, time.Duration, []*lease.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case w.handle != nil:
		return stepDone, 0, nil, nil
	case s.closed:
		return 0, 0, nil, failure.Closed
	case w.wait.Err() != nil:
		return 0, 0, nil, s.gaveUp(w)
	case w.over != nil:
		return 0, 0, nil, w.over
	case w.state != asking:
		return stepWait, 0, nil, nil
	}
	if w.message != nil {
		t, use := s.judge(w)
		if use {
			ok, over := s.claim(w, t)
			if ok {
				return stepDone, 0, over, nil
			}
			if w.over != nil {
				return 0, 0, nil, w.over
			}
			return 0, 0, nil, s.gaveUp(w)
		}
		w.askAt = 0
	}
	now := s.clock.Now()
	if w.askAt <= now {
		return stepAsk, 0, nil, nil
	}
	return stepWait, w.askAt.Sub(now), nil, nil
}

func (w *waiter) sleep(d time.Duration) {
	var expired <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-w.wake:
	case <-w.wait.Done():
	case <-expired:
	}
}

// ask sends one acquire, and applies the reply. The error ends the wait.
func (s *Queues) ask(w *waiter) error {
	mode, channel := s.messages.Mode()
	c := w.terms.Resource.Acquire(w.request(s.config.Presence, mode, channel))
	now := s.clock.Now()
	s.mu.Lock()
	at := position{sent: now, stale: w.subscribed}
	w.subscribed = w.subscribed || channel != ""
	s.mu.Unlock()
	w.sentAt, w.sending = now, true
	s.running.Add(1) // for a call that outlives the wait
	reply, abandoned, err := call.Do(w.wait, s.sender, c, call.Limits{
		Stop: s.life, Within: s.config.Presence,
		Late: func() {
			defer s.running.Done()
			s.late(w, c.MayHaveRun(), c.Err() != nil)
		},
	})
	if !abandoned {
		s.running.Done()
		w.sending = false
	}
	return s.apply(w, at, c, reply, abandoned, err)
}

// apply applies the reply to a question.
func (s *Queues) apply(
	w *waiter, at position, c primitive.Call[primitive.Acquired], r primitive.Acquired, abandoned bool, err error,
) error {
	now := s.clock.Now()
	s.mu.Lock()
	w.known = w.known || abandoned || c.MayHaveRun()
	if abandoned {
		w.calls++
	}
	if err != nil {
		defer s.mu.Unlock()
		w.unsure = w.unsure || !abandoned && c.MayHaveRun()
		w.askAt = now.Add(s.config.Poll)
		if w.wait.Err() != nil || s.closed {
			return nil // next finds out
		}
		w.lastErr = err
		if !w.waited || !call.Outlasts(err) {
			return err
		}
		// It has waited before: the server comes back, or the caller's context ends.
		s.events.Add(w.ctx, event.Event{Kind: event.Retrying, Primitive: w.primitive(), Name: w.terms.Name, Err: err})
		return nil
	}
	w.lastErr, w.answered, w.unsure = nil, true, false
	at.answered = now
	switch r.Outcome {
	case primitive.Queued:
		at.place, at.wait = r.Position, r.Wait
		w.at, w.waited, w.q.room = at, true, 0
		w.askAt = now.Add(s.pollIn(w))
	case primitive.Granted:
		t := lease.Term{Grant: r.Grant, Since: at.sent}
		if c.Repeated() && now >= t.Deadline() {
			w.askAt = 0 // the repeats took longer than the lease: one quick answer renews it
			break
		}
		w.q.room = max(w.q.room, fewTogether)
		ok, over := s.claim(w, t)
		s.mu.Unlock()
		lose(over)
		if !ok {
			return w.over // nil: next finds out
		}
		return nil
	default:
		s.mu.Unlock()
		return fmt.Errorf("%w: not queued although it asked to be", failure.Unavailable)
	}
	s.mu.Unlock()
	return nil
}

// gaveUp is the error of a wait that the caller ended. A server that did not answer must not look like a lock that is
// held.
func (s *Queues) gaveUp(w *waiter) error {
	err := failure.Ended(w.wait)
	if w.ctx.Err() == nil {
		err = failure.WaitTimeout
	}
	return GaveUp(err, w.lastErr, w.sending, w.answered, s.clock.Now().Sub(w.sentAt))
}

// GaveUp is the error of a call that ended with end, for a context or a bound of the caller's. lastErr is what the server
// said last, if that was an error. If the question was under way for that long, and another was not answered before, or
// it was for very long, the error says that there is no answer.
func GaveUp(end, lastErr error, sending, answered bool, long time.Duration) error {
	switch {
	case errors.Is(end, failure.Closed):
		return end
	case lastErr != nil:
		return fmt.Errorf("gave up waiting: %w; the server's last word: %w", end, lastErr)
	case sending && (long >= slowAnswer || !answered && (long >= slowAnswer/5 || isTimeout(end))):
		return fmt.Errorf("gave up waiting: %w; %w: %w for %v", end, failure.Unavailable, call.ErrNoAnswer, long)
	default:
		return fmt.Errorf("gave up waiting: %w", end)
	}
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
