package main

import (
	"slices"
	"strconv"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
)

// lsCmd lists locks.
type lsCmd struct {
	Pattern string `arg:"" optional:"" default:"*" help:"Which names: * any bytes, ? one, [abc] one of these. Default: all."`
	All     bool   `short:"a" help:"Also those that are free now and were held within the last hour."`
	JSON    bool   `help:"One JSON object a line for each lock."`
}

// Help is the end of redilock ls --help.
func (lsCmd) Help() string {
	return `
Lists the locks that are held or waited for, by name. It goes through all the keys of the server, or of every master of
the cluster, by SCAN, never KEYS, so that it holds up nobody; what comes or goes meanwhile may be missing.

A lock is known by the counter of its fences, which is kept for an hour after its last grant. A lock that only other
libraries take (SET NX PX) has none and is not listed; redilock inspect shows it. A name or owner that is not UTF-8 is in
JSON as base64 too: name_base64, key_base64, owner_base64.

If there are semaphores among them, USED says how many of their permits are in use, or who reads and writes. Of several
holders the one is shown that has held it the longest, and how many there are besides: web1:42 +2.

Examples:

    redilock ls
    redilock ls 'deploy:*'
    redilock ls --json | jq -r 'select(.waiting > 0) | .name'
    redilock ls --json | jq -r 'select(.limit and .used == .limit) | .name'`
}

// Run is called by kong.
func (l *lsCmd) Run(a *app) error {
	rdb, c, closeAll, err := a.both()
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, stop := interruptible()
	defer stop()
	names, err := listing.Names(ctx, rdb, a.Prefix, l.Pattern)
	if err != nil {
		return err
	}
	locks, err := listing.Inspect(ctx, c, names, l.All)
	if err != nil {
		return err
	}
	if l.JSON {
		for _, lock := range locks {
			j := newStatusJSON(lock.Name, a.Prefix+lock.Name, lock.State)
			if lock.Err != nil {
				j.Error = bare(lock.Err).Error()
			}
			if err := a.out.json(j); err != nil {
				return err
			}
		}
		return nil
	}
	return a.out.lines(tableOf(locks))
}

// tableOf shows locks as rows. There is no head without rows, so that nothing comes of nothing.
func tableOf(locks []listing.Lock) []string {
	if len(locks) == 0 {
		return nil
	}
	rows := [][]string{{"NAME", "HOLDER", "USED", "FENCE", "LEFT", "WAITING"}}
	for _, l := range locks {
		rows = append(rows, []string{
			table.Safe(l.Name), l.Holder(), l.Used(), l.Number(), leftWords(l.Status), strconv.FormatInt(l.Queued, 10),
		})
	}
	if !slices.ContainsFunc(locks, func(l listing.Lock) bool { return l.Semaphore != nil }) {
		for i, row := range rows {
			rows[i] = slices.Delete(row, 2, 3)
		}
	}
	return table.Lines(rows, map[string]bool{"USED": true, "FENCE": true, "LEFT": true, "WAITING": true})
}
