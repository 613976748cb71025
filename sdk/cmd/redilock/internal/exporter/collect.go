package exporter

import (
	"cmp"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
)

func lockDesc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("redilock_lock_"+name, help, append([]string{"name", "primitive"}, more...), nil)
}

func ownDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("redilock_exporter_"+name, help, nil, nil)
}

var (
	descHeld    = lockDesc("held", "1 if somebody holds the lock.")
	descWaiting = lockDesc("waiting", "Clients that wait for the lock at the server.")
	descLeft    = lockDesc("lease_left_seconds", "What is left of the lease (the shortest of several); +Inf: no expiry.")
	descHeldFor = lockDesc("held_for_seconds", "About how long it has been held (the longest of several), by its fence.")
	descUsed    = lockDesc("used", "Permits of a semaphore that are in use.")
	descLimit   = lockDesc("limit", "Permits of a semaphore, as they were asked for last.")
	descHolders = lockDesc("holders", "How many hold a semaphore, or a lock of readers and writers.")
	descFence   = lockDesc("fence", "The fence that was granted last.")
	descChanges = lockDesc("changes_total", "Changes seen: acquired, handed, released, expired, missed.", "change")

	descUp       = ownDesc("up", "1 if the server answers.")
	descKnown    = ownDesc("locks_known", "Locks that were used within the last hour.")
	descShown    = ownDesc("locks_shown", "Locks that are shown by name.")
	descDropped  = ownDesc("locks_dropped", "Locks in use that the last walk found no room for, see --max-locks.")
	descWalks    = ownDesc("walks_total", "Walks through the server's keys.")
	descWalkTook = ownDesc("walk_duration_seconds", "How long the last walk took, with its rests.")
	descLookTook = ownDesc("look_duration_seconds", "How long the last look at all locks took.")
	descLookAge  = ownDesc("look_age_seconds", "How old the last look is.")
	descFailures = ownDesc("failures_total", "Walks and looks that the server did not answer.")
)

// counted are the changes that have a series.
var counted = []watch.Kind{watch.Acquired, watch.Handed, watch.Released, watch.Expired, watch.Missed}

// collector gives what was seen last: a scrape asks nothing of the server.
type collector struct{ e *Exporter }

// Describe is part of prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descHeld, descWaiting, descLeft, descHeldFor, descUsed, descLimit, descHolders, descFence, descChanges,
		descUp, descKnown, descShown, descDropped, descWalks, descWalkTook, descLookTook, descLookAge, descFailures,
	} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	locks, s := c.e.store.all()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	fresh := c.e.fresh(s)
	gauge(descUp, number(fresh))
	gauge(descKnown, float64(s.known))
	gauge(descDropped, float64(s.dropped))
	counter(descWalks, float64(s.walks))
	gauge(descWalkTook, s.walkTook.Seconds())
	gauge(descLookTook, s.lookTook.Seconds())
	counter(descFailures, float64(s.failures))
	if !s.lastLook.IsZero() {
		gauge(descLookAge, time.Since(s.lastLook).Seconds())
	}
	if !fresh {
		locks = nil // what was is not what is
	}
	gauge(descShown, float64(len(locks)))
	seen := make(map[string]bool, len(locks))
	for _, l := range locks {
		name := labelOf(l.Name)
		if l.Err != nil || seen[name] {
			continue
		}
		seen[name] = true
		kind := string(cmp.Or(l.kind, state.Mutex))
		one := func(d *prometheus.Desc, v float64) { gauge(d, v, name, kind) }
		one(descHeld, number(l.Held))
		one(descWaiting, float64(l.Queued))
		if l.Held {
			one(descLeft, leftOf(l.Lock))
			if l.HeldFor > 0 {
				one(descHeldFor, l.HeldFor.Seconds())
			}
		}
		if s := l.Semaphore; s != nil {
			one(descHolders, float64(s.Held))
			if l.Primitive == state.Semaphore {
				one(descUsed, float64(s.Used))
			}
			if l.Primitive == state.Semaphore && s.Limit > 0 {
				one(descLimit, float64(s.Limit))
			}
		}
		if fence := lastFence(l.Lock); fence > 0 {
			one(descFence, float64(fence))
		}
		for _, change := range counted {
			counter(descChanges, float64(l.counts[change]), name, kind, string(change))
		}
	}
}

// leftOf is what is left of a lease, of several the first that ends, in seconds.
func leftOf(l listing.Lock) float64 {
	left := l.Remaining
	if l.Semaphore != nil {
		for _, h := range l.Semaphore.Holders {
			left = min(left, h.Remaining)
		}
	}
	if left < 0 {
		return inf
	}
	return left.Seconds()
}

// lastFence is the one that was granted last.
func lastFence(l listing.Lock) int64 {
	last := l.Fence
	if l.Semaphore != nil {
		for _, h := range l.Semaphore.Holders {
			last = max(last, h.Fence)
		}
	}
	return last
}

// labelOf is a name as a label: those may hold UTF-8 only.
func labelOf(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.Quote(name)
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

var inf = math.Inf(1)
