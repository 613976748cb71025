package main

import (
	"encoding/json"
	"fmt"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// json prints a value on a line of its own.
func (o stdout) json(v any) error {
	e := json.NewEncoder(o)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// lines prints lines.
func (o stdout) lines(lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(o, line); err != nil {
			return err
		}
	}
	return nil
}

// statusJSON is the state of a lock as --json has it. Times are milliseconds. A string that is not UTF-8, which JSON cannot
// hold, is there as base64 too, in a field of its own. README.md, "JSON", tells what the fields are.
type statusJSON struct {
	Name        string          `json:"name"` // as the commands take it
	NameBase64  string          `json:"name_base64,omitempty"`
	Key         string          `json:"key"` // the prefix included
	KeyBase64   string          `json:"key_base64,omitempty"`
	Primitive   state.Primitive `json:"primitive,omitempty"`
	Held        bool            `json:"held"`
	Owner       string          `json:"owner,omitempty"` // "": another program's lock
	OwnerBase64 string          `json:"owner_base64,omitempty"`
	LeftMS      *int64          `json:"lease_left_ms"` // null: not held, or without an expiry
	Fence       int64           `json:"fence"`         // the last one granted; 0: unknown
	Used        *int64          `json:"used,omitempty"`
	Limit       int64           `json:"limit,omitempty"`
	Grants      int64           `json:"grants,omitempty"`
	Holders     []holderJSON    `json:"holders,omitempty"` // the first ones
	Queued      int64           `json:"waiting"`           // one per client at the most
	Waiters     []waiterJSON    `json:"waiters,omitempty"` // the first ones
	Error       string          `json:"error,omitempty"`
}

// holderJSON is one of the holders of a semaphore.
type holderJSON struct {
	Owner       string `json:"owner,omitempty"`
	OwnerBase64 string `json:"owner_base64,omitempty"`
	Fence       int64  `json:"fence"` // 0: its record is lost
	Weight      int64  `json:"weight"`
	LeftMS      int64  `json:"lease_left_ms"`
	HeldForMS   int64  `json:"held_for_ms"`
}

type waiterJSON struct {
	Owner       string `json:"owner,omitempty"`
	OwnerBase64 string `json:"owner_base64,omitempty"`
	PresenceMS  int64  `json:"presence_left_ms"`
	Weight      int64  `json:"weight,omitempty"`
	Limit       int64  `json:"limit,omitempty"`
}

func newStatusJSON(name, key string, s state.State) statusJSON {
	j := statusJSON{
		Name: name, NameBase64: base64Of(name), Key: key, KeyBase64: base64Of(key), Primitive: s.Primitive, Held: s.Held,
		Owner: s.Owner, OwnerBase64: base64Of(s.Owner), Fence: s.Fence, Queued: s.Queued,
	}
	if s.Held && s.Remaining >= 0 {
		left := millis(s.Remaining)
		j.LeftMS = &left
	}
	for _, w := range s.Waiters {
		one := waiterJSON{Owner: w.Owner, OwnerBase64: base64Of(w.Owner), PresenceMS: millis(w.Presence)}
		j.Waiters = append(j.Waiters, one)
	}
	if s.Semaphore == nil {
		return j
	}
	j.Used, j.Limit, j.Grants = &s.Semaphore.Used, s.Semaphore.Limit, s.Semaphore.Held
	for _, h := range s.Semaphore.Holders {
		j.Holders = append(j.Holders, holderJSON{
			h.Owner, base64Of(h.Owner), h.Fence, h.Weight, millis(h.Remaining), millis(h.HeldFor),
		})
	}
	for i, w := range s.Semaphore.Waiters {
		j.Waiters[i].Weight, j.Waiters[i].Limit = w.Weight, w.Limit
	}
	return j
}

// ownerWords is who holds or waits, as people read it.
func ownerWords(owner string) string {
	if owner == "" {
		return "another program"
	}
	return table.Safe(owner)
}

// leftWords is what is left of a lease.
func leftWords(s redilock.Status) string {
	switch {
	case !s.Held:
		return ""
	case s.Remaining < 0:
		return "no expiry"
	default:
		return short(s.Remaining)
	}
}
