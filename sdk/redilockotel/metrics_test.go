package redilockotel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

var mutex = attribute.String("primitive", "mutex")

func outcome(o string, contended bool) []attribute.KeyValue {
	return []attribute.KeyValue{mutex, attribute.String("outcome", o), attribute.Bool("contended", contended)}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 30 s: " + what)
		}
	}
}

// What happens to a lock is counted once each, whatever way it takes.
func TestMetrics(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	with := []redilockotel.Option{redilockotel.WithMeterProvider(r.provider), redilockotel.WithTracerProvider(noSpans)}
	c, rdb := newClient(t, with)
	ctx := t.Context()
	l, err := c.Mutex("x", time.Minute).Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Mutex("x", time.Minute).TryLock(ctx); !errors.Is(err, redilock.ErrHeld) {
		t.Fatal(err)
	}
	if _, err := c.Mutex("x", time.Minute, redilock.WithWait(time.Millisecond)).Lock(ctx); err == nil {
		t.Fatal("two holders")
	}
	got := make(chan *redilock.Lock)
	go func() {
		next, err := c.Mutex("x", time.Minute).Lock(ctx)
		if err != nil {
			t.Error(err)
		}
		got <- next
	}()
	eventually(t, "one waits", func() bool { return r.value(t, "redilock.waiting", mutex) == 1 })
	if n := r.value(t, "redilock.held", mutex); n != 1 {
		t.Errorf("%d are held", n)
	}
	if err := l.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	l = <-got
	rdb.Del(ctx, "x") // somebody's foreign DEL
	if _, err := l.Check(ctx); !errors.Is(err, redilock.ErrTaken) {
		t.Error(err)
	}
	if err := l.Unlock(ctx); !errors.Is(err, redilock.ErrLost) {
		t.Error(err)
	}
	eventually(t, "none is held", func() bool { return r.value(t, "redilock.held", mutex) == 0 })
	handoffs := r.value(t, "redilock.handoffs", mutex, attribute.String("how", "local")) +
		r.value(t, "redilock.handoffs", mutex, attribute.String("how", "reply"))
	for what, n := range map[string][2]int64{
		"waiting":     {0, r.value(t, "redilock.waiting", mutex)},
		"acquired":    {1, r.value(t, "redilock.wait.duration", outcome("acquired", false)...)},
		"waited":      {1, r.value(t, "redilock.wait.duration", outcome("acquired", true)...)},
		"refused":     {1, r.value(t, "redilock.wait.duration", outcome("refused", true)...)},
		"timed out":   {1, r.value(t, "redilock.wait.duration", outcome("timeout", true)...)},
		"released":    {1, r.value(t, "redilock.hold.duration", outcome("released", false)...)},
		"lost hold":   {1, r.value(t, "redilock.hold.duration", outcome("lost", true)...)},
		"lost":        {1, r.value(t, "redilock.lost", mutex, attribute.String("reason", "taken"))},
		"handed over": {1, handoffs},
	} {
		if n[0] != n[1] {
			t.Errorf("%s: %d, want %d", what, n[1], n[0])
		}
	}
}

// Units and kinds are those that the documents say, so that dashboards find them.
func TestInstruments(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	made, err := redilockotel.NewTrace(
		redilockotel.WithMeterProvider(r.provider), redilockotel.WithTracerProvider(noSpans))
	if err != nil {
		t.Fatal(err)
	}
	ctx, e := t.Context(), redilock.Event{Primitive: "election", Name: "x", Hold: 1, Contended: true}
	made.Enqueued(ctx, e)
	e.Outcome = "acquired"
	made.Acquired(ctx, e)
	made.ExtendFailed(ctx, e)
	e.Outcome, e.Reason = "lost", "expired"
	made.Lost(ctx, e)
	e.Leader = true
	made.LeaderChanged(ctx, e)
	all := r.collect(t)
	for name, unit := range map[string]string{
		"redilock.wait.duration": "s", "redilock.hold.duration": "s", "redilock.waiting": "{call}",
		"redilock.held": "{lock}",
		"redilock.lost": "{lock}", "redilock.extend.failures": "{failure}", "redilock.handoffs": "{handoff}",
		"redilock.leader": "{election}",
	} {
		if m, ok := all[name]; !ok || m.Unit != unit || m.Description == "" {
			t.Errorf("%s: unit %q, want %q; description %q", name, m.Unit, unit, m.Description)
		}
	}
	if n := r.value(t, "redilock.leader", attribute.String("primitive", "election")); n != 1 {
		t.Errorf("it leads %d", n)
	}
	e.Leader = false
	made.LeaderChanged(ctx, e)
	if n := r.value(t, "redilock.leader", attribute.String("primitive", "election")); n != 0 {
		t.Errorf("it leads %d after the end", n)
	}
}

// A loss may be told before the grant, and an Unlock more than once: the number of holds stays right.
func TestHoldsEndOnce(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string]string{
		"usual": "ar", "lost": "al", "lost first": "la", "unconfirmed twice": "auur", "attached": "r",
		"lost later": "aul",
	} {
		r := newReader(t)
		made, err := redilockotel.NewTrace(
			redilockotel.WithMeterProvider(r.provider), redilockotel.WithTracerProvider(noSpans))
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range kinds {
			e := redilock.Event{Primitive: "mutex", Hold: 7}
			switch kind {
			case 'a':
				e.Outcome = "acquired"
				made.Acquired(t.Context(), e)
			case 'l':
				e.Outcome = "lost"
				made.Lost(t.Context(), e)
			case 'r':
				e.Outcome = "released"
				made.Released(t.Context(), e)
			case 'u':
				e.Outcome = "unconfirmed"
				made.Unconfirmed(t.Context(), e)
			}
		}
		if n := r.value(t, "redilock.held", mutex); n != 0 {
			t.Errorf("%s: %d are held", name, n)
		}
	}
}

// Names are recorded only as the template makes them, and not without a bound.
func TestLockAttribute(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	made, err := redilockotel.NewTrace(redilockotel.WithMeterProvider(r.provider), redilockotel.WithTracerProvider(noSpans),
		redilockotel.WithLockAttribute(func(_, name string) string { return name }))
	if err != nil {
		t.Fatal(err)
	}
	const names = 1500
	for i := range names {
		made.Enqueued(context.Background(), redilock.Event{Primitive: "mutex", Name: fmt.Sprint(i)})
	}
	if n := r.value(t, "redilock.waiting", mutex, attribute.String("lock", "other")); n != names-1000 {
		t.Errorf("%d are counted as others", n)
	}
	if n := len(r.collect(t)["redilock.waiting"].Data.(metricdata.Sum[int64]).DataPoints); n != 1001 {
		t.Errorf("%d series", n)
	}
}
