package waiting

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/release"
)

// leave ends a wait without the lock. What the waiter has at the server is given back in the background. It gives err.
func (s *Queues) leave(w *waiter, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.handle != nil { // it was given the lock meanwhile
		s.undo(w.handle)
		w.handle = nil
		return err
	}
	was := w.state
	w.state = gone
	switch was {
	case parked:
		w.q.parked.Remove(w.place)
		w.place = nil
		w.q.empty()
		return err
	case named, among: // the outcome of the release, or of the question, says what it has
		return err
	}
	if w.known {
		s.recent.add(w.token, w.terms)
	}
	if w.calls > 0 {
		// A question is under way. What it asked for can be given back once it is over. The queue does not wait for longer
		// than a poll: whoever is next then stands behind it, until it is over.
		time.AfterFunc(max(s.config.Poll, 50*time.Millisecond), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !w.departed {
				s.depart(w)
			}
		})
		return err
	}
	s.depart(w)
	return err
}

// depart gives back what a waiter that has gone has at the server, if the server may know it. It is called with s.mu
// held.
func (s *Queues) depart(w *waiter) {
	w.departed = true
	if !w.known {
		w.q.unregister(w)
		w.q.advance()
		return
	}
	s.recent.add(w.token, w.terms)
	w.q.releasing++
	h := &handoff{s: s, q: w.q, leaver: w, ctx: event.Detach(w.ctx)}
	it := h.item(w.terms.Resource, w.terms.Name, w.token, s.longest(w.terms.TTL))
	if w.unsure && !w.ownToken {
		s.echo(it)
	}
	s.releases.Go(it)
}

// longest is until when the server may keep what was asked for by now.
func (s *Queues) longest(ttl time.Duration) clock.Instant {
	return s.clock.Now().Add(max(ttl, s.config.Presence))
}

// late is called once a question is over that its waiter did not wait for. It may have brought the token back to the
// server after everything else of it was over.
func (s *Queues) late(w *waiter, mayHaveRun, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.calls--
	w.unsure = failed && mayHaveRun
	switch {
	case w.state == gone && !w.departed:
		s.depart(w)
	case !mayHaveRun, w.state != gone && w.handle == nil: // or it waits still
	default:
		s.giveBack(w.ctx, w.terms, w.token, failed && !w.ownToken)
	}
}

// giveBack releases what a token may have at the server, unless it is of use: held, or the token of a younger acquisition
// that the caller chose for both. echo: the call that it undoes brought no answer. It is called with s.mu held.
func (s *Queues) giveBack(ctx context.Context, terms lease.Terms, token string, echo bool) {
	key := own{terms.Resource.Key(), token}
	if _, used := s.own[key]; used || s.leases.Find(key.key, key.token) != nil {
		return
	}
	it := &release.Item{
		Resource: terms.Resource, Name: terms.Name, Token: token, Until: s.longest(terms.TTL), Context: ctx,
	}
	if echo {
		s.echo(it)
	}
	s.releases.Go(it)
}

// echo lets a release be repeated within a presence: the call that it undoes brought no answer, and may be on its way.
func (s *Queues) echo(it *release.Item) {
	it.Echoes, it.Echo = 2, s.config.Presence/3
}

// AskSoon makes all registered waiters ask within a poll, in no particular order, so that the server is not stormed.
func (s *Queues) AskSoon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	for _, w := range s.registered {
		for ; w != nil; w = w.alike {
			if at := now.Add(rand.N(s.config.Poll)); w.askAt > at {
				w.askAt = at
				w.signal()
			}
		}
	}
}

// undo gives a lock back whose call has ended before it could return it. It is called with s.mu held.
func (s *Queues) undo(h *lease.Handle) {
	if g := h.Grant(); h.Leave() {
		g.End(failure.Unlocked)
		s.later(g)
	}
}

// Release releases the grant of a handle that was dropped as its last. It waits for the end for so long at the most; then
// it reports false, and the work goes on.
func (s *Queues) Release(ctx context.Context, h *lease.Handle, patience time.Duration) (release.Outcome, bool) {
	g := h.Grant()
	s.mu.Lock()
	q := s.queueOf(g.Resource())
	q.drop(g)
	q.releasing++
	s.mu.Unlock()
	ctx = event.Detach(ctx)
	hand := &handoff{s: s, q: q, grant: g, ctx: ctx}
	return s.releases.Do(ctx, hand.item(g.Resource(), g.Name(), g.Token(), s.until(g)), patience)
}

// until is when the server has forgotten a grant by itself; of an attached lock nobody knows.
func (s *Queues) until(g *lease.Grant) clock.Instant {
	if until := g.Longest(); until > 0 {
		return until
	}
	return s.clock.Now().Add(time.Hour)
}

