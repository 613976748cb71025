// Package listing finds the locks of a server or a cluster, and what state they are in.
package listing

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	// companions is what the keys beside a lock match that tell of it: its fence counter and its queue. The queue is
	// there without a counter while others wait for a lock that another library holds.
	companions = "*:redilock:[fq][eu][ne][cu]e"
	// scanCount is how many keys one SCAN looks at: enough to be quick, too few to hold up a server.
	scanCount = 1000
	// inspections is how many locks are asked about at the same time.
	inspections = 16
)

var suffixes = []string{":redilock:fence", ":redilock:queue"}

// Lock is the state of one lock.
type Lock struct {
	Name string // without the prefix
	redilock.Status
	Err  error     // why there is no state: a key of another type, say
	Sent time.Time // when it was asked for
}

// Number is the fence of the grant that stands, or of the last one of a lock that is free. Another program that holds it
// has none: what the server knows then is of somebody before.
func (l Lock) Number() string {
	if l.Fence == 0 || l.Held && l.Owner == "" {
		return ""
	}
	return strconv.FormatInt(l.Fence, 10)
}

// Holder is who holds it, in few words and safe to show; in brackets if that is nobody who can be named.
func (l Lock) Holder() string {
	switch {
	case errors.Is(l.Err, redilock.ErrWrongType):
		return "(not a lock)"
	case l.Err != nil:
		return "(unknown)"
	case !l.Held:
		return "(free)"
	case l.Owner == "":
		return "(another program)"
	default:
		return table.Safe(l.Owner)
	}
}

// Names finds the names that match a pattern (as KEYS has it, "" for all) of the locks that were granted within the last
// hour or are waited for: those whose companion keys are there. A lock that only other libraries take has none.
//
// It walks through all the keys of every master by SCAN. What comes or goes meanwhile may be missing.
func Names(ctx context.Context, rdb redis.UniversalClient, prefix, pattern string) ([]string, error) {
	if pattern == "" {
		pattern = "*"
	}
	// The server only makes a choice that is wide enough: names and their companions differ in braces.
	match := "*" + Literal(prefix) + pattern + companions
	var mu sync.Mutex
	found := make(map[string]bool)
	err := EachMaster(ctx, rdb, func(ctx context.Context, node *redis.Client) error {
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			keys, next, err := node.Scan(ctx, cursor, match, scanCount).Result()
			if err != nil {
				return err
			}
			cursor = next
			mu.Lock()
			for _, key := range keys {
				name, ok := strings.CutPrefix(nameOf(key), prefix)
				if ok && name != "" && Match(pattern, name) {
					found[name] = true
				}
			}
			mu.Unlock()
		}
		return nil
	})
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, err
}

// Companions is the pattern of the keys that stand beside locks with this prefix. It is wide: see Parse.
func Companions(prefix string) string { return "*" + Literal(prefix) + companions }

// Companion is a key that stands beside a lock, and tells of it.
type Companion struct {
	Name           string // of the lock, without the prefix
	Fence          bool   // it is the fence counter; else the queue
	Counter, Queue string // the keys of both
}

// Parse reads the key of a companion. It reports false for any other key.
func Parse(key, prefix string) (Companion, bool) {
	name, ok := strings.CutPrefix(nameOf(key), prefix)
	if !ok || name == "" {
		return Companion{}, false
	}
	base, fence := strings.CutSuffix(key, suffixes[0])
	if !fence {
		base = strings.TrimSuffix(key, suffixes[1])
	}
	return Companion{Name: name, Fence: fence, Counter: base + suffixes[0], Queue: base + suffixes[1]}, true
}

// EachMaster calls fn for every server that holds keys of its own: at the same time, where there are several.
func EachMaster(
	ctx context.Context, rdb redis.UniversalClient, fn func(context.Context, *redis.Client) error,
) error {
	switch c := rdb.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, fn)
	case *redis.Client:
		return fn(ctx, c)
	default:
		return errors.New("listing: neither a single server nor a cluster")
	}
}

// nameOf gives the name that a companion key belongs to, "" for a key that is none. It is the reverse of the rule in
// lua/README.md, "Keys".
func nameOf(key string) string {
	base, ok := key, false
	for _, suffix := range suffixes {
		if base, ok = strings.CutSuffix(key, suffix); ok {
			break
		}
	}
	if !ok {
		return ""
	}
	_, rest, found := strings.Cut(base, "{")
	end := strings.IndexByte(rest, '}')
	switch {
	case !found || end <= 0:
		return "" // no companion of ours: they all have a hash tag
	case base[0] == '{' && end == len(rest)-1:
		return rest[:end]
	default:
		return base
	}
}

// Inspect asks for the state of the locks with these names, and without all leaves out those that are free and not waited
// for. The order is that of the names.
func Inspect(ctx context.Context, c *redilock.Client, names []string, all bool) ([]Lock, error) {
	locks := make([]Lock, len(names))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(inspections, len(names)) {
		workers.Go(func() {
			for i := range next {
				sent := time.Now()
				s, err := c.Inspect(ctx, names[i])
				locks[i] = Lock{Name: names[i], Status: s, Err: err, Sent: sent}
				if err != nil && !ownTrouble(err) {
					cancel(err)
				}
			}
		})
	}
	for i := range names {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return slices.DeleteFunc(locks, func(l Lock) bool {
		return errors.Is(l.Err, redilock.ErrInvalid) || !all && l.Err == nil && !l.Held && l.Queued == 0
	}), nil
}

// ownTrouble reports whether an error is one of this lock alone.
func ownTrouble(err error) bool {
	return errors.Is(err, redilock.ErrWrongType) || errors.Is(err, redilock.ErrInvalid)
}
