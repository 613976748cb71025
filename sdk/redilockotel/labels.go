package redilockotel

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// The names of attributes. The logs of redilock have the same.
const (
	keyPrimitive = "primitive"
	keyOutcome   = "outcome"
	keyContended = "contended"
	keyReason    = "reason"
	keyHow       = "how"
	keyLock      = "lock"
	keyFence     = "fence"
)

// maxLocks is how many values the attribute "lock" has, besides otherLocks.
const (
	maxLocks   = 1000
	otherLocks = "other"
)

// options are one set of attributes, made once for all measurements with it.
type options struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// labels are the sets of attributes that were used. They are few: of each kind the words are those of package redilock.
type labels struct {
	label func(primitive, name string) string

	mu    sync.RWMutex
	known map[labelKey]options
	locks map[string]struct{}
}

type labelKey struct {
	primitive, lock, key, value string
	contended                   bool
}

func newLabels(label func(primitive, name string) string) *labels {
	return &labels{label: label, known: make(map[labelKey]options), locks: make(map[string]struct{})}
}

// of is the attribute "lock" of an event; "" if it has none.
func (l *labels) of(e redilock.Event) string {
	if l.label == nil {
		return ""
	}
	lock := l.label(e.Primitive, e.Name)
	l.mu.RLock()
	_, known := l.locks[lock]
	full := len(l.locks) >= maxLocks
	l.mu.RUnlock()
	switch {
	case known || lock == "":
		return lock
	case full:
		return otherLocks
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locks[lock] = struct{}{}
	return lock
}

func (l *labels) kind(e redilock.Event) options {
	return l.get(labelKey{primitive: e.Primitive, lock: l.of(e)})
}

func (l *labels) how(e redilock.Event) options {
	return l.get(labelKey{primitive: e.Primitive, lock: l.of(e), key: keyHow, value: e.Way.String()})
}

func (l *labels) reason(e redilock.Event) options {
	return l.get(labelKey{primitive: e.Primitive, lock: l.of(e), key: keyReason, value: e.Reason})
}

func (l *labels) outcome(e redilock.Event) options {
	return l.get(labelKey{
		primitive: e.Primitive, lock: l.of(e), key: keyOutcome, value: e.Outcome, contended: e.Contended,
	})
}

func (l *labels) get(k labelKey) options {
	l.mu.RLock()
	o, ok := l.known[k]
	l.mu.RUnlock()
	if ok {
		return o
	}
	attrs := []attribute.KeyValue{attribute.String(keyPrimitive, k.primitive)}
	if k.lock != "" {
		attrs = append(attrs, attribute.String(keyLock, k.lock))
	}
	if k.key != "" {
		attrs = append(attrs, attribute.String(k.key, k.value))
	}
	if k.key == keyOutcome {
		attrs = append(attrs, attribute.Bool(keyContended, k.contended))
	}
	set := metric.WithAttributeSet(attribute.NewSet(attrs...))
	o = options{add: []metric.AddOption{set}, record: []metric.RecordOption{set}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[k] = o
	return o
}
