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

// Kind is what an error of a call means for a lock.
type Kind uint8

// The kinds of failures. Whatever is in no other is Unavailable.
const (
	Unavailable Kind = iota // the server is away, or cannot serve, or said something that nobody expects
	Denied                  // other credentials, or more rights, are needed
	WrongType               // a key holds something else
	Invalid                 // an argument is out of its range
)

// Failure is what is known of a call that failed.
type Failure struct {
	Kind Kind
	// Retry: the same call may succeed within a moment: the connection broke or timed out, or the server is starting,
	// failing over or busy.
	Retry bool
	// Heals: the same call may succeed some time, without anybody changing the program.
	Heals bool
	// MayHaveRun: the server has run the call, or may have. False only where it is known that it did not.
	MayHaveRun bool
	// Advice is what to do about it, or "".
	Advice string
}

// What the fields of the table below are called in it.
const (
	retry, noRetry = true, false
	heals, final   = true, false
	unsure, notRun = true, false
)

// replies are the error replies of servers and scripts, by how they begin. A call that is answered by one has not run.
var replies = []struct {
	prefix string
	Failure
}{
	{"LOADING", Failure{Unavailable, retry, heals, notRun, ""}},
	{"READONLY", Failure{Unavailable, retry, heals, notRun, ""}},
	{"MASTERDOWN", Failure{Unavailable, retry, heals, notRun, ""}},
	{"CLUSTERDOWN", Failure{Unavailable, retry, heals, notRun, ""}},
	{"TRYAGAIN", Failure{Unavailable, retry, heals, notRun, ""}},
	{"MOVED", Failure{Unavailable, retry, heals, notRun, ""}},
	{"ASK", Failure{Unavailable, retry, heals, notRun, ""}},
	{"UNKILLABLE", Failure{Unavailable, retry, heals, notRun, ""}},
	{"BUSY", Failure{Unavailable, retry, heals, notRun, ""}},
	{"max number of clients", Failure{Unavailable, retry, heals, notRun, ""}},
	{"OOM", Failure{Unavailable, noRetry, heals, notRun, "the server is out of memory"}},
	{"MISCONF", Failure{Unavailable, noRetry, heals, notRun, "the server cannot persist"}},
	{"NOREPLICAS", Failure{Unavailable, noRetry, heals, notRun, "the server lacks the replicas that it wants"}},
	{"NOSCRIPT", Failure{
		Unavailable, noRetry, heals, notRun, "the scripts are being flushed as fast as they are loaded",
	}},
	{"NOPERM", Failure{Denied, noRetry, heals, notRun, adviceRule}},
	{"NOAUTH", Failure{Denied, noRetry, heals, notRun, adviceLogin}},
	{"WRONGPASS", Failure{Denied, noRetry, heals, notRun, "the user name or the password is wrong"}},
	{"WRONGTYPE", Failure{WrongType, noRetry, final, notRun, ""}},
	{"BADFENCE", Failure{WrongType, noRetry, final, notRun, ""}},
	{"BADARG", Failure{Invalid, noRetry, final, notRun, ""}},
}

const (
	adviceRule  = "the rule that the scripts need is in lua/README.md"
	adviceLogin = "set a password (and user name) in the client's options"
)

// phrases are the error replies that only their words tell, wherever they stand in the message.
var phrases = []struct {
	words string
	Failure
}{
	// The end of a script that deleted a key and then wanted to write it while its cluster slot moves away: the node takes
	// a key that is not there for one that has moved. What the script did before stands. Redis says "Script attempted",
	// Valkey "Attempted".
	{"ttempted to access a non local key", Failure{Unavailable, retry, heals, unsure, ""}},
	// Before it asks for a password a server refuses calls with as many arguments as ours, in words of its own.
	{"unauthenticated", Failure{Denied, noRetry, heals, notRun, adviceLogin}},
	// What an ACL says of a command inside a script: a plain ERR, without the code NOPERM.
	{"can't run this command", Failure{Denied, noRetry, heals, notRun, adviceRule}},
	{"can't access at least one of the keys", Failure{Denied, noRetry, heals, notRun, adviceRule}},
	{"permission", Failure{Denied, noRetry, heals, notRun, adviceRule}},
}

// Classify says what is known of a call that failed with err: the one table of this module. An error that it does not
// know (of a hook, of a proxy, of a network) may be that of a call which has run.
func Classify(err error) Failure {
	for _, r := range replies {
		if redis.HasErrorPrefix(err, r.prefix) {
			return r.Failure
		}
	}
	var fromServer redis.Error
	var undeclared *ReplyError
	var n net.Error
	switch {
	case errors.As(err, &fromServer):
		for _, p := range phrases {
			if strings.Contains(fromServer.Error(), p.words) {
				return p.Failure
			}
		}
		return Failure{Unavailable, noRetry, heals, notRun, ""}
	case errors.Is(err, redis.ErrClosed):
		return Failure{Unavailable, noRetry, final, notRun, "the redis client is closed"}
	case errors.As(err, &undeclared):
		return Failure{Unavailable, noRetry, heals, unsure, ""}
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, redis.ErrPoolExhausted), notDialed(err):
		return Failure{Unavailable, retry, heals, notRun, ""}
	case errors.Is(err, context.Canceled):
		return Failure{Unavailable, noRetry, heals, unsure, ""}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &n), isPipe(err):
		return Failure{Unavailable, retry, heals, unsure, ""}
	default:
		return Failure{Unavailable, noRetry, heals, unsure, ""}
	}
}

// Transient reports whether the same call may succeed a little later: [Failure.Retry] of the table. The cancellation of
// the caller's context is not transient; its deadline looks like a time-out of the network, and is.
func Transient(err error) bool { return err != nil && Classify(err).Retry }

// follow makes a cluster client find out who serves now, when a call failed because its node does not. go-redis asks by
// itself when a node says MOVED; a node that says nothing any more it would go on asking for a minute.
func follow(ctx context.Context, rdb Client, err error) {
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
		return ctx.Err() == nil
	}
}
