package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// leaderCmd prints who leads an election.
type leaderCmd struct {
	Name string `arg:"" help:"The election's name."`
	JSON bool   `help:"One JSON object."`
}

// Help is the end of redilock leader --help.
func (leaderCmd) Help() string {
	return `
Prints the value that the leader campaigned with. An election is a lock whose owner is that value: inspect shows who waits
for it, and watch the changes of leader.

Exit status: 0 somebody leads; 1 nobody does; 125 redilock or Redis failed, or the lock is held by another program.

Examples:

    addr=$(redilock leader scheduler) && curl "http://$addr/status"
    redilock leader --json scheduler | jq -r .fence
    redilock watch scheduler`
}

// leaderJSON is a leader as --json has it. Times are milliseconds.
type leaderJSON struct {
	Name        string     `json:"name"`
	NameBase64  string     `json:"name_base64,omitempty"` // of what is not UTF-8
	Value       string     `json:"value"`
	ValueBase64 string     `json:"value_base64,omitempty"`
	Fence       int64      `json:"fence"`
	Since       *time.Time `json:"since,omitempty"`
	LeftMS      int64      `json:"lease_left_ms"`
}

// anyTTL is a TTL of an election that nobody campaigns in.
const anyTTL = time.Minute

// Run is called by kong.
func (q *leaderCmd) Run(a *app) error {
	c, closeClient, err := a.client()
	if err != nil {
		return err
	}
	defer closeClient()
	ctx, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	l, err := c.Election(q.Name, anyTTL).Leader(ctx)
	switch {
	case errors.Is(err, redilock.ErrNoLeader):
		a.log.Info("nobody leads", "election", q.Name)
		return exit{code: statusNo}
	case err != nil:
		return err
	case l.Value == "":
		return exit{statusFailed, fmt.Errorf("%s is held by another program, which has no value", quoted(q.Name))}
	case q.JSON:
		j := leaderJSON{
			Name: q.Name, NameBase64: base64Of(q.Name), Value: l.Value, ValueBase64: base64Of(l.Value), Fence: l.Fence,
			LeftMS: millis(l.Left),
		}
		if !l.Since.IsZero() {
			since := l.Since.UTC().Round(time.Millisecond)
			j.Since = &since
		}
		return a.out.json(j)
	}
	if a.out.terminal() {
		l.Value = table.Safe(l.Value)
	}
	_, err = fmt.Fprintln(a.out, l.Value)
	return err
}
