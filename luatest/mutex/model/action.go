package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// verb is what an action does.
type verb uint8

const (
	verbAcquire verb = iota
	verbExtend
	verbRelease
	verbInspect
	verbTick          // a millisecond passes
	verbForeignSet    // another program takes the lock if it is free
	verbForeignKeep   // the same, without expiry
	verbForeignDelete // another program deletes the lock
	verbPersist       // another program takes the expiry from the lock
	verbDelete        // a companion key is gone: collected, evicted, deleted
	verbFlush         // all keys are gone
	verbCollect       // so much time passes that every key with an expiry is gone
	verbBreak         // a key is a list
	verbMemory        // the server is out of memory, or no longer
	verbLater         // a client of a later version renews its place, with a wake mode that these scripts do not know
	verbRestore       // a snapshot is restored, of a time at which nobody had the lock or waited
	verbFill          // the fence counter is at its limit
)

var scriptNames = [...]string{"acquire", "extend", "release", "inspect"}

func (v verb) isCall() bool { return v <= verbInspect }

// wake is how a hand-off tells a waiter.
type wake uint8

const (
	wakePoll wake = iota
	wakePush
	wakeBroadcast
	wakeLater // a mode of a later version, with the fields of version 1 before it
	wakeMore  // a mode of version 1 with an extension of a later one
)

var wakeNames = [...]string{"poll", "push", "broadcast", "shard", "push;x"}

// The keys of a lock, as KEYS has them.
const (
	roleLock = iota
	roleFence
	roleQueue
	roleWaiters
	roles
)

var roleNames = [roles]string{"lock", "fence", "queue", "waiters"}

// action is one step of a world. What does not apply to its verb is zero or none.
type action struct {
	verb      verb
	lock      int
	token     int
	lease     int
	presence  int
	wake      wake
	fences    int
	channel   bool // a release: says which channel is the client's own
	successor int  // a release: the token that follows; none if negative
	role      int  // of the key that is deleted or broken
	args      []string
}

// none is no token, and no client.
const none = -1

// holderForeign is the holder of a lock that is another program's.
const holderForeign = 100

// actions lists what may happen in a world, in any of its states.
func (c *Config) actions() []action {
	var all []action
	for lock := range c.Locks {
		for token := range c.tokens() {
			all = append(all, c.requests(lock, token)...)
		}
		add := func(on bool, verbs ...verb) {
			for _, v := range verbs {
				if on {
					all = append(all, action{verb: v, lock: lock})
				}
			}
		}
		add(c.Foreign, verbForeignSet, verbForeignDelete)
		add(c.Forever, verbForeignKeep, verbPersist)
		add(c.Restore, verbRestore)
		add(c.Full, verbFill)
		for token := range c.tokens() {
			for _, w := range []wake{wakeLater, wakeMore} {
				if c.Later {
					all = append(all, action{verb: verbLater, lock: lock, token: token, wake: w})
				}
			}
		}
		for role := range roles {
			if c.Delete && role != roleLock {
				all = append(all, action{verb: verbDelete, lock: lock, role: role})
			}
			if c.Wrong {
				all = append(all, action{verb: verbBreak, lock: lock, role: role})
			}
		}
	}
	all = append(all, action{verb: verbTick})
	if c.Delete {
		all = append(all, action{verb: verbFlush}, action{verb: verbCollect})
	}
	if c.Wrong {
		all = append(all, action{verb: verbFlush})
	}
	if c.Memory {
		all = append(all, action{verb: verbMemory})
	}
	for i := range all {
		all[i].args = c.args(&all[i], unscaled)
	}
	return all
}

