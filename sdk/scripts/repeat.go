package scripts

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	maxRepeats = 3 // as many as go-redis makes by default
	minPause   = 8 * time.Millisecond
	maxPause   = 512 * time.Millisecond
)

// transition lists the errors of a server that will serve again, or of a cluster that is about to say who does. A
// script that is refused with one of them has not run.
var transition = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "UNKILLABLE", "BUSY",
}

// halfway is the end of a script that deleted a key and then wanted to write it while its cluster slot moves away: the
// node takes a key that is not there for one that has moved. What the script did before stands. Redis says "Script
// attempted", Valkey "Attempted".
const halfway = "ttempted to access a non local key"

// Transient reports whether the same call may succeed a little later: the connection broke or timed out, or the server
// is starting, failing over or busy. The cancellation of the caller's context is not transient; its deadline looks like a
// time-out of the network, and is.
func Transient(err error) bool {
	if err == nil {
		return false
	}
	for _, prefix := range transition {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return redis.HasErrorPrefix(err, "max number of clients") || errors.Is(err, redis.ErrPoolTimeout) ||
		notDialed(err) || mayHaveRun(err)
}

// mayHaveRun reports whether the server may have run a call that failed with err.
func mayHaveRun(err error) bool {
	if err == nil || notDialed(err) || errors.Is(err, context.Canceled) {
		return false
	}
	var fromServer redis.Error
	if errors.As(err, &fromServer) {
		return strings.Contains(fromServer.Error(), halfway)
	}
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &n) || isPipe(err)
}

// follow makes a cluster client find out who serves now, when a call failed because its node does not. go-redis asks by
// itself when a node says MOVED; a node that says nothing any more it would go on asking for a minute.
func follow(ctx context.Context, rdb redis.UniversalClient, err error) {
	c, ok := rdb.(interface{ ReloadState(ctx context.Context) })
	if ok && Transient(err) {
		c.ReloadState(ctx) // in the background, and not more often than every 200 ms
	}
}

// isPipe covers in-memory connections (net.Pipe), whose errors are no net.Error.
func isPipe(err error) bool { return errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) }

func notDialed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// pause waits before repeat number try, longer each time and never in step with others. It reports false when ctx
// ended.
func pause(ctx context.Context, try int) bool {
	d := min(minPause<<try, maxPause)
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
