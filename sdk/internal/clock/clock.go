// Package clock tells the time by which leases are measured: it goes on while the machine is suspended, which Go's
// monotonic clock does not, and it does not follow a step of the wall clock where the system can tell the two apart.
package clock

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// drift is how far the wall clock may run from the monotonic one before the source is read again: a suspended
	// machine shows there first, at no cost.
	drift = time.Millisecond
	// reread is how often the source is read at the least while somebody asks for the time.
	reread = time.Second
)

// Instant is a time of one Clock: how long after the Clock was made.
type Instant time.Duration

// Add gives a later instant.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Sub is the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }

// Source tells for how long, since some moment, time went on outside while Go's monotonic clock stood still. Only its
// growth matters. It gets the wall clock's lead over the monotonic clock, for systems with nothing better.
type Source func(wallLead time.Duration) time.Duration

// Clock measures leases. It is safe for concurrent use.
type Clock struct {
	source Source
	base   time.Time
	wall   time.Time // base without its monotonic reading

	suspended atomic.Int64 // the most that was ever seen, less what was when the clock was made
	lead      atomic.Int64 // the wall clock's at the last reading
	readAt    atomic.Int64 // on the monotonic clock, since base

	mu    sync.Mutex // held while the source is read
	first time.Duration
}

// New makes a clock over a source; nil is the system's own.
func New(source Source) *Clock {
	if source == nil {
		source = system
	}
	now := time.Now()
	c := &Clock{source: source, base: now, wall: now.Round(0)}
	c.first = source(0)
	return c
}

// Now is the time that has passed outside since the clock was made.
func (c *Clock) Now() Instant { return c.At(time.Now()) }

// At is Now, for a caller that has just read the time.
func (c *Clock) At(now time.Time) Instant {
	monotonic := now.Sub(c.base)
	lead := now.Round(0).Sub(c.wall) - monotonic
	if off := lead - time.Duration(c.lead.Load()); off > drift || off < -drift ||
		monotonic-time.Duration(c.readAt.Load()) > reread {
		c.read(monotonic, lead)
	}
	return Instant(monotonic) + Instant(c.suspended.Load())
}

// read asks the source. What it says never makes the clock go back.
func (c *Clock) read(monotonic, lead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := int64(c.source(lead) - c.first); s > c.suspended.Load() {
		c.suspended.Store(s)
	}
	c.lead.Store(int64(lead))
	c.readAt.Store(int64(monotonic))
}

// Time is an instant as a time.Time, with the monotonic reading that it has by now.
func (c *Clock) Time(i Instant) time.Time {
	return c.base.Add(time.Duration(i) - time.Duration(c.suspended.Load()))
}

// Until is how long it is from now to an instant: negative once it has passed.
func (c *Clock) Until(i Instant) time.Duration { return i.Sub(c.Now()) }