// Try asks the server once. refused is not nil if somebody else has the lock, or waits for it: what is left of the
// holder's lease.
func (s *Queues) Try(ctx context.Context, want Want) (h *lease.Handle, refused *time.Duration, err error) {
	began := s.clock.Now()
	h, refused, err = s.try(ctx, want)
	if err != nil {
		s.sink(ctx, event.Event{
			Kind: event.GaveUp, Primitive: want.Terms.Resource.Primitive(), Name: want.Terms.Name,
			Waited: s.clock.Now().Sub(began), Err: err,
		})
	}
	return h, refused, err
}

func (s *Queues) try(ctx context.Context, want Want) (h *lease.Handle, refused *time.Duration, err error) {
	s.mu.Lock()
	if s.closed {
		err = failure.Closed
	} else if err = s.reserve(want); err == nil {
		s.running.Add(1)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	defer s.free(want)
	r := want.Terms.Resource
	c := r.Acquire(primitive.Request{
		Token: want.Token, Lease: want.Terms.TTL, Fences: fences(want.Terms),
		Weight: want.Terms.Weight, Limit: want.Terms.Limit,
	})
	sent := s.clock.Now()
	giveBack := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.own, own{r.Key(), want.Token})
		s.giveBack(ctx, want.Terms, want.Token, c.Err() != nil && !want.OwnToken)
	}
	over := false // guarded by s.mu
	reply, abandoned, err := call.Do(ctx, s.sender, c, call.Limits{Stop: s.life, Late: func() {
		defer s.running.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		over = true
		if c.MayHaveRun() { // and granted it, although we did not hear of it
			s.giveBack(ctx, want.Terms, want.Token, c.Err() != nil && !want.OwnToken)
		}
	}})
	if abandoned {
		time.AfterFunc(s.config.Presence, func() { // a connection may be silent for ever
			s.mu.Lock()
			defer s.mu.Unlock()
			if !over {
				s.giveBack(ctx, want.Terms, want.Token, false)
			}
		})
		return nil, nil, GaveUp(err, nil, true, false, s.clock.Now().Sub(sent))
	}
	defer s.running.Done()
	switch {
	case err != nil:
		if c.MayHaveRun() {
			giveBack()
		}
		return nil, nil, err
	case reply.Outcome == primitive.Refused:
		s.sink(ctx, event.Event{
			Kind: event.Refused, Primitive: want.Terms.Resource.Primitive(), Name: want.Terms.Name, Contended: true,
			Waited: s.clock.Now().Sub(sent), Left: reply.Wait,
		})
		return nil, &reply.Wait, nil
	case reply.Outcome != primitive.Granted:
		giveBack()
		return nil, nil, fmt.Errorf("%w: queued without asking to", failure.Unavailable)
	}
	return s.tried(ctx, want, lease.Term{Grant: reply.Grant, Since: sent}, giveBack)
}

// waits reports whether calls of this client wait in the local queue since then, behind one that asks. The server, which
// keeps the others from passing, does not know them yet. It is called with s.mu held.
func (s *Queues) waits(r primitive.Resource, since clock.Instant) bool {
	q := s.queues[idOf(r)]
	if q == nil || r.Excludes() {
		return false
	}
	if b := q.burst; b != nil && slices.ContainsFunc(b.asked, func(one question) bool { return one.w.waits(since) }) {
		return true
	}
	for e := q.parked.Front(); e != nil; e = e.Next() {
		if e.Value.(*waiter).waits(since) {
			return true
		}
	}
	return false
}

// waits reports whether a call waits since then. It is called with Queues.mu held.
func (w *waiter) waits(since clock.Instant) bool {
	return w.since < since && w.state != gone && w.handle == nil && w.wait.Err() == nil
}

// tried makes the lock of a grant to TryLock, unless its context has ended meanwhile, or others of this client wait whose
// turn is first. The grant of a token that the caller chose may be older than this call, and is not given back.
func (s *Queues) tried(
	ctx context.Context, want Want, t lease.Term, giveBack func(),
) (*lease.Handle, *time.Duration, error) {
	t.Token = want.Token
	s.mu.Lock()
	var h *lease.Handle
	var over []*lease.Grant
	ended := ctx.Err() != nil
	if !ended && !want.OwnToken && s.waits(want.Terms.Resource, t.Since) {
		s.mu.Unlock()
		giveBack()
		var left time.Duration
		s.sink(ctx, event.Event{Kind: event.Refused, Name: want.Terms.Name, Primitive: want.Terms.Resource.Primitive()})
		return nil, &left, nil
	}
	if !ended {
		if h = s.leases.Start(ctx, want.Terms, t); h != nil {
			over = s.queueOf(want.Terms.Resource).add(h.Grant())
		}
	}
	s.mu.Unlock()
	lose(over)
	if h == nil {
		giveBack()
		if ended {
			return nil, nil, failure.Ended(ctx)
		}
		return nil, nil, failure.TooLate
	}
	e := h.Event(event.Acquired)
	e.Lease, e.Waited, e.Held = t.Lease, s.clock.Now().Sub(t.Since), 0
	s.sink(ctx, e)
	return h, nil, nil
}
