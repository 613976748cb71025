package redilock

import (
	"context"
	"errors"
	"log/slog"

	"github.com/zferentz/go-redilock/sdk/internal/event"
)

// outcomeOf is in a word how a call or a hold ended; "" for other events.
func outcomeOf(e event.Event) string {
	switch e.Kind {
	case event.Acquired:
		return "acquired"
	case event.Refused:
		return "refused"
	case event.GaveUp:
		switch {
		case errors.Is(e.Err, context.Canceled):
			return "canceled"
		case errors.Is(e.Err, ErrWaitTimeout), errors.Is(e.Err, context.DeadlineExceeded):
			return "timeout"
		default:
			return "error"
		}
	case event.Released:
		return "released"
	case event.Lost:
		return "lost"
	case event.Unconfirmed:
		return "unconfirmed"
	default:
		return ""
	}
}

// reasonOf is in a word why a lock was lost; "" for other events.
func reasonOf(e event.Event) string {
	switch {
	case e.Kind != event.Lost:
		return ""
	case errors.Is(e.Err, ErrTaken):
		return "taken"
	case errors.Is(e.Err, ErrExpired):
		return "expired"
	case errors.Is(e.Err, ErrMaxHold):
		return "max_hold"
	case errors.Is(e.Err, ErrTooLate):
		return "too_late"
	default:
		return "error"
	}
}

// messageOf is what the log says of an event.
func messageOf(kind event.Kind) string {
	switch kind {
	case event.Enqueued:
		return "redilock: waiting"
	case event.Acquired:
		return "redilock: acquired"
	case event.Refused:
		return "redilock: refused, somebody else has it"
	case event.GaveUp:
		return "redilock: gave up"
	case event.HandedOff:
		return "redilock: handed off"
	case event.Extended:
		return "redilock: extended"
	case event.ExtendFailed:
		return "redilock: extend failed, trying again"
	case event.Released:
		return "redilock: released"
	case event.Lost:
		return "redilock: lock lost"
	case event.Unconfirmed:
		return "redilock: the release is not confirmed yet, and goes on"
	case event.Abandoned:
		return "redilock: a lock became unreachable without Unlock; it is not extended any more"
	case event.Leftover:
		return "redilock: not given back yet; it ends with its lease at the latest"
	case event.Retrying:
		return "redilock: the server is away, asking again"
	case event.Muted:
		return "redilock: may not subscribe, polling instead"
	case event.LeaderChanged:
		return "redilock: the leader changed"
	default:
		return ""
	}
}

// log writes an event. An attribute that metrics have as well has the same name and value there. Attributes, unlike pairs
// of words and values, cost nothing if nobody listens.
func (c *Client) log(ctx context.Context, e event.Event) {
	level, message := levelOf(e.Kind), messageOf(e.Kind)
	if message == "" || !c.opts.log.Enabled(ctx, level) {
		return
	}
	var attrs []slog.Attr
	with := func(more ...slog.Attr) { attrs = append(attrs, more...) }
	if e.Name != "" {
		with(slog.String("lock", e.Name))
	}
	if e.Primitive != "" {
		with(slog.String("primitive", e.Primitive))
	}
	if outcome := outcomeOf(e); outcome != "" {
		with(slog.String("outcome", outcome))
	}
	if reason := reasonOf(e); reason != "" {
		with(slog.String("reason", reason))
	}
	if e.Fence != 0 {
		with(slog.Int64("fence", e.Fence))
	}
	switch e.Kind {
	case event.Acquired:
		with(slog.Bool("contended", e.Contended), slog.Duration("waited", e.Waited), slog.String("how", Way(e.Way).String()))
	case event.Refused, event.Abandoned, event.Leftover:
		with(slog.Duration("left", e.Left))
	case event.GaveUp:
		with(slog.Bool("contended", e.Contended), slog.Duration("waited", e.Waited))
	case event.HandedOff:
		with(slog.String("how", Way(e.Way).String()), slog.Duration("held", e.Held))
	case event.Extended:
		with(slog.Duration("lease", e.Lease))
	case event.ExtendFailed, event.Released, event.Lost, event.Unconfirmed:
		with(slog.Duration("held", e.Held))
	case event.LeaderChanged:
		with(slog.Bool("leader", e.Leader))
	}
	if e.Err != nil {
		with(slog.Any("error", e.Err))
	}
	c.opts.log.LogAttrs(ctx, level, message, attrs...)
}

func levelOf(kind event.Kind) slog.Level {
	switch kind {
	case event.Lost, event.Abandoned, event.Leftover:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}
