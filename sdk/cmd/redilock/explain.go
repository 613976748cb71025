package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// explain gives an error its exit status, and says what to do about it.
func (a *app) explain(err error) error {
	var e exit
	var i interrupted
	switch {
	case err == nil || errors.As(err, &e):
		return err
	case errors.As(err, &i):
		return exit{code: statusSignal + int(i.signal)}
	case errors.Is(err, redilock.ErrLost):
		return exit{statusLost, bare(err)}
	}
	return exit{statusFailed, errors.New(a.words(err))}
}

// words is an error as the user should read it.
func (a *app) words(err error) string {
	if advice := a.advice(err); advice != "" {
		return advice
	}
	return bare(err).Error()
}

// advice is what to say of a server that cannot be used as it is, "" of any other error.
func (a *app) advice(err error) string {
	at := a.address()
	var dns *net.DNSError
	var fromServer redis.Error
	text := ""
	if errors.As(err, &fromServer) {
		text = fromServer.Error()
	}
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %q is unknown: check --redis or REDIS_URL", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("cannot reach Redis at %s (connection refused): start it there, or name another by --redis or "+
			"REDIS_URL", at)
	case errors.Is(err, syscall.ENOENT) && strings.HasPrefix(a.url(), "unix:"):
		return fmt.Sprintf("there is no socket %s: start Redis with unixsocket set, or name another by --redis", at)
	case strings.Contains(err.Error(), "first record does not look like a TLS handshake"):
		return fmt.Sprintf("Redis at %s does not speak TLS: write redis:// instead of rediss://", at)
	case strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:"):
		return fmt.Sprintf("no TLS with Redis at %s: %s", at, cause(err))
	case strings.HasPrefix(text, "NOAUTH") || strings.Contains(text, "unauthenticated"):
		return fmt.Sprintf("Redis at %s wants a password: set REDIS_PASSWORD or --password-file", at)
	case strings.HasPrefix(text, "WRONGPASS") || strings.Contains(text, "invalid password"):
		return fmt.Sprintf("Redis at %s refuses this user name or password: check REDIS_PASSWORD, --password-file and the "+
			"URL", at)
	case strings.Contains(text, "without any password configured"):
		return fmt.Sprintf("Redis at %s has no password: leave it out", at)
	case errors.Is(err, redilock.ErrDenied) || strings.HasPrefix(text, "NOPERM"):
		return fmt.Sprintf("the ACL of Redis at %s forbids it (%s): `redilock acl USER` prints the rule that is needed",
			at, text)
	case strings.HasPrefix(text, "MOVED") || strings.HasPrefix(text, "CROSSSLOT"):
		return fmt.Sprintf("Redis at %s is a cluster: write redis+cluster:// instead of redis://", at)
	case strings.Contains(text, "cluster support disabled"):
		return fmt.Sprintf("Redis at %s is no cluster: write redis:// instead of redis+cluster://", at)
	case strings.Contains(err.Error(), "all sentinels specified in configuration are unreachable"):
		return fmt.Sprintf("no sentinel answers at %s, or none knows the group: check the addresses and its name in the URL",
			at)
	case errors.Is(err, redilock.ErrWrongType), errors.Is(err, redilock.ErrInvalid):
		return ""
	case errors.Is(err, errNoAnswer) || errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return fmt.Sprintf("no answer from Redis at %s: check --redis or REDIS_URL, and the network between", at)
	case errors.Is(err, redilock.ErrUnavailable):
		return fmt.Sprintf("Redis at %s cannot serve: %s", at, cause(err))
	}
	return ""
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// cause is an error without the words that only say which call it was.
func cause(err error) string {
	var e *redilock.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	s := strings.TrimPrefix(err.Error(), redilock.ErrUnavailable.Error())
	s = strings.TrimPrefix(s, ": ")
	return strings.TrimSpace(s)
}

// bare is an error of the SDK without the "redilock: " that every line of ours begins with.
func bare(err error) error {
	var e *redilock.Error
	if errors.As(err, &e) {
		return errors.New(strings.TrimPrefix(e.Error(), "redilock: "))
	}
	return err
}
