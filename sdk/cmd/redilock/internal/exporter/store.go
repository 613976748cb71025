package exporter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
)

// maxTimeline is how many changes of a lock are kept.
const maxTimeline = 50

// change is an event of a lock's timeline.
type change struct {
	At time.Time
	watch.Event
}

// tracked is a lock that is looked at.
type tracked struct {
	listing.Lock
	kind      state.Primitive // the last that was seen
	unsure    bool            // it may be another by now
	looked    bool            // its state was known once
	asked     bool            // it is named by the configuration, and always looked at
	freeSince time.Time       // zero while it is held or waited for
	timeline  []change        // the newest last
	counts    map[watch.Kind]int64
}

// store is what is known of the server's locks.
type store struct {
	allow []string
	max   int

	mu      sync.Mutex
	locks   map[string]*tracked
	dropped int // locks that there was no room for in the walk that goes on
	stats   stats
	wakes   map[chan struct{}]struct{} // of those who want to hear of a look
}

// stats is what is known of the looking itself.
type stats struct {
	walks, looks, failures int64
	known, dropped         int
	walkTook, lookTook     time.Duration
	lastLook               time.Time // that succeeded; zero: none
}

func newStore(c Config) *store {
	s := &store{
		allow: c.Allow, max: c.MaxLocks, locks: make(map[string]*tracked), wakes: make(map[chan struct{}]struct{}),
	}
	for _, name := range c.Names {
		s.locks[name] = &tracked{Lock: listing.Lock{Name: name}, asked: true, counts: make(map[watch.Kind]int64)}
	}
	return s
}

func (s *store) allowed(name string) bool {
	return slices.ContainsFunc(s.allow, func(pattern string) bool { return listing.Match(pattern, name) })
}

// found takes note of a lock that is held or waited for. If there is no room, one that has been free gives way.
func (s *store) found(n listing.Name) {
	if !s.allowed(n.Name) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.locks[n.Name]; t != nil {
		t.unsure = !t.Busy() // somebody has taken it, or waits for it, since we looked
		return
	}
	if len(s.locks) >= s.max && !s.evict() {
		s.dropped++
		return
	}
	name := strings.Clone(n.Name)
	s.locks[name] = &tracked{Lock: listing.Lock{Name: name}, kind: n.Kind, counts: make(map[watch.Kind]int64)}
}

// evict forgets the lock that has been free for the longest. It is called with s.mu held.
func (s *store) evict() bool {
	var oldest *tracked
	for _, l := range s.locks {
		if !l.asked && !l.freeSince.IsZero() && (oldest == nil || l.freeSince.Before(oldest.freeSince)) {
			oldest = l
		}
	}
	if oldest == nil {
		return false
	}
	delete(s.locks, oldest.Name)
	return true
}

// walk looks for locks.
func (s *store) walk(ctx context.Context, rdb redis.UniversalClient, prefix string) error {
	s.mu.Lock()
	s.dropped = 0
	s.mu.Unlock()
	w, err := walk(ctx, rdb, prefix, s.found)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed(ctx)
		return err
	}
	s.stats.walks++
	s.stats.known, s.stats.walkTook, s.stats.dropped = w.known, w.took, s.dropped
	return nil
}

// failed takes note of an error. It is called with s.mu held.
func (s *store) failed(ctx context.Context) {
	if ctx.Err() == nil {
		s.stats.failures++
	}
}

// forgetAfter is how long a lock that is free stays.
const forgetAfter = 10 * time.Minute

// look asks for the state of every lock that is known.
func (s *store) look(ctx context.Context, inspect func(context.Context, []listing.Name) ([]listing.Lock, error)) error {
	s.mu.Lock()
	names := make([]listing.Name, 0, len(s.locks))
	for name, t := range s.locks {
		n := listing.Name{Name: name, Kind: t.kind}
		if t.unsure {
			n.Kind = state.Unknown
		}
		names = append(names, n)
	}
	s.mu.Unlock()
	began := time.Now()
	locks, err := inspect(ctx, names)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	if err != nil {
		s.failed(ctx)
		return err
	}
	seen := make(map[string]bool, len(locks))
	for _, l := range locks {
		seen[l.Name] = true
		s.apply(l)
	}
	for _, n := range names {
		l := s.locks[n.Name]
		if l == nil || l.asked {
			continue
		}
		if !seen[n.Name] || !l.freeSince.IsZero() && began.Sub(l.freeSince) > forgetAfter { // unseen: it can be no name
			delete(s.locks, n.Name)
		}
	}
	s.stats.looks++
	s.stats.lastLook, s.stats.lookTook = began, time.Since(began)
	return nil
}

// apply takes in a lock's state, and what happened since the last look. It is called with s.mu held.
func (s *store) apply(l listing.Lock) {
	t := s.locks[l.Name]
	if t == nil {
		return
	}
	if l.Err == nil {
		after := watch.Look{Sent: l.Sent, Answered: time.Now(), State: l.State}
		events := watch.First(after)
		if t.looked {
			events = watch.Between(watch.Look{Sent: t.Sent, State: t.State}, after)
		}
		for _, e := range events {
			t.counts[e.Kind]++
			t.timeline = append(t.timeline, change{time.Now(), e})
		}
		if n := len(t.timeline); n > maxTimeline {
			t.timeline = slices.Clone(t.timeline[n-maxTimeline:])
		}
		t.looked = true
		t.unsure = false
		if l.Primitive != state.Unknown {
			t.kind = l.Primitive
		}
	}
	t.Lock = l
	switch busy := l.Busy() || l.Err != nil; {
	case busy:
		t.freeSince = time.Time{}
	case t.freeSince.IsZero():
		t.freeSince = l.Sent
	}
}

// wake tells who waits that there was a look. It is called with s.mu held.
func (s *store) wake() {
	for c := range s.wakes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// subscribe gives a channel that is sent to after every look, and what ends that.
func (s *store) subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakes[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.wakes, c)
	}
}

// all gives the locks, by name, without their timelines.
func (s *store) all() ([]tracked, stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]tracked, 0, len(s.locks))
	for _, l := range s.locks {
		if !l.looked && l.Err == nil {
			continue // not looked at yet
		}
		one := *l
		one.timeline, one.counts = nil, make(map[watch.Kind]int64, len(l.counts))
		for k, n := range l.counts {
			one.counts[k] = n
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b tracked) int { return cmp.Compare(a.Name, b.Name) })
	return list, s.stats
}

// one gives a lock with its timeline, the newest first.
func (s *store) one(name string) (tracked, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.locks[name]
	if l == nil {
		return tracked{}, false
	}
	one := *l
	one.timeline = slices.Clone(l.timeline)
	slices.Reverse(one.timeline)
	return one, true
}
