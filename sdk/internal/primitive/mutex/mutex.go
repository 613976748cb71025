// Package mutex adapts the scripts of mutex v1 to the engine.
package mutex

import (
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Name is the mutex of one name.
type Name struct{ keys mutexv1.Keys }

// Key is the key of the lock itself.
func (n Name) Key() string { return n.keys.Lock }

// Excludes is true: there is one holder.
func (Name) Excludes() bool { return true }

// Primitive is its word.
func (Name) Primitive() string { return "mutex" }

// Acquire asks for the lock, or for a place in its queue.
func (n Name) Acquire(r primitive.Request) primitive.Call[primitive.Acquired] {
	return primitive.Adapt(mutexv1.NewAcquire(n.keys, mutexv1.AcquireArgs{
		Token: r.Token, Lease: r.Lease, Presence: r.Presence, Wake: wakes[r.Wake], Channel: r.Channel,
		Fences: int64(r.Fences),
	}), readAcquire)
}

// Release gives the lock back, or the place in its queue.
func (n Name) Release(token, channel string, next *primitive.Request) primitive.Call[primitive.Released] {
	args := mutexv1.ReleaseArgs{Token: token, Channel: channel}
	if next != nil {
		args.Successor, args.Lease, args.Presence, args.Wake = next.Token, next.Lease, next.Presence, wakes[next.Wake]
		args.Fences = int64(next.Fences)
	}
	return primitive.Adapt(mutexv1.NewRelease(n.keys, args), readRelease)
}

// Extend raises what is left of the lease.
func (n Name) Extend(r primitive.Request) primitive.Call[primitive.Extended] {
	return primitive.Adapt(mutexv1.NewExtend(n.keys, mutexv1.ExtendArgs{Token: r.Token, Lease: r.Lease}), readExtend)
}

var wakes = [...]mutexv1.Wake{
	primitive.Poll: mutexv1.WakePoll, primitive.Push: mutexv1.WakePush, primitive.Broadcast: mutexv1.WakeBroadcast,
}

func readAcquire(reply mutexv1.AcquireReply) primitive.Acquired {
	switch r := reply.(type) {
	case mutexv1.AcquireGranted:
		return primitive.Acquired{
			Outcome: primitive.Granted, Grant: primitive.Grant{Fence: r.Fence, Fences: int(r.Fences), Lease: r.Lease},
		}
	case mutexv1.AcquireQueued:
		return primitive.Acquired{Outcome: primitive.Queued, Wait: r.HolderPTTL, Position: r.Position}
	case mutexv1.AcquireHeld:
		return primitive.Acquired{Outcome: primitive.Refused, Wait: r.HolderPTTL}
	}
	return primitive.Acquired{}
}

func readRelease(reply mutexv1.ReleaseReply) primitive.Released {
	switch r := reply.(type) {
	case mutexv1.ReleaseReleased:
		return primitive.Released{Outcome: primitive.Freed, Position: r.Position}
	case mutexv1.ReleaseHanded:
		return primitive.Released{Outcome: primitive.Freed, Grants: []primitive.Grant{
			{Token: r.Token, Fence: r.Fence, Fences: int(r.Fences), Lease: r.Lease},
		}}
	case mutexv1.ReleaseLeft:
		return primitive.Released{Outcome: primitive.Left, Position: r.Position}
	}
	return primitive.Released{Outcome: primitive.NotHeld}
}

func readExtend(reply mutexv1.ExtendReply) primitive.Extended {
	if r, ok := reply.(mutexv1.ExtendExtended); ok {
		return primitive.Extended{Outcome: primitive.Confirmed, Fence: r.Fence, Left: r.LeaseLeft}
	}
	return primitive.Extended{Outcome: primitive.NotHeld}
}
