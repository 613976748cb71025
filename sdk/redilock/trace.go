package redilock

import "time"

// Trace is a set of functions that a client calls as things happen, each of which may be nil. They are called from
// the goroutine at work, some of them while others wait for it: they must return at once, and must not call the client.
type Trace struct {
	// Enqueued: the call found the lock taken and waits. Waited is 0.
	Enqueued func(Event)
	// Acquired: the lock is ours. Fence, Lease and Waited are set.
	Acquired func(Event)
	// HandedOff: by our Unlock the lock went to another call of this client, in the same round trip. Fence and Lease
	// are the new holder's, Held is the old one's.
	HandedOff func(Event)
	// Extended: the lease was raised. Fence, Lease and Held are set.
	Extended func(Event)
	// ExtendFailed: a renewal failed and is tried again until the deadline. Err, Fence and Held are set.
	ExtendFailed func(Event)
	// Lost: the lease ended, or somebody took the lock. Err, Fence and Held are set.
	Lost func(Event)
	// Released: Unlock gave it back. Fence and Held are set.
	Released func(Event)
}

// Event is what a [Trace] function is told. Fields that mean nothing for the event are zero.
type Event struct {
	Name   string        // the lock's, its prefix included
	Owner  string        // our label, see WithOwner
	Fence  int64         // of the grant
	Lease  time.Duration // how long the server keeps the grant, unless extended
	Waited time.Duration // from the call of Lock to the grant
	Held   time.Duration // from the grant on
	Err    error
}

func (c *Client) emit(fn func(Event), e Event) {
	if fn != nil {
		e.Owner = c.opts.owner
		fn(e)
	}
}
