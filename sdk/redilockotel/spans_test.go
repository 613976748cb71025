package redilockotel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

// exported is a span as the exporter writes it.
type exported struct {
	Name                string
	SpanContext, Parent struct{ TraceID, SpanID string }
	Attributes          []struct {
		Key   string
		Value struct{ Value any }
	}
	Links  []struct{ SpanContext struct{ SpanID string } }
	Status struct{ Code string }
}

func (e exported) attribute(key string) any {
	for _, a := range e.Attributes {
		if a.Key == key {
			return a.Value.Value
		}
	}
	return nil
}

// The spans of a call, of a hold and of go-redis come through the real SDK and its exporter as a tree: what the lock asks
// of the server is under "redilock lock", what the section does under "redilock hold", and both under the caller's.
func TestSpansAreATree(t *testing.T) {
	t.Parallel()
	var out, measured bytes.Buffer
	var ended atomic.Int32
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(&out))
	if err != nil {
		t.Fatal(err)
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithSpanProcessor(endedHolds{&ended}))
	toText, err := stdoutmetric.New(stdoutmetric.WithWriter(&measured))
	if err != nil {
		t.Fatal(err)
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(toText)))
	c, rdb := newClient(t, []redilockotel.Option{
		redilockotel.WithMeterProvider(meters), redilockotel.WithTracerProvider(tracers),
		redilockotel.WithLockAttribute(func(string, string) string { return "order:*" }),
	})
	if err := redisotel.InstrumentTracing(rdb, redisotel.WithTracerProvider(tracers)); err != nil {
		t.Fatal(err)
	}
	ctx, caller := tracers.Tracer("test").Start(t.Context(), "caller")
	var fence int64
	err = c.Do(ctx, "order:42", time.Minute, func(ctx context.Context, l *redilock.Lock) error {
		fence = l.Fence()
		return rdb.Set(ctx, "section", 1, 0).Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	held, err := c.Mutex("order:43", time.Minute).Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rdb.Del(ctx, "order:43")
	if _, err := held.Check(ctx); !errors.Is(err, redilock.ErrTaken) {
		t.Fatal(err)
	}
	eventually(t, "the loss is told", func() bool { return ended.Load() == 2 })
	if err := c.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	caller.End()
	if err := errors.Join(tracers.Shutdown(t.Context()), meters.Shutdown(t.Context())); err != nil {
		t.Fatal(err)
	}
	var spans []exported
	for d := json.NewDecoder(&out); ; {
		var e exported
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		spans = append(spans, e)
	}
	find := func(name string, n int) exported {
		t.Helper()
		for _, s := range spans {
			if s.Name == name {
				if n == 0 {
					return s
				}
				n--
			}
		}
		t.Fatalf("no span %q in %v", name, spans)
		return exported{}
	}
	top, lock, hold, lost := find("caller", 0), find("redilock lock", 0), find("redilock hold", 0), find("redilock hold", 1)
	set := find("set", 0)
	for what, pair := range map[string][2]string{
		"the call's parent":       {lock.Parent.SpanID, top.SpanContext.SpanID},
		"the hold's parent":       {hold.Parent.SpanID, top.SpanContext.SpanID},
		"the section's parent":    {set.Parent.SpanID, hold.SpanContext.SpanID},
		"the hold's link":         {hold.Links[0].SpanContext.SpanID, lock.SpanContext.SpanID},
		"the trace":               {set.SpanContext.TraceID, top.SpanContext.TraceID},
		"the status of a release": {hold.Status.Code, "Unset"},
		"the status of a loss":    {lost.Status.Code, "Error"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, want %s", what, pair[0], pair[1])
		}
	}
	asked := 0
	for _, s := range spans {
		if s.Parent.SpanID == lock.SpanContext.SpanID {
			asked++
		}
	}
	if asked == 0 {
		t.Error("go-redis' span of the acquire is not under the call's")
	}
	for key, want := range map[string]any{
		"primitive": "mutex", "outcome": "acquired", "contended": false, "lock": "order:*", "fence": float64(fence),
		"how": "asked",
	} {
		if got := lock.attribute(key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if got := lost.attribute("reason"); got != "taken" {
		t.Errorf("the lost one says %v", got)
	}
	if bytes.Contains(out.Bytes(), []byte("order:4")) {
		t.Error("a name was exported as it is")
	}
	for _, name := range []string{"redilock.wait.duration", "redilock.hold.duration", "redilock.held", "redilock.lost"} {
		if !bytes.Contains(measured.Bytes(), []byte(name)) {
			t.Errorf("%s was not exported", name)
		}
	}
}

// A lock within a lock's section has a call and a hold of its own, under the outer hold.
func TestNestedSpans(t *testing.T) {
	t.Parallel()
	recorded := &recordingProcessor{}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorded))
	c, _ := newClient(t, []redilockotel.Option{
		redilockotel.WithMeterProvider(noMetrics), redilockotel.WithTracerProvider(tracers),
	})
	err := c.Do(t.Context(), "outer", time.Minute, func(ctx context.Context, _ *redilock.Lock) error {
		outer := trace.SpanFromContext(ctx).SpanContext().SpanID()
		return c.Do(ctx, "inner", time.Minute, func(ctx context.Context, _ *redilock.Lock) error {
			own := trace.SpanFromContext(ctx).(sdktrace.ReadOnlySpan)
			if own.Parent().SpanID() != outer || own.Name() != "redilock hold" {
				t.Errorf("under %s, in a span %q", own.Parent().SpanID(), own.Name())
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if recorded.started != 4 || recorded.ended != 4 {
		t.Errorf("%d spans, %d of them ended", recorded.started, recorded.ended)
	}
}

type recordingProcessor struct{ started, ended int }

func (p *recordingProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) { p.started++ }
func (p *recordingProcessor) OnEnd(sdktrace.ReadOnlySpan)                     { p.ended++ }
func (p *recordingProcessor) Shutdown(context.Context) error                  { return nil }
func (p *recordingProcessor) ForceFlush(context.Context) error                { return nil }

// endedHolds counts the holds that have ended, after they were exported: a loss is told by a goroutine of the client.
type endedHolds struct{ n *atomic.Int32 }

func (endedHolds) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (e endedHolds) OnEnd(s sdktrace.ReadOnlySpan) {
	if s.Name() == "redilock hold" {
		e.n.Add(1)
	}
}
func (endedHolds) Shutdown(context.Context) error   { return nil }
func (endedHolds) ForceFlush(context.Context) error { return nil }
