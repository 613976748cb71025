package mutex

import (
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

const maxNameBytes = 1024

// What the companion keys of a name end in.
const (
	fenceSuffix   = reserved + "fence"
	queueSuffix   = reserved + "queue"
	waitersSuffix = reserved + "waiters"
)

// reserved, and lower-case letters behind it, is how every companion key ends: those of today, and those of the primitives
// and versions to come.
const reserved = ":redilock:"

// keysOf gives the four keys of a lock. The lock's own key is its name byte for byte: that is what excludes, and is
// excluded by, every other client that does SET name token NX PX. The companions carry a hash tag that puts them into
// the name's own cluster slot, so a name that cannot be made one is refused.
//
// Source of the rule: lua/README.md, "Keys".
func keysOf(name string) (mutexv1.Keys, error) {
	if name == "" || len(name) > maxNameBytes {
		return mutexv1.Keys{}, fmt.Errorf("%w: a name has 1 to %d bytes (prefix included), this one %d",
			failure.Invalid, maxNameBytes, len(name))
	}
	base := name
	switch {
	case isHashTag(name):
		// Its companions would be those of the name inside, whose queue it would share: a hand-off of the one lock
		// would then be taken for the other.
		return mutexv1.Keys{}, fmt.Errorf("%w: a name must not be a hash tag alone: leave out its { and }", failure.Invalid)
	case isCompanion(name):
		return mutexv1.Keys{}, fmt.Errorf("%w: a name with a hash tag must not end in %s and lower-case letters: "+
			"such keys belong to other locks", failure.Invalid, reserved)
	case hasHashTag(name):
	case strings.Contains(name, "}"):
		return mutexv1.Keys{}, fmt.Errorf("%w: a name with a } needs a hash tag, as in {%s}:lock, or no } at all",
			failure.Invalid, strings.NewReplacer("{", "", "}", "").Replace(name))
	default:
		base = "{" + name + "}"
	}
	return mutexv1.Keys{
		Lock:    name,
		Fence:   base + fenceSuffix,
		Queue:   base + queueSuffix,
		Waiters: base + waitersSuffix,
	}, nil
}

// hasHashTag follows the Redis Cluster specification: the first {, and before the next } at least one byte.
func hasHashTag(name string) bool {
	_, rest, found := strings.Cut(name, "{")
	return found && strings.IndexByte(rest, '}') > 0
}

// isHashTag reports whether a name is a hash tag from its first byte to its last.
func isHashTag(name string) bool {
	return hasHashTag(name) && name[0] == '{' && strings.IndexByte(name, '}') == len(name)-1
}

// isCompanion reports whether a name is of the form of the companion keys, where another lock keeps what belongs to it: as
// a lock it would be overwritten.
func isCompanion(name string) bool {
	stem := strings.TrimRight(name, "abcdefghijklmnopqrstuvwxyz")
	return hasHashTag(name) && stem != name && strings.HasSuffix(stem, reserved)
}

// New gives the mutex of a name, the client's prefix included.
func New(name string) (Name, error) {
	keys, err := keysOf(name)
	return Name{keys}, err
}
