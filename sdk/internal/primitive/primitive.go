// Package primitive is what the engine needs of a kind of lock: three calls, and how their replies read. There is one
// adapter for each set of scripts, in a package of its own below this one; nothing else imports generated bindings.
package primitive

import (
	"strconv"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// Resource is one name of one primitive. It is immutable and safe for concurrent use.
type Resource interface {
	// Key is the key of the lock itself: what local callers queue for.
	Key() string
	// Primitive is the word for its kind: mutex, semaphore or rwmutex.
	Primitive() string
	// Excludes reports whether a grant excludes every other one of the name, the client's own among them. If it does,
	// local callers wait for the local holder, and a later grant proves that an earlier one is over. If it does not, the
	// client's calls hold beside each other, for as long as the server finds room.
	Excludes() bool
	Acquire(Request) Call[Acquired]
	// Release gives back what a token has. The caller tells waiters that listen on channel. next is the successor: it
	// gets the lock, or the caller's place in the queue; nil if there is none.
	Release(token, channel string, next *Request) Call[Released]
	// Extend raises the lease of the request's token. Weight and Limit are what it holds, 0 if nobody knows.
	Extend(Request) Call[Extended]
}

// Shrinker is a Resource whose grants can give a part of themselves back.
type Shrinker interface {
	// Shrink leaves weight to a token that has more. The caller tells waiters that listen on channel.
	Shrink(token string, weight int64, channel string) Call[Shrunk]
}

// Wake is how the server tells a waiter of its grant.
type Wake uint8

// The ways in which a waiter hears of its grant.
const (
	Poll      Wake = iota // by asking
	Push                  // by a message; a server that finds no listener takes the waiter for dead
	Broadcast             // by a message; listeners may be connected to other nodes
)

// Request asks for a grant.
type Request struct {
	Token    string
	Lease    time.Duration
	Presence time.Duration // 0: do not queue
	Wake     Wake
	Channel  string
	Fences   int   // how many numbers the grant should own; 0 is 1
	Weight   int64 // permits that the grant takes, where the primitive has them
	Limit    int64 // permits that there are
}

// Grant is what the server gives to a token.
type Grant struct {
	Token  string
	Fence  int64 // the last of its numbers
	Fences int   // how many numbers are its own, at least 1
	Lease  time.Duration
}

// Outcome is the first word of a reply.
type Outcome uint8

// What a reply says.
const (
	Granted   Outcome = iota + 1
	Queued            // the caller waits at a position
	Refused           // somebody else has it, and the caller does not wait
	Freed             // it was the caller's, and is free or handed on
	Left              // the caller waited, and does not any more
	NotHeld           // the caller had nothing
	Confirmed         // it is the caller's still
)

// Acquired is the reply to Acquire: Granted, Queued or Refused.
type Acquired struct {
	Outcome  Outcome
	Grant    Grant
	Wait     time.Duration // until a lease ends; 0: ask again at once, negative: it has no expiry
	Position int64         // 1 is next
}

// Released is the reply to Release: Freed, Left or NotHeld.
type Released struct {
	Outcome  Outcome
	Position int64   // of the successor; 0: it is not queued
	Grants   []Grant // of tokens that the caller has to tell
	More     bool    // others may fit: repeat the call at once
}

// Extended is the reply to Extend: Confirmed or NotHeld.
type Extended struct {
	Outcome Outcome
	Fence   int64
	Left    time.Duration
}

// Shrunk is the reply to Shrink: Confirmed or NotHeld.
type Shrunk struct {
	Outcome Outcome
	Weight  int64   // what is left
	Grants  []Grant // of tokens that the caller has to tell
	More    bool    // others may fit: repeat the call at once
}

// Call is a call of a script, and its reply as the engine reads it.
type Call[R any] interface {
	scripts.Sendable
	// Reply is what the last send brought.
	Reply() (R, error)
}

// Adapt makes a Call of a binding's own.
func Adapt[S, R any](call *scripts.Call[S], read func(S) R) Call[R] {
	return &adapted[S, R]{call, read}
}

type adapted[S, R any] struct {
	*scripts.Call[S]
	read func(S) R
}

func (a *adapted[S, R]) Reply() (R, error) {
	reply, err := a.Result()
	if err != nil {
		var none R
		return none, err
	}
	return a.read(reply), nil
}

// ParseMessage reads what a script publishes: "token fence lease fences", from the right, because a token may hold
// spaces. It reports false for anything else.
func ParseMessage(payload string) (Grant, bool) {
	rest, fences, ok := cutNumber(payload)
	rest, lease, ok2 := cutNumber(rest)
	token, fence, ok3 := cutNumber(rest)
	if !ok || !ok2 || !ok3 {
		return Grant{}, false
	}
	return Grant{Token: token, Fence: fence, Fences: int(fences), Lease: time.Duration(lease) * time.Millisecond}, true
}

func cutNumber(s string) (rest string, n int64, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseInt(s[i+1:], 10, 64)
	return s[:i], n, err == nil
}
