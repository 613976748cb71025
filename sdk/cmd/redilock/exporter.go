package main

import (
	"log/slog"
	"net"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/exporter"
)

// exporterCmd serves metrics and a page.
type exporterCmd struct {
	Listen    string   `default:"localhost:9722" placeholder:"HOST:PORT" help:"Where to listen. Default: localhost:9722."`
	WebConfig string   `placeholder:"FILE" help:"TLS and passwords, as Prometheus' exporter-toolkit reads them."`
	Interval  duration `short:"i" default:"500ms" placeholder:"DURATION" help:"How often to look. Default: 500ms."`
	Allow     []string `sep:"none" placeholder:"PATTERN" help:"Which names, as for ls; may be repeated. Default: all."`
	Name      []string `sep:"none" placeholder:"NAME" help:"Show this lock too: one that only other libraries take."`
	MaxLocks  int      `default:"1000" placeholder:"N" help:"Show so many locks at the most. Default: 1000."`
}

// Help is the end of redilock exporter --help.
func (exporterCmd) Help() string {
	return `
Serves what the server knows of its locks, whatever program takes them: /metrics for Prometheus, a page for people at /,
and /healthz. It asks in the background, at a pace that leaves the server to others; a scrape asks nothing.

A lock has a series by its name. Of more than --max-locks those that are held or waited for come first;
redilock_exporter_locks_dropped counts the others. A lock that only other libraries take is not found by itself, see ls:
name it by --name.

The page shows names and holders to everybody who reaches it: it listens on localhost unless it is told otherwise, and
--web-config sets a password and TLS.

Examples:

    redilock exporter
    redilock exporter --listen :9722 --web-config web.yml
    redilock exporter --allow 'deploy:*' --allow 'job:*' --name nightly`
}

// Run is called by kong.
func (e *exporterCmd) Run(a *app) error {
	switch {
	case time.Duration(e.Interval) < minInterval:
		return usage("--interval is %v or longer, not %v", minInterval, e.Interval)
	case e.MaxLocks < 1:
		return usage("--max-locks is 1 or more, not %d", e.MaxLocks)
	case len(e.Name) > e.MaxLocks:
		return usage("%d names, and --max-locks %d", len(e.Name), e.MaxLocks)
	}
	rdb, c, closeAll, err := a.both()
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, stop := interruptible()
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.Listen)
	if err != nil {
		return usage("--listen: %w", err)
	}
	allow := e.Allow
	if len(allow) == 0 {
		allow = []string{"*"}
	}
	a.log.Info("serving", slog.String("address", listener.Addr().String()))
	return exporter.New(exporter.Config{
		Redis: rdb, Client: c, Prefix: a.Prefix, Where: a.address(), Interval: time.Duration(e.Interval), Allow: allow,
		Names: e.Name, MaxLocks: e.MaxLocks, WebFile: e.WebConfig, Log: a.log, Explain: a.words, Words: words,
	}).Run(ctx, listener)
}
