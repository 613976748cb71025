package redilock

import (
	"fmt"
	"log/slog"
	"time"
)

const (
	defaultPollInterval = 250 * time.Millisecond
	minPollInterval     = time.Millisecond
	maxPollInterval     = 15 * time.Second

	// minPresence is how long the server believes a waiter alive without hearing from it, at the least: a waiter that
	// dies costs the others that much at the most, and one that lives says so three times in it.
	minPresence = 6 * time.Second
	maxPresence = 60 * time.Second // the protocol's limit
)

type options struct {
	owner  string
	prefix string
	poll   time.Duration
	log    *slog.Logger
	trace  Trace
}

func (o *options) presence() time.Duration {
	return min(max(minPresence, 4*o.poll), maxPresence)
}

// Option sets up a [Client].
type Option func(*options)

// WithOwner sets the label that others see as the holder (in Inspect, the command line tool, traces). It is part of
// every token: 1 to 256 bytes. The default is host:pid.
func WithOwner(owner string) Option { return func(o *options) { o.owner = owner } }

// WithPrefix puts a prefix before every name, for example "lock:". It is part of the key that other programs see.
func WithPrefix(prefix string) Option { return func(o *options) { o.prefix = prefix } }

// WithPollInterval sets how often the next in the queue asks for the lock, 1 ms to 15 s, 250 ms unless set. It is the
// longest delay that a lost wake-up can cause for the waiter that knows that it is next; for one further behind that is a
// third of its presence. A normal hand-off does not wait for it. The presence, how long the server believes a silent
// waiter alive, is four times it, and 6 s at the least.
func WithPollInterval(d time.Duration) Option { return func(o *options) { o.poll = d } }

// WithLogger makes the client log: the routine at level Debug, a lost lock at Warn. Tokens are never logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithTrace makes the client call t's functions as things happen.
func WithTrace(t Trace) Option { return func(o *options) { o.trace = t } }

func newOptions(opts []Option) (options, error) {
	o := options{owner: defaultOwner(), poll: defaultPollInterval, log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	if err := checkOwner(o.owner); err != nil {
		return o, err
	}
	if o.poll < minPollInterval || o.poll > maxPollInterval {
		return o, fmt.Errorf("%w: a poll interval is %v to %v, this one %v",
			ErrInvalid, minPollInterval, maxPollInterval, o.poll)
	}
	return o, nil
}

// LockOption sets up one [Mutex], or one call of [Client.Do] or [Client.Attach].
type LockOption func(*lockOptions)

type lockOptions struct {
	autoExtend bool
	maxHold    time.Duration // 0: no limit
	reentrant  bool
}

// WithAutoExtend renews the lease at a third of it for as long as the lock is held. The lock then ends by Unlock, by
// [WithMaxHold], or by the loss of the server; and still within one lease of a crash.
func WithAutoExtend() LockOption { return func(o *lockOptions) { o.autoExtend = true } }

// WithMaxHold ends the automatic renewal d after the lock was granted, so that a section that hangs cannot hold it for
// ever. The lock's context then ends with ErrLost. It has no effect without [WithAutoExtend].
func WithMaxHold(d time.Duration) LockOption { return func(o *lockOptions) { o.maxHold = d } }

// WithReentrant lets Lock, TryLock and Do share a lock that their context says its call chain holds (see [Client.Do]),
// counted: the last Unlock gives it back. Without it they answer [ErrNested].
func WithReentrant() LockOption { return func(o *lockOptions) { o.reentrant = true } }

func newLockOptions(opts []LockOption) (lockOptions, error) {
	var o lockOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if o.maxHold < 0 {
		return o, fmt.Errorf("%w: a maximal hold of %v is negative", ErrInvalid, o.maxHold)
	}
	return o, nil
}

const (
	minTTL = time.Millisecond
	maxTTL = (1<<31 - 1) * time.Millisecond // what the protocol can carry: 24 days and 20 hours
)

func checkTTL(ttl time.Duration) error {
	if ttl < minTTL || ttl > maxTTL {
		return fmt.Errorf("%w: a TTL is %v to %v, this one %v", ErrInvalid, minTTL, maxTTL, ttl)
	}
	return nil
}

// driftOf is what a deadline keeps from the server's own expiry: clocks run at different speeds, and expiry has a
// granularity. 1 % + 2 ms, as in the description of the Redlock algorithm on redis.io.
func driftOf(lease time.Duration) time.Duration { return lease/100 + 2*time.Millisecond }
