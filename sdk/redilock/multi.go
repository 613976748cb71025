package redilock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/waiting"
)

// Request is one of the locks that a [Multi] takes: a [*Mutex], the [RWMutex.Reader] or [RWMutex.Writer] of an RWMutex, or
// some [Semaphore.Permits].
type Request interface{ request() request }

// request is what a Multi has to know of a lock. Another primitive joins by one method that gives it.
type request struct {
	c         *Client
	name, key string
	ttl       time.Duration
	opts      lockOptions
	err       error // what is wrong with its terms
	// enter is what comes before the server is asked: it gives the shared lock of a re-entrant call.
	enter func(ctx context.Context, op string) (*Lock, error)
	want  func() waiting.Want // a new acquisition
	lock  func(parent context.Context, op string, h *lease.Handle) (*Lock, error)
	try   func(ctx context.Context) (*Lock, error)
}

func (m *Mutex) request() request { return m.n.request("trylock", whole) }

// request is what a Multi has to know of a name of which p is taken.
func (n *named) request(try string, p permits) request {
	return request{
		c: n.c, name: n.name, key: n.key(), ttl: n.ttl, opts: n.opts, err: n.err,
		enter: func(ctx context.Context, op string) (*Lock, error) { return n.enter(ctx, op, p) },
		want:  func() waiting.Want { return n.want(p) },
		try:   func(ctx context.Context) (*Lock, error) { return n.try(ctx, try, p) },
		lock: func(parent context.Context, op string, h *lease.Handle) (*Lock, error) {
			return n.confirm(parent, op, n.newLock(parent, h))
		},
	}
}

// part is a request for some of a name's permits.
type part struct {
	n   *named
	try string
	p   permits
	err error
}

func (p part) request() request {
	r := p.n.request(p.try, p.p)
	r.err = cmp.Or(r.err, p.err)
	return r
}

// Reader is a request for the lock as a reader, for [Client.Multi]: its grant is its own, and shared with no other reader.
func (m *RWMutex) Reader() Request {
	return part{n: &m.n, try: "tryrlock", p: permits{weight: 1, limit: reader.limit}}
}

// Writer is a request for the lock as its only holder, for [Client.Multi].
func (m *RWMutex) Writer() Request { return part{n: &m.n, try: "trylock", p: writer} }

// Permits is a request for n permits, for [Client.Multi].
func (s *Semaphore) Permits(n int64) Request {
	p, err := s.permits("multi", n)
	return part{n: &s.n, try: "tryacquire", p: p, err: bare(err)}
}

// Multi is several locks of one client that are taken together: all of them or none. It holds nothing, and may be shared
// or made anew for every call.
//
// They are taken one after the other, in the order of their keys, byte by byte, whatever the order of the arguments: so
// no two calls that want some of the same names wait for each other in a circle. Whoever holds one of the names already
// and calls Lock for others by itself, a [Multi] inside the function of another among them, is outside of that order.
// Each name is a call of its own, so on a cluster they may be in different slots.
type Multi struct {
	c        *Client
	requests []request     // in the order in which they are taken
	wait     time.Duration // 0: as long as the context
	err      error         // what is wrong with the requests; every operation answers it
}

// Multi gives the locks of these requests together, each with its own TTL and options. [WithWait] of a request bounds the
// whole wait; of several the shortest counts. [WithMaxHold] counts from when all are held. The error, ErrInvalid, comes
// with the first operation: no requests, one of another client, or the same name twice.
func (c *Client) Multi(requests ...Request) *Multi {
	m := &Multi{c: c, requests: make([]request, 0, len(requests))}
	for _, r := range requests {
		one, ok := requestOf(r)
		switch {
		case !ok:
			m.err = cmp.Or(m.err, opError("multi", "", fmt.Errorf("%w: a request is nil", ErrInvalid)))
		case one.c != c:
			m.err = cmp.Or(m.err, opError("multi", one.name, fmt.Errorf("%w: it is of another client", ErrInvalid)))
		default:
			m.err = cmp.Or(m.err, opError("multi", one.name, one.err))
			m.requests = append(m.requests, one)
		}
		if one.opts.wait > 0 && (m.wait == 0 || one.opts.wait < m.wait) {
			m.wait = one.opts.wait
		}
	}
	slices.SortFunc(m.requests, func(a, b request) int { return cmp.Compare(a.key, b.key) })
	for i, r := range m.requests {
		if i > 0 && r.key == m.requests[i-1].key {
			m.err = cmp.Or(m.err, opError("multi", r.name, fmt.Errorf("%w: the same name twice", ErrInvalid)))
		}
	}
	if len(requests) == 0 {
		m.err = opError("multi", "", fmt.Errorf("%w: no locks", ErrInvalid))
	}
	return m
}

// requestOf reports false for a request that is nil, or a nil pointer.
func requestOf(r Request) (request, bool) {
	if m, ok := r.(*Mutex); r == nil || ok && m == nil {
		return request{}, false
	}
	return r.request(), true
}

