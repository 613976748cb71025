// Package listing finds the locks of a server or a cluster, and what state they are in.
package listing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	// companions is what the keys beside a lock match that tell of it: its fence counter, its queue, and of a semaphore
	// its members. A queue is there without a counter while others wait for a lock that another library holds.
	companions = "*:redilock:[fmpq]*"
	// scanCount is how many keys one SCAN looks at: enough to be quick, too few to hold up a server.
	scanCount = 1000
	// inspections is how many locks are asked about at the same time.
	inspections = 16
)

// suffixes are those of the companions. The last two are a semaphore's alone.
var suffixes = []string{":redilock:fence", ":redilock:queue", ":redilock:pending", ":redilock:members"}

const firstOfSemaphore = 2

// Name is a lock that was found.
type Name struct {
	Name string // without the prefix
	Kind state.Primitive
}

// Lock is the state of one lock.
type Lock struct {
	Name string // without the prefix
	state.State
	Err  error     // why there is no state: a key of another type, say
	Sent time.Time // when it was asked for
}

// Number is the fence of the grant that stands, or of the last one of a lock that is free. Another program that holds it
// has none: what the server knows then is of somebody before.
func (l Lock) Number() string {
	if l.Fence == 0 || l.Held && l.Owner == "" && l.Semaphore == nil {
		return ""
	}
	return strconv.FormatInt(l.Fence, 10)
}

// Holder is who holds it, in few words and safe to show; in brackets if that is nobody who can be named. Of several it is
// the one that has held it the longest, and how many there are besides.
func (l Lock) Holder() string {
	if others := l.Others(); others > 0 {
		return fmt.Sprintf("%s +%d", l.holder(), others)
	}
	return l.holder()
}

func (l Lock) holder() string {
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
func Names(ctx context.Context, rdb redis.UniversalClient, prefix, pattern string) ([]Name, error) {
	if pattern == "" {
		pattern = "*"
	}
	// The server only makes a choice that is wide enough: names and their companions differ in braces.
	match := "*" + Literal(prefix) + pattern + companions
	var mu sync.Mutex
	found := make(map[string]state.Primitive)
	err := EachMaster(ctx, rdb, func(ctx context.Context, node *redis.Client) error {
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			keys, next, err := node.Scan(ctx, cursor, match, scanCount).Result()
			if err != nil {
				return err
			}
			cursor = next
			mu.Lock()
			for _, key := range keys {
				one, ok := Parse(key, prefix)
				if !ok || !Match(pattern, one.Name) {
					continue
				}
				if kind := one.Kind(); kind != state.Unknown || found[one.Name] == state.Unknown {
					found[one.Name] = kind
				}
			}
			mu.Unlock()
		}
		return nil
	})
	names := make([]Name, 0, len(found))
	for name, kind := range found {
		if kind == state.Unknown {
			kind = state.Mutex // or a semaphore whose members are lost: then its key tells it
		}
		names = append(names, Name{name, kind})
	}
	slices.SortFunc(names, func(a, b Name) int { return strings.Compare(a.Name, b.Name) })
	return names, err
}

// Companions is the pattern of the keys that stand beside locks with this prefix. It is wide: see Parse.
func Companions(prefix string) string { return "*" + Literal(prefix) + companions }

// Companion is a key that stands beside a lock, and tells of it.
type Companion struct {
	Name string // of the lock, without the prefix
	base string
	at   int // of the suffixes
}

// Parse reads the key of a companion. It reports false for any other key.
func Parse(key, prefix string) (Companion, bool) {
	full, base, at := split(key)
	name, ok := strings.CutPrefix(full, prefix)
	if !ok || name == "" {
		return Companion{}, false
	}
	return Companion{name, base, at}, true
}

// Kind is what the key tells of the kind of its lock.
func (c Companion) Kind() state.Primitive {
	if c.at >= firstOfSemaphore {
		return state.Semaphore
	}
	return state.Unknown
}

// Queues are the keys of those who wait for a mutex, and for permits.
func (c Companion) Queues() []string { return []string{c.base + suffixes[1], c.base + suffixes[2]} }

// Before are the companions of the same lock that come before this one: a lock is counted by the first that is there.
func (c Companion) Before() []string {
	keys := make([]string, c.at)
	for i := range keys {
		keys[i] = c.base + suffixes[i]
	}
	return keys
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

// split gives the name that a companion key belongs to, what stands before its suffix, and which one that is; "" for a key
// that is no companion. It is the reverse of the rule in lua/README.md, "Keys".
func split(key string) (name, base string, at int) {
	ok := false
	for at = range suffixes {
		if base, ok = strings.CutSuffix(key, suffixes[at]); ok {
			break
		}
	}
	if !ok {
		return "", "", 0
	}
	_, rest, found := strings.Cut(base, "{")
	end := strings.IndexByte(rest, '}')
	switch {
	case !found || end <= 0:
		return "", "", 0 // no companion of ours: they all have a hash tag
	case base[0] == '{' && end == len(rest)-1:
		return rest[:end], base, at
	default:
		return base, base, at
	}
}

// Inspect asks for the state of the locks with these names, and without all leaves out those that are free and not waited
// for. The order is that of the names.
func Inspect(ctx context.Context, c *redilock.Client, names []Name, all bool) ([]Lock, error) {
	locks := make([]Lock, len(names))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(inspections, len(names)) {
		workers.Go(func() {
			for i := range next {
				sent := time.Now()
				s, err := state.Ask(ctx, c, names[i].Name, names[i].Kind)
				locks[i] = Lock{Name: names[i].Name, State: s, Err: err, Sent: sent}
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
		return errors.Is(l.Err, redilock.ErrInvalid) || !all && l.Err == nil && !l.Busy()
	}), nil
}

// ownTrouble reports whether an error is one of this lock alone.
func ownTrouble(err error) bool {
	return errors.Is(err, redilock.ErrWrongType) || errors.Is(err, redilock.ErrInvalid)
}
