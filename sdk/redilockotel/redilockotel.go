// Package redilockotel gives metrics and spans of OpenTelemetry for the locks of package redilock. It is a module of its
// own, so that its dependencies stay away from those who do not want them.
//
//	trace, err := redilockotel.NewTrace()
//	locks, err := redilock.New(rdb, redilock.WithTrace(trace))
//
// The README beside it lists every instrument and attribute.
package redilockotel

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// ScopeName is the instrumentation scope of everything that this package records.
const ScopeName = "github.com/zferentz/go-redilock/sdk/redilockotel"

// Option sets up a trace.
type Option interface{ set(*config) }

type option func(*config)

func (f option) set(c *config) { f(c) }

type config struct {
	meters  metric.MeterProvider
	tracers trace.TracerProvider
	label   func(primitive, name string) string
}

// WithMeterProvider sets where metrics go. The default is the global provider; noop.NewMeterProvider is none.
func WithMeterProvider(p metric.MeterProvider) Option {
	return option(func(c *config) { c.meters = p })
}

// WithTracerProvider sets where spans go. The default is the global provider; noop.NewTracerProvider is none.
func WithTracerProvider(p trace.TracerProvider) Option {
	return option(func(c *config) { c.tracers = p })
}

// WithLockAttribute adds the attribute "lock" to metrics and spans, with what fn makes of a lock's name: a template such
// as "order:*" for "order:42", because names are often unbounded, and a time series for each is expensive. "" leaves it
// out. Of more than 1000 different values the others become "other". Without this option no name is recorded.
func WithLockAttribute(fn func(primitive, name string) string) Option {
	return option(func(c *config) { c.label = fn })
}

// NewTrace gives the trace that records metrics and spans, for redilock.WithTrace. One may serve several clients. The
// error is that of a meter provider which refuses an instrument.
func NewTrace(opts ...Option) (redilock.Trace, error) {
	c := config{meters: otel.GetMeterProvider(), tracers: otel.GetTracerProvider()}
	for _, o := range opts {
		o.set(&c)
	}
	m, err := newMetrics(c.meters.Meter(ScopeName))
	if err != nil {
		return redilock.Trace{}, err
	}
	r := &recorder{metrics: m, holds: newHolds(), labels: newLabels(c.label)}
	t := redilock.Trace{
		Enqueued: r.enqueued, Acquired: r.acquired, Refused: r.ended, GaveUp: r.gaveUp,
		ExtendFailed: r.extendFailed, Lost: r.lost, Released: r.over, Unconfirmed: r.over, LeaderChanged: r.leaderChanged,
	}
	if _, none := c.tracers.(noop.TracerProvider); !none {
		r.tracer = c.tracers.Tracer(ScopeName)
		t.Started, t.Holding, t.Extended = r.started, r.holding, r.extended
	}
	return t, nil
}

// recorder turns events into metrics and spans.
type recorder struct {
	metrics *metrics
	tracer  trace.Tracer // nil: no spans
	holds   *holds
	labels  *labels
}

func (r *recorder) enqueued(ctx context.Context, e redilock.Event) {
	r.metrics.waiting.Add(ctx, 1, r.labels.kind(e).add...)
}

func (r *recorder) acquired(ctx context.Context, e redilock.Event) {
	if e.Contended {
		r.metrics.waiting.Add(ctx, -1, r.labels.kind(e).add...)
		r.metrics.handoffs.Add(ctx, 1, r.labels.how(e).add...)
	}
	r.metrics.wait.Record(ctx, e.Waited.Seconds(), r.labels.outcome(e).record...)
	if r.holds.begin(e) {
		r.metrics.held.Add(ctx, 1, r.labels.kind(e).add...)
	}
	r.endCall(ctx, e)
}

// ended is a call that ended without the lock, and has not waited.
func (r *recorder) ended(ctx context.Context, e redilock.Event) {
	r.metrics.wait.Record(ctx, e.Waited.Seconds(), r.labels.outcome(e).record...)
	r.endCall(ctx, e)
}

func (r *recorder) gaveUp(ctx context.Context, e redilock.Event) {
	if e.Contended {
		r.metrics.waiting.Add(ctx, -1, r.labels.kind(e).add...)
	}
	r.ended(ctx, e)
}

func (r *recorder) extendFailed(ctx context.Context, e redilock.Event) {
	r.metrics.extendFailures.Add(ctx, 1, r.labels.kind(e).add...)
	r.extended(ctx, e)
}

func (r *recorder) lost(ctx context.Context, e redilock.Event) {
	r.metrics.lost.Add(ctx, 1, r.labels.reason(e).add...)
	r.over(ctx, e)
}

// over is the end of a hold. Only the first counts: an Unlock may be repeated, and a lock be lost meanwhile.
func (r *recorder) over(ctx context.Context, e redilock.Event) {
	h, ok := r.holds.end(e)
	if !ok {
		return
	}
	e.Contended = h.contended
	r.metrics.held.Add(ctx, -1, r.labels.kind(e).add...)
	r.metrics.hold.Record(ctx, e.Held.Seconds(), r.labels.outcome(e).record...)
	if h.span != nil {
		endHold(h.span, e)
	}
}

func (r *recorder) leaderChanged(ctx context.Context, e redilock.Event) {
	label := r.labels.of(e)
	r.metrics.leader.Record(ctx, r.holds.lead(label, e), r.labels.kind(e).record...)
}
