package exporter

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
)

// primitive is the kind of lock whose keys listing finds. The label is there from the start, so that the series of further
// kinds, with what they use of their limit, stand beside these.
const primitive = "mutex"

func lockDesc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("redilock_lock_"+name, help, append([]string{"name", "primitive"}, more...), nil)
}

func ownDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("redilock_exporter_"+name, help, nil, nil)
}

var (
	descHeld    = lockDesc("held", "1 if somebody holds the lock.")
	descWaiting = lockDesc("waiting", "Clients that wait for the lock at the server.")
	descLeft    = lockDesc("lease_left_seconds", "What is left of the holder's lease; +Inf without an expiry.")
	descHeldFor = lockDesc("held_for_seconds", "About how long the lock has been held, from its fence.")
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
		descHeld, descWaiting, descLeft, descHeldFor, descFence, descChanges, descUp, descKnown, descShown, descDropped,
		descWalks, descWalkTook, descLookTook, descLookAge, descFailures,
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
		gauge(descHeld, number(l.Held), name, primitive)
		gauge(descWaiting, float64(l.Queued), name, primitive)
		if l.Held {
			left := l.Remaining.Seconds()
			if l.Remaining < 0 {
				left = inf
			}
			gauge(descLeft, left, name, primitive)
			if l.HeldFor > 0 {
				gauge(descHeldFor, l.HeldFor.Seconds(), name, primitive)
			}
		}
		if l.Fence > 0 {
			gauge(descFence, float64(l.Fence), name, primitive)
		}
		for _, kind := range counted {
			counter(descChanges, float64(l.counts[kind]), name, primitive, string(kind))
		}
	}
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
