package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// newLog makes the logger of a command: warnings and errors only, unless it was asked to say more.
func newLog(out io.Writer, format string, verbose int) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case verbose == 1:
		level = slog.LevelInfo
	case verbose > 1:
		level = slog.LevelDebug
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{
			Level: level,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Value.Kind() == slog.KindDuration { // nanoseconds otherwise
					return slog.Int64(a.Key+"_ms", a.Value.Duration().Milliseconds())
				}
				return a
			},
		}))
	}
	return slog.New(&plainLog{mu: new(sync.Mutex), out: out, level: level})
}

// plainLog writes lines for people: "redilock: what happened key=value".
type plainLog struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
	attrs string
}

// Enabled is part of slog.Handler.
func (h *plainLog) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle is part of slog.Handler.
func (h *plainLog) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("redilock: " + oneLine(strings.TrimPrefix(r.Message, "redilock: ")) + h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(attribute(a))
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, b.String())
	return err
}

// WithAttrs is part of slog.Handler.
func (h *plainLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	for _, a := range attrs {
		more.attrs += attribute(a)
	}
	return &more
}

// WithGroup is part of slog.Handler. Nobody here makes groups.
func (h *plainLog) WithGroup(string) slog.Handler { return h }

func attribute(a slog.Attr) string {
	v := a.Value.Resolve()
	s := v.String()
	if v.Kind() == slog.KindDuration {
		s = short(v.Duration())
	}
	return fmt.Sprintf(" %s=%s", a.Key, quoted(s))
}

// quoted makes one word of a value, whatever it holds.
func quoted(s string) string {
	odd := func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' || r == '=' || r == utf8.RuneError
	}
	if s == "" || strings.ContainsFunc(s, odd) {
		return strconv.Quote(s)
	}
	return s
}

// oneLine keeps a message to a line, whatever a library put into it.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// millis is how durations appear in JSON: whole milliseconds, as on the wire.
func millis(d time.Duration) int64 { return d.Milliseconds() }
