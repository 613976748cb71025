// Package semaphore adapts the scripts of semaphore v1 to the engine. The lock of readers and writers is one of its uses.
package semaphore

import (
	"fmt"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

// Name is the semaphore of one name.
type Name struct {
	keys semaphorev1.Keys
	word string
}

// New gives the semaphore of a name, the client's prefix included.
func New(name string) (Name, error) { return named(name, "semaphore") }

// NewRW gives the lock of readers and writers of a name: a semaphore of which a reader takes one permit, and a writer all.
func NewRW(name string) (Name, error) { return named(name, "rwmutex") }

// Limit is how many permits a semaphore has at the most, and how many a lock of readers and writers has.
const Limit = 1<<31 - 1

func named(name, word string) (Name, error) { // which names can be is in the header of the scripts
	keys, err := semaphorev1.KeysOf(name)
	if err != nil {
		return Name{}, fmt.Errorf("%w: %w", failure.Invalid, err)
	}
	return Name{keys, word}, nil
}

// Key is the key of the semaphore itself.
func (n Name) Key() string { return n.keys.Holders }

// Primitive is its word.
func (n Name) Primitive() string { return n.word }

// Excludes is false: whether there is room for another is the server's to say.
func (Name) Excludes() bool { return false }

// Acquire asks for permits, or for a place in the queue.
func (n Name) Acquire(r primitive.Request) primitive.Call[primitive.Acquired] {
	return primitive.Adapt(semaphorev1.NewAcquire(n.keys, semaphorev1.AcquireArgs{
		Token: r.Token, Lease: r.Lease, Limit: r.Limit, Weight: r.Weight, Presence: r.Presence, Wake: wakes[r.Wake],
		Channel: r.Channel, Fences: int64(r.Fences),
	}), readAcquire)
}

// Release gives all permits of a token back, or its place in the queue.
func (n Name) Release(token, channel string, next *primitive.Request) primitive.Call[primitive.Released] {
	args := semaphorev1.ReleaseArgs{Token: token, Channel: channel}
	if next != nil {
		args.Successor, args.Lease, args.Presence, args.Wake = next.Token, next.Lease, next.Presence, wakes[next.Wake]
		args.Limit, args.Weight, args.Fences = next.Limit, next.Weight, int64(next.Fences)
	}
	return primitive.Adapt(semaphorev1.NewRelease(n.keys, args), readRelease)
}

// Extend raises what is left of the lease. It restores what the server has forgotten of a weight that is known.
func (n Name) Extend(r primitive.Request) primitive.Call[primitive.Extended] {
	return primitive.Adapt(semaphorev1.NewExtend(n.keys, semaphorev1.ExtendArgs{
		Token: r.Token, Lease: r.Lease, Weight: r.Weight, Limit: r.Limit,
	}), readExtend)
}

// Shrink leaves weight to a token that has more.
func (n Name) Shrink(token string, weight int64, channel string) primitive.Call[primitive.Shrunk] {
	return primitive.Adapt(semaphorev1.NewShrink(n.keys, semaphorev1.ShrinkArgs{
		Token: token, Weight: weight, Channel: channel,
	}), readShrink)
}

var wakes = [...]semaphorev1.Wake{
	primitive.Poll: semaphorev1.WakePoll, primitive.Push: semaphorev1.WakePush,
	primitive.Broadcast: semaphorev1.WakeBroadcast,
}

func readAcquire(reply semaphorev1.AcquireReply) primitive.Acquired {
	switch r := reply.(type) {
	case semaphorev1.AcquireGranted:
		return primitive.Acquired{
			Outcome: primitive.Granted, Grant: primitive.Grant{Fence: r.Fence, Fences: int(r.Fences), Lease: r.Lease},
		}
	case semaphorev1.AcquireQueued:
		return primitive.Acquired{Outcome: primitive.Queued, Wait: r.Wait, Position: r.Position}
	case semaphorev1.AcquireHeld:
		return primitive.Acquired{Outcome: primitive.Refused, Wait: r.Wait}
	}
	return primitive.Acquired{}
}

func readRelease(reply semaphorev1.ReleaseReply) primitive.Released {
	switch r := reply.(type) {
	case semaphorev1.ReleaseReleased:
		return released(primitive.Freed, r.Position, r.Granted, r.More)
	case semaphorev1.ReleaseLeft:
		return released(primitive.Left, r.Position, r.Granted, r.More)
	case semaphorev1.ReleaseNotheld:
		return released(primitive.NotHeld, 0, r.Granted, r.More)
	}
	return primitive.Released{Outcome: primitive.NotHeld}
}

func released(o primitive.Outcome, position int64, rows []semaphorev1.GrantedRow, more bool) primitive.Released {
	return primitive.Released{Outcome: o, Position: position, Grants: grants(rows), More: more}
}

func grants(rows []semaphorev1.GrantedRow) []primitive.Grant {
	list := make([]primitive.Grant, len(rows))
	for i, r := range rows {
		list[i] = primitive.Grant{Token: r.Token, Fence: r.Fence, Fences: int(r.Fences), Lease: r.Lease}
	}
	return list
}

func readExtend(reply semaphorev1.ExtendReply) primitive.Extended {
	if r, ok := reply.(semaphorev1.ExtendExtended); ok {
		return primitive.Extended{Outcome: primitive.Confirmed, Fence: r.Fence, Left: r.LeaseLeft}
	}
	return primitive.Extended{Outcome: primitive.NotHeld}
}

func readShrink(reply semaphorev1.ShrinkReply) primitive.Shrunk {
	if r, ok := reply.(semaphorev1.ShrinkShrunk); ok {
		return primitive.Shrunk{Outcome: primitive.Confirmed, Weight: r.Weight, Grants: grants(r.Granted), More: r.More}
	}
	return primitive.Shrunk{Outcome: primitive.NotHeld}
}
