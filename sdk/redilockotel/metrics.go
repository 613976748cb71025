package redilockotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

type metrics struct {
	wait, hold                     metric.Float64Histogram
	waiting, held                  metric.Int64UpDownCounter
	lost, extendFailures, handoffs metric.Int64Counter
	leader                         metric.Int64Gauge
}

// buckets are from a hand-off within a process to a job of an hour, in seconds.
var buckets = []float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
}

func newMetrics(meter metric.Meter) (*metrics, error) {
	var m metrics
	var failed []error
	histogram := func(name, description string) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithDescription(description), metric.WithUnit("s"),
			metric.WithExplicitBucketBoundaries(buckets...))
		failed = append(failed, err)
		return h
	}
	upDown := func(name, unit, description string) metric.Int64UpDownCounter {
		c, err := meter.Int64UpDownCounter(name, metric.WithDescription(description), metric.WithUnit(unit))
		failed = append(failed, err)
		return c
	}
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithDescription(description), metric.WithUnit(unit))
		failed = append(failed, err)
		return c
	}
	m.wait = histogram("redilock.wait.duration", "From the call of Lock or TryLock to its end.")
	m.hold = histogram("redilock.hold.duration", "From the grant to the end of the hold.")
	m.waiting = upDown("redilock.waiting", "{call}", "Calls that found the lock taken and wait.")
	m.held = upDown("redilock.held", "{lock}", "Locks that are held.")
	m.lost = counter("redilock.lost", "{lock}", "Locks that ended before Unlock.")
	m.extendFailures = counter("redilock.extend.failures", "{failure}", "Renewals that failed and were tried again.")
	m.handoffs = counter("redilock.handoffs", "{handoff}", "Grants to calls that had to wait.")
	var err error
	m.leader, err = meter.Int64Gauge("redilock.leader", metric.WithUnit("{election}"),
		metric.WithDescription("Elections that this process leads."))
	return &m, errors.Join(append(failed, err)...)
}
