package main

import (
	"math"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// replicas is how many replicas have to have a lock before it counts.
type replicas struct {
	Replicas        *int      `placeholder:"N" help:"${replicasHelp}"`
	ReplicasTimeout *duration `placeholder:"DURATION" help:"How long they have for that. Default: 1s, or half of --ttl."`
}

// replicasLimit is how long the replicas have unless the user says otherwise.
const replicasLimit = time.Second

// check says what is wrong with the flags, and sets the time if it was left out.
func (r *replicas) check(ttl time.Duration) error {
	switch {
	case r.Replicas == nil && r.ReplicasTimeout != nil:
		return usage("--replicas-timeout is about --replicas, which is missing")
	case r.Replicas == nil:
		return nil
	case *r.Replicas < 1 || *r.Replicas > math.MaxInt32:
		return usage("--replicas is 1 or more, not %d", *r.Replicas)
	case r.ReplicasTimeout == nil:
		limit := duration(min(replicasLimit, ttl/2))
		r.ReplicasTimeout = &limit
	}
	if d := time.Duration(*r.ReplicasTimeout); d < time.Millisecond || d > ttl/2 {
		return usage("--replicas-timeout is 1ms to half of --ttl, %v here, not %v", ttl/2, d)
	}
	return nil
}

func (r *replicas) options() []redilock.LockOption {
	if r.Replicas == nil {
		return nil
	}
	return []redilock.LockOption{redilock.WithReplicas(*r.Replicas, time.Duration(*r.ReplicasTimeout))}
}
