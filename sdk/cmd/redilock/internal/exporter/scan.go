package exporter

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
)

const (
	// maxName is how long a name may be: the protocol's limit.
	maxName = 1024
	// stepKeys is how many keys one SCAN looks at. A server answers nobody else meanwhile, so it is few: some 50 µs.
	stepKeys = 100
	// restFactor is how long the walk rests after a step, in times of the step; minRest is the least. With it the server is
	// busy with the walk for less than one percent of the time, and its 99th percentile is that of the others. A million
	// keys take a minute and a half.
	restFactor = 4
	minRest    = 8 * time.Millisecond
)

// walked is what one walk through the keys found.
type walked struct {
	known int // locks that were used within the hour
	took  time.Duration
}

// walk goes through the keys of every master, at a pace that leaves the server to others, and hands each lock that is held
// or waited for to found. That a lock is held is asked of the server that has its companions: all are in one slot.
func walk(ctx context.Context, rdb redis.UniversalClient, prefix string, found func(listing.Name)) (walked, error) {
	began := time.Now()
	known := make(chan int, 64)
	total := make(chan int)
	go func() {
		n := 0
		for k := range known {
			n += k
		}
		total <- n
	}()
	err := listing.EachMaster(ctx, rdb, func(ctx context.Context, node *redis.Client) error {
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			step := time.Now()
			keys, next, err := node.Scan(ctx, cursor, listing.Companions(prefix), stepKeys).Result()
			if err != nil {
				return err
			}
			cursor = next
			n, err := probe(ctx, node, prefix, keys, found)
			if err != nil {
				return err
			}
			known <- n
			if err := rest(ctx, max(minRest, restFactor*time.Since(step))); err != nil {
				return err
			}
		}
		return nil
	})
	close(known)
	return walked{known: <-total, took: time.Since(began)}, err
}

// probe finds out which of the locks that have these companions are held or waited for. A lock with several companions
// counts by the first of them.
func probe(
	ctx context.Context, node *redis.Client, prefix string, keys []string, found func(listing.Name),
) (known int, err error) {
	type candidate struct {
		listing.Name
		held, queued, before *redis.IntCmd
	}
	var candidates []candidate
	pipe := node.Pipeline()
	for _, key := range keys {
		c, ok := listing.Parse(key, prefix)
		if !ok || len(c.Name)+len(prefix) > maxName {
			continue
		}
		one := candidate{
			Name: listing.Name{Name: c.Name, Kind: c.Kind()},
			held: pipe.Exists(ctx, prefix+c.Name), queued: pipe.Exists(ctx, c.Queues()...),
		}
		if before := c.Before(); len(before) > 0 {
			one.before = pipe.Exists(ctx, before...)
		}
		candidates = append(candidates, one)
	}
	if len(candidates) == 0 {
		return 0, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	for _, c := range candidates {
		if c.before != nil && c.before.Val() > 0 {
			continue
		}
		known++
		if c.held.Val() > 0 || c.queued.Val() > 0 {
			found(c.Name)
		}
	}
	return known, nil
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
