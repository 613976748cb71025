package scripts

import (
	"fmt"
	"slices"
	"strings"
)

// NameError says that keys cannot be made of a name.
type NameError struct {
	Why string
}

func (e *NameError) Error() string { return e.Why }

// CheckNames wants each name to have lo to hi bytes (hi 0: any number). Its error is a [*NameError].
func CheckNames(lo, hi int, names ...string) error {
	for _, name := range names {
		switch n := len(name); {
		case n >= lo && (n <= hi || hi == 0):
		case hi == 0:
			return &NameError{fmt.Sprintf("a name has %d byte at least, this one %d", lo, n)}
		default:
			return &NameError{fmt.Sprintf("a name has %d to %d bytes, this one %d", lo, hi, n)}
		}
	}
	return nil
}

// Companions gives the keys that are derived from a name, one for each suffix: {name}suffix, or name and suffix where the
// name has a hash tag of its own. So they are in the name's own slot of a cluster, and a name of which that cannot be said
// is refused, with a [*NameError].
func Companions(name string, suffixes ...string) ([]string, error) {
	isCompanion := func(suffix string) bool { return isCompanion(name, suffix) }
	base := name
	switch tagged := hasHashTag(name); {
	case tagged && name[0] == '{' && strings.IndexByte(name, '}') == len(name)-1:
		// Its companions would be those of the name inside.
		return nil, &NameError{"a name must not be a hash tag alone: leave out its { and }"}
	case tagged && slices.ContainsFunc(suffixes, isCompanion):
		return nil, &NameError{"a name with a hash tag must not end as the companion keys of others do"}
	case tagged:
	case strings.Contains(name, "}"):
		return nil, &NameError{fmt.Sprintf("a name with a } needs a hash tag, as in {%s}:x, or no } at all",
			strings.NewReplacer("{", "", "}", "").Replace(name))}
	default:
		base = "{" + name + "}"
	}
	keys := make([]string, len(suffixes))
	for i, suffix := range suffixes {
		keys[i] = base + suffix
	}
	return keys, nil
}

// isCompanion reports whether a name with a hash tag ends as companions do. A suffix in a namespace, :jobs:known, reserves
// what later versions may want: whatever ends in :jobs: and lower-case letters.
func isCompanion(name, suffix string) bool {
	space := suffix[:strings.LastIndexByte(suffix, ':')+1]
	stem := strings.TrimRight(name, "abcdefghijklmnopqrstuvwxyz")
	return strings.HasSuffix(name, suffix) || len(space) > 1 && stem != name && strings.HasSuffix(stem, space)
}

// hasHashTag follows the Redis Cluster specification: the first {, and before the next } at least one byte.
func hasHashTag(name string) bool {
	_, rest, found := strings.Cut(name, "{")
	return found && strings.IndexByte(rest, '}') > 0
}
