package redilockotel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// call is a call of Lock or TryLock that is under way, in its context.
type call struct {
	caller trace.Span // what the call was made under
	span   trace.Span // its own
}

type callKey struct{}

// callOf is the call of a context, unless it is that of an outer one.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	// Spans cannot be compared: those of the SDK that are not sampled would panic.
	if c == nil || c.span.SpanContext().SpanID() != trace.SpanFromContext(ctx).SpanContext().SpanID() {
		return nil
	}
	return c
}

// started begins the span of a call, under which the SDK asks the server.
func (r *recorder) started(ctx context.Context, e redilock.Event) context.Context {
	own, span := r.tracer.Start(ctx, "redilock lock")
	if !span.SpanContext().IsValid() { // nobody listens, and nobody is told further down
		return ctx
	}
	if span.IsRecording() {
		span.SetAttributes(r.attributes(e)...)
	}
	return context.WithValue(own, callKey{}, &call{trace.SpanFromContext(ctx), span})
}

// attributes are those of every span.
func (r *recorder) attributes(e redilock.Event) []attribute.KeyValue {
	attrs := append(make([]attribute.KeyValue, 0, 6), attribute.String(keyPrimitive, e.Primitive))
	if r.labels.label != nil {
		if lock := r.labels.label(e.Primitive, e.Name); lock != "" {
			attrs = append(attrs, attribute.String(keyLock, lock))
		}
	}
	if e.Fence != 0 {
		attrs = append(attrs, attribute.Int64(keyFence, e.Fence))
	}
	return attrs
}

// endCall ends the span of a call.
func (r *recorder) endCall(ctx context.Context, e redilock.Event) {
	if r.tracer == nil {
		return
	}
	c := callOf(ctx)
	if c == nil {
		return
	}
	if c.span.IsRecording() {
		c.span.SetAttributes(attribute.String(keyOutcome, e.Outcome), attribute.Bool(keyContended, e.Contended))
		if e.Outcome == "acquired" {
			c.span.SetAttributes(attribute.Int64(keyFence, e.Fence), attribute.String(keyHow, e.Way.String()))
		}
		failed(c.span, e.Err)
	}
	c.span.End()
}

// holding begins the span of a hold. It stands beside that of the call, under the caller's, and links to it.
func (r *recorder) holding(ctx context.Context, e redilock.Event) context.Context {
	c := callOf(ctx)
	if c == nil {
		return ctx
	}
	own, span := r.tracer.Start(trace.ContextWithSpan(ctx, c.caller), "redilock hold",
		trace.WithLinks(trace.Link{SpanContext: c.span.SpanContext()}))
	if span.IsRecording() {
		span.SetAttributes(r.attributes(e)...)
		if !r.holds.attach(e.Hold, span) {
			span.End() // it was lost by now
		}
	}
	return own
}

func (r *recorder) extended(_ context.Context, e redilock.Event) {
	if r.tracer == nil {
		return
	}
	span := r.holds.span(e.Hold)
	switch {
	case span == nil:
	case e.Err != nil:
		span.AddEvent("redilock.extend_failed", trace.WithAttributes(attribute.String("error", e.Err.Error())))
	default:
		span.AddEvent("redilock.extended", trace.WithAttributes(attribute.Float64("lease", e.Lease.Seconds())))
	}
}

func endHold(span trace.Span, e redilock.Event) {
	span.SetAttributes(attribute.String(keyOutcome, e.Outcome), attribute.Bool(keyContended, e.Contended))
	if e.Reason != "" {
		span.SetAttributes(attribute.String(keyReason, e.Reason))
	}
	failed(span, e.Err)
	span.End()
}

func failed(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
}