// Lock waits until it has all of the locks. Those that it has it extends while it waits for the others; if one of them is
// lost meanwhile, it gives all back and starts anew. When it returns, at least half of each lease is left, and what is
// less than the whole is being renewed.
//
// The error is as for [Mutex.Lock], and names the lock that was waited for; then none is held.
func (m *Multi) Lock(ctx context.Context) (*MultiLock, error) {
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	wait, cancel := ctx, context.CancelFunc(func() {})
	if m.wait > 0 {
		wait, cancel = context.WithTimeout(ctx, m.wait)
	}
	defer cancel()
	for {
		g := &gathering{m: m, ctx: ctx, wait: wait, locks: make([]*Lock, 0, len(m.requests))}
		done, err := g.run()
		if done {
			return newMultiLock(ctx, g.locks), nil
		}
		g.giveBack()
		if err != nil {
			return nil, err
		}
	}
}

// TryLock asks the server once for each of the locks, in their order, and gives back what it has at the first that is
// refused: of those who try the same names at the same time one succeeds. The error is as for [Mutex.TryLock], and names
// the lock that was refused.
func (m *Multi) TryLock(ctx context.Context) (*MultiLock, error) {
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	locks := make([]*Lock, 0, len(m.requests))
	for _, r := range m.requests {
		l, err := r.try(ctx)
		if err != nil {
			_ = unlockAll(context.WithoutCancel(ctx), locks) // what is not given back by then ends with its lease
			return nil, err
		}
		locks = append(locks, l)
	}
	return newMultiLock(ctx, locks), nil
}

// Do runs fn under all of the locks, as [Mutex.Do] does under one.
func (m *Multi) Do(ctx context.Context, fn func(ctx context.Context, l *MultiLock) error) (err error) {
	if fn == nil {
		return opError("do", "", fmt.Errorf("%w: the function is nil", ErrInvalid))
	}
	l, err := m.Lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = joinErrors(err, l.unlock(ctx, true)) }()
	return fn(l.Context(), l)
}

func (m *Multi) check(ctx context.Context) error {
	if m.err != nil {
		return m.err
	}
	if ctx == nil {
		return opError("lock", "", failure.NilContext)
	}
	for _, r := range m.requests { // the last one is not to be refused after a long wait for the first
		if r.opts.reentrant {
			continue
		}
		if _, err := r.enter(ctx, "lock"); err != nil {
			return err
		}
	}
	return nil
}

// errLostWhileWaiting ends the wait for the next lock, because one of those before it is not held any more.
var errLostWhileWaiting = errors.New("a lock was lost while others were waited for")

// gathering is one try to take all locks of a Multi.
type gathering struct {
	m     *Multi
	ctx   context.Context // the parent of the locks' contexts
	wait  context.Context // ends the wait
	locks []*Lock         // those that are held, as many as the first requests
}

// run takes the locks one after the other. Without an error it may be that one of them was lost meanwhile: the caller
// gives back what is left and starts anew. That happens with a loss alone, so callers do not keep each other from it.
func (g *gathering) run() (done bool, err error) {
	wait, cancel := context.WithCancelCause(g.wait)
	defer cancel(nil)
	for _, r := range g.m.requests {
		l, err := g.take(wait, r)
		if err != nil {
			switch {
			case !errors.Is(context.Cause(wait), errLostWhileWaiting) || g.wait.Err() != nil:
				return false, err
			case g.m.c.closed():
				return false, opError("lock", r.name, ErrClosed)
			}
			return false, nil
		}
		g.locks = append(g.locks, l)
		stop := context.AfterFunc(l.h.Context(g.ctx), func() {
			if g.ctx.Err() == nil {
				cancel(errLostWhileWaiting)
			}
		})
		defer stop()
	}
	return g.keep()
}

// take waits for one of the locks. Until all are held it is renewed, whatever its options say.
func (g *gathering) take(wait context.Context, r request) (*Lock, error) {
	const op = "lock"
	l, err := r.enter(g.ctx, op)
	if l != nil || err != nil {
		return l, err
	}
	want := r.want()
	want.Wait, want.Terms.AutoExtend, want.Terms.MaxHold = wait, true, 0
	h, err := r.c.queues.Lock(g.ctx, want)
	if err != nil {
		return nil, opError(op, r.name, err)
	}
	return r.lock(g.ctx, op, h)
}

// keep puts the locks on the callers' own terms, now that all are held.
func (g *gathering) keep() (done bool, err error) {
	errs := each(g.locks, func(i int, l *Lock) error {
		r := g.m.requests[i]
		lacks, err := l.h.Keep(r.ttl, r.opts.autoExtend, r.opts.maxHold)
		if err == nil && lacks > 0 {
			_, err = l.extend(g.ctx, lacks)
		}
		return err
	})
	for i, err := range errs {
		switch {
		case err == nil:
		case g.wait.Err() == nil && errors.Is(err, ErrLost):
			return false, nil
		default:
			return false, opError("lock", g.m.requests[i].name, err)
		}
	}
	return true, nil
}

func (g *gathering) giveBack() { _ = unlockAll(context.WithoutCancel(g.ctx), g.locks) }

// each runs a function for every lock at the same time, so that their calls share pipelines, and waits for all.
func each(locks []*Lock, run func(i int, l *Lock) error) []error {
	errs := make([]error, len(locks))
	var all sync.WaitGroup
	for i, l := range locks {
		all.Go(func() { errs[i] = run(i, l) })
	}
	all.Wait()
	return errs
}

func unlockAll(ctx context.Context, locks []*Lock) []error {
	return each(locks, func(_ int, l *Lock) error { return l.Unlock(ctx) })
}
