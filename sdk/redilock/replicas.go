package redilock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
)

// WithReplicas makes a lock count only when n replicas have it: Lock and TryLock wait for them after the grant, and Extend
// and renewals before they raise the deadline, with WAIT on a connection of their own. timeout is how long the server
// waits for their acknowledgement, 1 ms to half the TTL. If fewer have it by then, the lock is given back, and the error is
// ErrReplicas: also if there are fewer replicas. A renewal that they do not acknowledge is tried again until the deadline.
// The lock is not passed on in turns ([WithTurn]).
//
// It helps against a failover that loses a lock which somebody holds, as far as one of the replicas that acknowledged it is
// promoted: with one replica and n = 1 that is certain, with more replicas only if n is all of them, or if whatever
// promotes prefers the replica that is furthest ahead, as Sentinel and Redis Cluster do. It does not help where the old
// primary goes on serving while it is cut off, nor against a replica that restarts empty; and it costs two round trips and
// the way to the replicas. Fences grow across a failover with and without it.
//
// A user with an ACL needs +wait. A client other than a *redis.Client or a *redis.ClusterClient gives no connection of its
// own: then the error is ErrInvalid.
func WithReplicas(n int, timeout time.Duration) LockOption {
	return lockOption(func(o *lockOptions) { o.replicas, o.hasReplicas = call.Replicas{Count: n, Within: timeout}, true })
}

// ReplicasError is the ErrReplicas of a lock.
type ReplicasError struct {
	Name         string // as it was given to Mutex
	Wanted       int
	Acknowledged int           // so many replicas have it
	Timeout      time.Duration // how long the others were waited for
}

func (e *ReplicasError) Error() string {
	return fmt.Sprintf("%v: %d of %d have it after %v; see that they are connected, or ask for fewer",
		ErrReplicas, e.Acknowledged, e.Wanted, e.Timeout)
}

// Is makes errors.Is(err, ErrReplicas) true.
func (e *ReplicasError) Is(target error) bool { return target == ErrReplicas }

// checkReplicas says what is wrong with an acknowledgement that a lock of that TTL is to wait for.
func (c *Client) checkReplicas(r call.Replicas, ttl time.Duration) error {
	if r.Within > ttl/2 {
		return fmt.Errorf("%w: replicas have %v to acknowledge; half of the TTL, %v, at the most",
			ErrInvalid, r.Within, ttl/2)
	}
	return c.sender.CanAcknowledge()
}

// confirm waits until enough replicas have a lock that was granted. One that they do not have is given back.
func (n *named) confirm(ctx context.Context, op string, l *Lock) (*Lock, error) {
	if !n.opts.hasReplicas {
		return l, nil
	}
	l.h.Grant().Replicate(n.opts.replicas)
	err := l.replicate(ctx, n.ttl, n.opts.replicas)
	if err == nil {
		return l, nil
	}
	if ctx.Err() == nil {
		_ = l.unlock(ctx)
	} else {
		go func() { _ = l.unlock(context.WithoutCancel(ctx)) }() // the caller does not wait any longer
	}
	return nil, opError(op, n.name, err)
}

const (
	// replicateTries is how often an acknowledgement is asked for that failed for another reason than too few replicas.
	replicateTries = 3
	replicatePause = 20 * time.Millisecond
)

// replicate extends a lock, and waits until enough replicas have that. A grant that came by a hand-off was written for
// another connection: so the extend makes it this connection's, and everything before it is ahead of it on its way to the
// replicas.
func (l *Lock) replicate(ctx context.Context, ttl time.Duration, want call.Replicas) (err error) {
	for try := range replicateTries {
		if try > 0 {
			if err := l.c.pause(ctx, replicatePause); err != nil {
				return err
			}
		}
		if err = l.replicateOnce(ctx, ttl, want); !errors.Is(err, ErrUnavailable) || ctx.Err() != nil || l.h.Err() != nil {
			break
		}
	}
	return err
}

func (l *Lock) replicateOnce(ctx context.Context, ttl time.Duration, want call.Replicas) error {
	g := l.h.Grant()
	request, err := l.h.Extending(ttl)
	if err != nil {
		return err
	}
	c := g.Resource().Extend(request)
	sent := g.Now()
	reply, have, err := call.Acknowledge(ctx, l.c.sender, g.Resource().Key(), c, want, l.c.life)
	if err != nil {
		g.MayBeExtended(ttl)
		return err
	}
	err = g.Acknowledged(reply, have, want, func() error { return g.Extended(reply, sent, ttl) })
	if errors.Is(err, ErrReplicas) {
		return &ReplicasError{Name: l.Name(), Wanted: want.Count, Acknowledged: have, Timeout: want.Within}
	}
	return err
}
