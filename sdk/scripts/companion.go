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

// Companions gives the keys that are derived from a name, one for each suffix: {name}suffix, or name and suffix where the
// name has a hash tag of its own. So they are in the name's own slot of a cluster, and a name of which that cannot be said
// is refused, with a [*NameError].
func Companions(name string, suffixes ...string) ([]string, error) {
	if name == "" {
		return nil, &NameError{"a name must not be empty"}
	}
	if len(suffixes) == 0 {
		return nil, nil
	}
	ends := func(suffix string) bool { return strings.HasSuffix(name, suffix) }
	base := name
	switch tagged := hasHashTag(name); {
	case tagged && name[0] == '{' && strings.IndexByte(name, '}') == len(name)-1:
		// Its companions would be those of the name inside.
		return nil, &NameError{"a name must not be a hash tag alone: leave out its { and }"}
	case tagged && slices.ContainsFunc(suffixes, ends):
		return nil, &NameError{"a name must not be the companion key of another"}
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

// hasHashTag follows the Redis Cluster specification: the first {, and before the next } at least one byte.
func hasHashTag(name string) bool {
	_, rest, found := strings.Cut(name, "{")
	return found && strings.IndexByte(rest, '}') > 0
}
