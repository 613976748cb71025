package redilockotel_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

var (
	noMetrics metric.MeterProvider = metricnoop.NewMeterProvider()
	noSpans   trace.TracerProvider = tracenoop.NewTracerProvider()
)

// newClient makes a client on a server of its own, with that trace.
func newClient(t testing.TB, opts []redilockotel.Option, more ...redilock.Option) (*redilock.Client, *redis.Client) {
	t.Helper()
	s := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	return clientOn(t, rdb, opts, more...), rdb
}

func clientOn(t testing.TB, rdb *redis.Client, opts []redilockotel.Option, more ...redilock.Option) *redilock.Client {
	t.Helper()
	made, err := redilockotel.NewTrace(opts...)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(panics{slog.DiscardHandler, t})
	c, err := redilock.New(rdb, append(more, redilock.WithTrace(made), redilock.WithLogger(log))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// panics fails a test when a function of the trace panicked.
type panics struct {
	slog.Handler
	t testing.TB
}

func (panics) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

func (p panics) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool { p.t.Errorf("%s: %v", r.Message, a); return true })
	return nil
}

// reader reads what was measured.
type reader struct {
	*sdkmetric.ManualReader
	provider *sdkmetric.MeterProvider
}

func newReader(t testing.TB) *reader {
	r := sdkmetric.NewManualReader()
	p := sdkmetric.NewMeterProvider(sdkmetric.WithReader(r))
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return &reader{r, p}
}

func (r *reader) collect(t testing.TB) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]metricdata.Metrics)
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			byName[m.Name] = m
		}
	}
	return byName
}

// value gives a number with these attributes, of a histogram the count; 0 if there is none.
func (r *reader) value(t testing.TB, name string, attrs ...attribute.KeyValue) int64 {
	t.Helper()
	want := attribute.NewSet(attrs...)
	switch data := r.collect(t)[name].Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			if p.Attributes.Equals(&want) {
				return p.Value
			}
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			if p.Attributes.Equals(&want) {
				return p.Value
			}
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			if p.Attributes.Equals(&want) {
				return int64(p.Count)
			}
		}
	}
	return 0
}