// requests are those that a client sends with one token.
func (c *Config) requests(lock, token int) []action {
	var all []action
	acquire := func(on bool, lease, presence int, w wake, wish int) {
		if on {
			all = append(all, action{
				verb: verbAcquire, lock: lock, token: token, lease: lease, presence: presence, wake: w,
				fences: c.wish(wish), successor: none,
			})
		}
	}
	acquire(c.Try, leaseMS, 0, wakePoll, fewFences)
	acquire(c.Poll, pollLeaseMS, presenceMS, wakePoll, 1)
	acquire(c.Push, leaseMS, presenceMS, wakePush, manyFences)
	acquire(c.Broadcast, leaseMS, presenceMS, wakeBroadcast, fewFences)
	if c.Extend {
		all = append(all, action{verb: verbExtend, lock: lock, token: token, lease: extendMS, successor: none})
	}
	release := action{verb: verbRelease, lock: lock, token: token, successor: none}
	if c.Poor || !c.Push && !c.Broadcast {
		all = append(all, release)
	}
	if c.Push || c.Broadcast {
		release.channel = true
		all = append(all, release)
	}
	// The second token of a client follows the first. Were it the other way round as well, no token would be unique.
	if c.Tokens > 1 && token%c.Tokens == 0 {
		release.successor, release.lease, release.presence, release.wake = token+1, leaseMS, presenceMS, wakePoll
		release.fences = c.wish(fewFences)
		if c.Push {
			release.wake = wakePush
		}
		all = append(all, release)
	}
	return all
}

// unscaled leaves a time as it is.
func unscaled(ms int) int { return ms }

// args makes the ARGV of a call, with its times in other units.
func (c *Config) args(a *action, scale func(ms int) int) []string {
	client := a.token / max(c.Tokens, 1)
	times := []string{strconv.Itoa(scale(a.lease)), strconv.Itoa(scale(a.presence))}
	args := []string{c.tokenName(a.token)}
	switch a.verb {
	case verbAcquire:
		args = append(args, times[0])
		if a.presence > 0 || a.fences > 1 {
			args = append(args, times[1], wakeNames[a.wake])
		}
		switch {
		case a.wake != wakePoll:
			args = append(args, channelName(client))
		case a.fences > 1:
			args = append(args, "")
		}
		if a.fences > 1 {
			args = append(args, strconv.Itoa(a.fences))
		}
	case verbExtend:
		args = append(args, times[0])
	case verbRelease:
		if a.channel {
			args = append(args, channelName(client))
		}
		if a.successor >= 0 {
			if !a.channel {
				args = append(args, "")
			}
			args = append(args, c.tokenName(a.successor), times[0], times[1], wakeNames[a.wake])
			if a.fences > 1 {
				args = append(args, strconv.Itoa(a.fences))
			}
		}
	default:
		return nil
	}
	return args
}

// describe prints an action on one line.
func (c *Config) describe(a *action) string {
	where := ""
	if c.Locks > 1 {
		where = fmt.Sprintf(" on lock %d", a.lock+1)
	}
	switch a.verb {
	case verbTick:
		return "1 ms passes"
	case verbForeignSet:
		return fmt.Sprintf("another program: SET lock NX PX %d%s", foreignMS, where)
	case verbForeignKeep:
		return "another program: SET lock NX" + where
	case verbForeignDelete:
		return "another program: DEL lock" + where
	case verbPersist:
		return "another program: PERSIST lock" + where
	case verbDelete:
		return "the " + roleNames[a.role] + " key is deleted" + where
	case verbFlush:
		return "FLUSHALL"
	case verbCollect:
		return "hours pass"
	case verbBreak:
		return "the " + roleNames[a.role] + " key becomes a list" + where
	case verbLater:
		return fmt.Sprintf("a later version: HSET waiters %s %q%s", c.tokenName(a.token), c.laterRecord(a, unscaled), where)
	case verbRestore:
		return "a snapshot is restored" + where
	case verbFill:
		return "the fence counter gets to its limit" + where
	case verbMemory:
		return "memory runs out, or there is some again"
	}
	words := make([]string, len(a.args))
	for i, arg := range a.args {
		words[i] = arg
		if arg == "" {
			words[i] = "''"
		}
	}
	return scriptNames[a.verb] + " " + strings.Join(words, " ") + where
}

// outcome is what a call answered and sent.
type outcome struct {
	reply     resp.Reply
	published []message
}

// message is one PUBLISH.
type message struct {
	client   int // whose channel it is, or none
	payload  string
	received bool
}
