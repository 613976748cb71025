package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// acquireCmd takes a lock and leaves it behind, for those that cannot use run.
type acquireCmd struct {
	Name string `arg:"" help:"The lock's name."`
	kind
	TTL duration `default:"30s" placeholder:"DURATION" help:"How long it is kept unless extended. Default: 30s."`
	waiting
	TokenFile string `placeholder:"FILE" help:"Write the token to FILE, for you alone, not to standard output."`
	JSON      bool   `help:"Print name, owner, fence, deadline and (without --token-file) token as JSON."`
}

// Help is the end of redilock acquire --help.
func (acquireCmd) Help() string {
	return `
Prints a token: whoever has it can extend and release the lock. Nobody extends it by itself: when --ttl is over it goes
to the next. Others see its caller's host:pid as the holder. Where it fits, redilock run is safer: it extends, releases,
and ends the command should the lock be lost.

Exit status: 0 obtained; 123 lost before it could be told; 124 not obtained in time; 125 redilock or Redis failed;
128 + N ended by signal N.

Examples:

    redilock acquire nightly --ttl 10m --token-file /run/nightly.token || exit
    redilock extend nightly --ttl 10m --token-file /run/nightly.token
    redilock release nightly --token-file /run/nightly.token

    token=$(redilock acquire -w 1m --ttl 10m deploy) || exit
    make deploy
    printf %s "$token" | redilock release deploy --token-file -

    token=$(redilock acquire --limit 5 exports) || exit # one of 5 permits`
}

// grantJSON is what acquire and extend print.
type grantJSON struct {
	Name        string    `json:"name"` // the prefix included
	NameBase64  string    `json:"name_base64,omitempty"`
	Owner       string    `json:"owner,omitempty"`
	OwnerBase64 string    `json:"owner_base64,omitempty"`
	Fence       int64     `json:"fence"`
	Deadline    time.Time `json:"deadline"`
	LeaseMS     int64     `json:"lease_ms"` // what is certainly left of the lease
	Token       string    `json:"token,omitempty"`
	TokenBase64 string    `json:"token_base64,omitempty"`
}

func newGrantJSON(key string, l *redilock.Lock) grantJSON {
	return grantJSON{
		Name: key, NameBase64: base64Of(key), Fence: l.Fence(), Deadline: l.Deadline().UTC().Round(time.Millisecond),
		LeaseMS: millis(time.Until(l.Deadline())),
	}
}

// Run is called by kong.
func (q *acquireCmd) Run(a *app) error {
	owner := a.Owner
	if owner == "" {
		owner = callerOwner()
	}
	if err := q.check(); err != nil {
		return err
	}
	if strings.ContainsAny(owner, "\r\n") {
		return usage("--owner has a line break: the token, which it is part of, is a line")
	}
	signal.Ignore(syscall.SIGPIPE) // or it would end us with the lock, if nobody reads what we write
	k, err := a.locker(q.Name, redilock.WithOwner(owner))
	if err != nil {
		return err
	}
	defer func() { k.close() }()
	var file *tokenFile
	if q.TokenFile != "" {
		if file, err = newTokenFile(q.TokenFile); err != nil {
			return usage("--token-file: %w", err)
		}
		defer file.discard()
	}
	ctx, stop := interruptible()
	defer stop()
	all, err := obtain(ctx, &q.waiting, k, k.client.Multi(q.request(k.client, q.Name, time.Duration(q.TTL))))
	if err == nil {
		err = whole(ctx, all, time.Duration(q.TTL))
	}
	if err != nil {
		return mismatch(ctx, k.client, err, func(string) state.Primitive { return q.primitive() })
	}
	l := all.Locks()[0]
	told := make(chan error, 1)
	go func() { told <- q.tell(a, l, owner, file) }()
	select {
	case err = <-told:
	case <-ctx.Done(): // while nobody reads it
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = l.Unlock(ctx) // nobody could release it
		var i interrupted
		if errors.As(err, &i) {
			return err
		}
		return exit{statusFailed, fmt.Errorf("the lock was released again: %w", err)}
	}
	return nil
}

// tell hands the token over.
func (q *acquireCmd) tell(a *app, l *redilock.Lock, owner string, file *tokenFile) error {
	if file != nil {
		if err := file.save(l.Token()); err != nil {
			return err
		}
	}
	switch {
	case q.JSON:
		grant := newGrantJSON(a.Prefix+q.Name, l)
		grant.Owner, grant.OwnerBase64 = owner, base64Of(owner)
		if file == nil {
			grant.Token, grant.TokenBase64 = l.Token(), base64Of(l.Token())
		}
		return a.out.json(grant)
	case file == nil:
		_, err := fmt.Fprintln(a.out, l.Token())
		return err
	default:
		return nil
	}
}

// callerOwner is host:pid of who called us, because our own process is gone before anybody looks.
func callerOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + ":" + strconv.Itoa(os.Getppid())
}

// extendCmd extends a lock that acquire took.
type extendCmd struct {
	Name string   `arg:"" help:"The lock's name."`
	TTL  duration `default:"30s" placeholder:"DURATION" help:"How long to keep it from now on. Default: 30s."`
	tokenSource
	JSON bool `help:"Print name, fence and deadline as JSON."`
}

// Help is the end of redilock extend --help.
func (extendCmd) Help() string {
	return `
A lease is never shortened. Exit status: 0 it is still yours; 123 it was lost; 125 redilock or Redis failed: then it may
be tried again.

Examples:

    redilock extend nightly --ttl 10m --token-file /run/nightly.token
    printf %s "$token" | redilock extend nightly --token-file -`
}

// Run is called by kong.
func (e *extendCmd) Run(a *app) error {
	return withToken(a, e.Name, &e.tokenSource, func(ctx context.Context, l *redilock.Lock) error {
		if err := l.Extend(ctx, time.Duration(e.TTL)); err != nil {
			return err
		}
		if e.JSON {
			return a.out.json(newGrantJSON(a.Prefix+e.Name, l))
		}
		return nil
	})
}

// releaseCmd releases a lock that acquire took.
type releaseCmd struct {
	Name string `arg:"" help:"The lock's name."`
	tokenSource
}

// Help is the end of redilock release --help.
func (releaseCmd) Help() string {
	return `
The lock goes to the next that waits for it. Exit status: 0 released; 123 it was not yours any more; 125 redilock or Redis
failed. For a lock whose token nobody has, see redilock break.

Examples:

    redilock release nightly --token-file /run/nightly.token
    printf %s "$token" | redilock release deploy --token-file -`
}

// Run is called by kong.
func (r *releaseCmd) Run(a *app) error {
	return withToken(a, r.Name, &r.tokenSource, func(ctx context.Context, l *redilock.Lock) error { return l.Unlock(ctx) })
}

// withToken calls fn with a lock that was taken by another process.
func withToken(a *app, name string, source *tokenSource, fn func(context.Context, *redilock.Lock) error) error {
	token, err := source.token()
	if err != nil {
		return err
	}
	c, closeClient, err := a.client()
	if err != nil {
		return err
	}
	defer closeClient()
	ctx, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	l, err := attach(ctx, c, name, token)
	if err != nil {
		return err
	}
	return fn(ctx, l)
}
