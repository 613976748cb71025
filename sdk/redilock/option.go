package redilock

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
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

const (
	defaultTurn = time.Millisecond
	maxTurn     = 100 * time.Millisecond
)

type options struct {
	turn   time.Duration
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
type Option interface{ setClient(*options) }

type clientOption func(*options)

func (f clientOption) setClient(o *options) { f(o) }

// WithOwner sets the label that others see as the holder (in Inspect, the command line tool, traces). It is part of
// every token: 1 to 256 bytes. The default is host:pid.
func WithOwner(owner string) Option { return clientOption(func(o *options) { o.owner = owner }) }

// WithPrefix puts a prefix before every name, for example "lock:". It is part of the key that other programs see, and of
// no name that this package answers: see [Mutex.Key].
func WithPrefix(prefix string) Option { return clientOption(func(o *options) { o.prefix = prefix }) }

// WithPollInterval sets how often the next in the queue asks for the lock, 1 ms to 15 s, 250 ms unless set. It is the
// longest delay that a lost wake-up can cause for the waiter that knows that it is next; for one further behind that is a
// third of its presence. A normal hand-off does not wait for it. The presence, how long the server believes a silent
// waiter alive, is four times it, and 6 s at the least.
func WithPollInterval(d time.Duration) Option { return clientOption(func(o *options) { o.poll = d }) }

// WithLogger makes the client log: the routine at level Debug, a lost lock and what could not be given back at Warn, a
// panic of a Trace function at Error. Tokens are never logged. A slow handler delays the calls that it logs, and no lock.
func WithLogger(l *slog.Logger) Option { return clientOption(func(o *options) { o.log = l }) }

// WithTrace makes the client call t's functions as things happen.
func WithTrace(t Trace) Option { return clientOption(func(o *options) { o.trace = t }) }

func newOptions(opts []Option) (options, error) {
	o := options{owner: defaultOwner(), poll: defaultPollInterval, turn: defaultTurn, log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		if opt != nil {
			opt.setClient(&o)
		}
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	if err := checkOwner(o.owner); err != nil {
		return o, err
	}
	if err := checkTurn(o.turn); err != nil {
		return o, err
	}
	if o.poll < minPollInterval || o.poll > maxPollInterval {
		return o, fmt.Errorf("%w: a poll interval is %v to %v, this one %v",
			ErrInvalid, minPollInterval, maxPollInterval, o.poll)
	}
	return o, nil
}

// LockOption sets up one [Mutex], [Semaphore] or [RWMutex], or one call of [Client.Do] or [Client.Attach].
type LockOption interface{ setLock(*lockOptions) }

type lockOption func(*lockOptions)

func (f lockOption) setLock(o *lockOptions) { f(o) }

// TurnOption is an [Option] of a client, and a [LockOption] that overrides it for one lock.
type TurnOption struct {
	d   time.Duration
	set bool
}

func (t TurnOption) setClient(o *options)   { o.turn = t.d }
func (t TurnOption) setLock(o *lockOptions) { o.turn = t }

// WithTurn sets for how long a client that got a lock may serve its own waiters, one after the other, before the lock goes
// to others: 1 ms unless set, 100 ms and half the TTL at the most. Short sections then cost no round trip between two calls
// of one process; a section that takes longer than d hands the lock on as with 0. Whoever waits in another process waits
// for d and one section longer for each client ahead of it: the lock is fair by turns.
//
// In a turn each call has a [Lock] and a fence of its own, and the lease is the same. After a lock was taken from its
// holder on the server (a DEL, [Client.Break], a failover that lost it) this client may start further holders until its
// turn ends, with fences lower than the new holder's. Who cannot have that uses 0: then every hand-off goes to the server.
// ErrInvalid if it is out of its range.
func WithTurn(d time.Duration) TurnOption { return TurnOption{d, true} }

func checkTurn(d time.Duration) error {
	if d < 0 || d > maxTurn {
		return fmt.Errorf("%w: a turn is 0 to %v, this one %v", ErrInvalid, maxTurn, d)
	}
	return nil
}

type lockOptions struct {
	autoExtend    bool
	maxHold       time.Duration // 0: no limit
	reentrant     bool
	wait          time.Duration // 0: as long as the context
	hasWait       bool
	token         string // "": a new one for every acquisition
	hasToken      bool
	releaseOnDone bool
	turn          TurnOption
	replicas      call.Replicas
	hasReplicas   bool
}

// WithAutoExtend renews the lease at a third of it for as long as the lock is held. The lock then ends by Unlock, by
// [WithMaxHold], or by the loss of the server; and still within one lease of a crash. The end of the context that was
// passed to Lock does not end it, see [WithReleaseOnDone]. A [Lock] that becomes unreachable without Unlock is not renewed
// any longer, and that is logged.
func WithAutoExtend() LockOption { return lockOption(func(o *lockOptions) { o.autoExtend = true }) }

// WithMaxHold ends a lock that is renewed d after it was granted, so that a section that hangs cannot hold it for ever:
// its context ends with ErrMaxHold, and it is released. 0 is without a limit. It is an error without [WithAutoExtend]:
// there the TTL is the limit.
func WithMaxHold(d time.Duration) LockOption {
	return lockOption(func(o *lockOptions) { o.maxHold = d })
}

// WithReentrant lets Lock, TryLock and Do share a lock that their context says its call chain holds (the context of
// [Lock.Context], or of Do), counted: the last Unlock gives it back. Without it they answer [ErrNested]. The inner call
// gets what it asks for: the lease is raised to its TTL, and [WithAutoExtend] of its own begins to renew it. The maximal
// hold is that of the outer call.
func WithReentrant() LockOption { return lockOption(func(o *lockOptions) { o.reentrant = true }) }

// WithWait bounds how long Lock and Do wait: longer than d ends with [ErrWaitTimeout]. Unlike a context with a time-out it
// bounds the wait only, and not the lock: the context that is passed to Lock is the parent of the lock's own. d is more
// than 0; to ask once there is [Mutex.TryLock].
func WithWait(d time.Duration) LockOption {
	return lockOption(func(o *lockOptions) { o.wait, o.hasWait = d, true })
}

// WithToken makes the lock be taken with this token, 1 to 512 bytes, instead of a new one: for a program that must know
// the token before it has the lock, for example to write it down. A token names one acquisition. Lock and TryLock answer
// ErrInvalid while another acquisition of this client uses it on the same name; between clients two calls with one token
// would both have the lock.
func WithToken(token string) LockOption {
	return lockOption(func(o *lockOptions) { o.token, o.hasToken = token, true })
}

// WithReleaseOnDone unlocks the lock when the context that was passed to Lock, TryLock or Do ends. Without it the lock's
// context ends then, and the lock is held, and renewed with [WithAutoExtend], until Unlock.
func WithReleaseOnDone() LockOption {
	return lockOption(func(o *lockOptions) { o.releaseOnDone = true })
}

func newLockOptions(opts []LockOption) (lockOptions, error) {
	var o lockOptions
	for _, opt := range opts {
		if opt != nil {
			opt.setLock(&o)
		}
	}
	switch {
	case o.maxHold < 0:
		return o, fmt.Errorf("%w: a maximal hold of %v is negative", ErrInvalid, o.maxHold)
	case o.maxHold > 0 && !o.autoExtend:
		return o, fmt.Errorf("%w: a maximal hold needs WithAutoExtend; without it the TTL is the limit", ErrInvalid)
	case o.hasWait && o.wait <= 0:
		return o, fmt.Errorf("%w: a wait of %v; to ask once, use TryLock", ErrInvalid, o.wait)
	case o.hasReplicas && o.replicas.Count < 1:
		return o, fmt.Errorf("%w: %d replicas; without WithReplicas none is waited for", ErrInvalid, o.replicas.Count)
	case o.hasReplicas && o.replicas.Within < time.Millisecond:
		return o, fmt.Errorf("%w: replicas have %v to acknowledge; 1 ms at the least", ErrInvalid, o.replicas.Within)
	}
	err := checkTurn(o.turn.d)
	if err == nil && o.hasToken {
		err = checkToken(o.token)
	}
	return o, err
}

const (
	minLease = time.Millisecond
	maxLease = (1<<31 - 1) * time.Millisecond // what the protocol can carry: 24 days and 20 hours
)

// minTTL is the shortest lease that leaves anything of it: a deadline keeps lease.Drift from the server's expiry.
var minTTL = func() time.Duration {
	ttl := minLease
	for ttl <= lease.Drift(ttl) {
		ttl += time.Millisecond
	}
	return ttl
}()

func checkTTL(ttl time.Duration) error {
	if ttl < minTTL || ttl > maxLease {
		return fmt.Errorf("%w: a TTL is %v to %v, this one %v; of a shorter one nothing is left, because a deadline keeps "+
			"1 %% + 2 ms from the server's own expiry", ErrInvalid, minTTL, maxLease, ttl)
	}
	return nil
}

// checkExtension is checkTTL for Extend, which never shortens a lease.
func checkExtension(ttl time.Duration) error {
	if ttl < minLease || ttl > maxLease {
		return fmt.Errorf("%w: the TTL of an extension is %v to %v, this one %v", ErrInvalid, minLease, maxLease, ttl)
	}
	return nil
}
