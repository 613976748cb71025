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
	verbShrink
	verbInspect
	verbTick     // a millisecond passes
	verbDelete   // a key is gone: collected, evicted, deleted
	verbFlush    // all keys are gone
	verbCollect  // so much time passes that every key with an expiry is gone
	verbRemove   // another program removes a holder
	verbSet      // another program takes the name if it is free, or gives it back
	verbBreak    // a key is a list, or no longer
	verbMemory   // the server is out of memory, or no longer
	verbLater    // a client of a later version renews its place, with a wake mode that these scripts do not know
	verbSnapshot // a snapshot is restored, of a time at which nobody held anything or waited
	verbFill     // the fence counter is at its limit
	verbDrain    // those that wait go on asking, and nobody else does anything
)

var scriptNames = [...]string{"acquire", "extend", "release", "shrink", "inspect"}

func (v verb) isCall() bool { return v <= verbInspect }

// wake is how an admission tells a waiter.
type wake uint8

const (
	wakePoll wake = iota
	wakePush
	wakeBroadcast
	wakeLater // a mode of a later version, with the fields of version 1 before it
	wakeMore  // a mode of version 1 with an extension of a later one
)

var wakeNames = [...]string{"poll", "push", "broadcast", "shard", "push;x"}

// The keys, as KEYS has them.
const (
	roleHolders = iota
	roleFence
	rolePending
	roleMembers
	roles
)

var roleNames = [roles]string{"holders", "fence", "pending", "members"}

// none is no token, and no client.
const none = -1

// action is one step of a world. What does not apply to its verb is zero or none.
type action struct {
	verb      verb
	token     int
	lease     int
	limit     int
	weight    int
	presence  int
	wake      wake
	fences    int
	channel   bool // a release or shrink: says which channel is the client's own
	successor int  // a release: the token that follows; none if negative
	role      int  // of the key that is deleted or broken
	args      []string
}

// actions lists what may happen in a world, in any of its states.
func (c *Config) actions() []action {
	var all []action
	for token := range c.tokens() {
		all = append(all, c.requests(token)...)
	}
	add := func(on bool, verbs ...verb) {
		for _, v := range verbs {
			if on {
				all = append(all, action{verb: v})
			}
		}
	}
	add(true, verbTick)
	add(c.Foreign, verbSet)
	add(c.Snapshot, verbSnapshot)
	add(c.Full, verbFill)
	add(c.Delete, verbFlush, verbCollect)
	add(c.Wrong, verbFlush)
	add(c.Memory, verbMemory)
	add(c.Drain, verbDrain)
	for token := range c.tokens() {
		if c.Foreign {
			all = append(all, action{verb: verbRemove, token: token})
		}
		for _, w := range []wake{wakeLater, wakeMore} {
			if c.Later {
				all = append(all, action{verb: verbLater, token: token, wake: w})
			}
		}
	}
	for role := range roles {
		if c.Delete {
			all = append(all, action{verb: verbDelete, role: role})
		}
		if c.Wrong {
			all = append(all, action{verb: verbBreak, role: role})
		}
	}
	for i := range all {
		all[i].args = c.args(&all[i], unscaled)
	}
	return append(all, action{verb: verbInspect, successor: none})
}

// requests are those that a client sends with one token.
func (c *Config) requests(token int) []action {
	var all []action
	add := func(on bool, a action) {
		if on {
			a.token = token
			if a.successor == 0 {
				a.successor = none
			}
			all = append(all, a)
		}
	}
	most := 0
	for _, weight := range c.Weights {
		most = max(most, weight)
		for _, limit := range c.Limits {
			ask := action{verb: verbAcquire, lease: leaseMS, limit: limit, weight: weight, fences: c.wish(fewFences)}
			add(c.Try, ask)
			ask.presence = presenceMS
			if c.Broadcast {
				told := ask
				told.wake = wakeBroadcast
				add(true, told)
			}
			told := ask
			told.wake, told.fences = wakePush, c.wish(manyFences)
			add(c.Push, told)
			ask.lease, ask.fences = pollLeaseMS, 1
			add(c.Poll, ask)
		}
		add(c.Restore, action{verb: verbExtend, lease: extendMS, weight: weight, limit: c.Limits[0]})
	}
	add(c.Extend, action{verb: verbExtend, lease: extendMS})
	told := c.Push || c.Broadcast
	for weight := 1; weight < most; weight++ {
		add(c.Shrink, action{verb: verbShrink, weight: weight, channel: told})
	}
	add(c.Poor || !told, action{verb: verbRelease})
	add(told, action{verb: verbRelease, channel: true})
	// The second token of a client follows the first. Were it the other way round as well, no token would be unique.
	if c.Tokens > 1 && token%c.Tokens == 0 {
		for _, weight := range c.Weights {
			add(true, action{
				verb: verbRelease, channel: true, successor: token + 1, lease: leaseMS, limit: c.Limits[0], weight: weight,
				presence: presenceMS, wake: wakePush, fences: c.wish(fewFences),
			})
		}
	}
	return all
}

// unscaled leaves a time as it is.
func unscaled(ms int) int { return ms }

// args makes the ARGV of a call, with its times in other units.
func (c *Config) args(a *action, scale func(ms int) int) []string {
	number := strconv.Itoa
	lease, presence := number(scale(a.lease)), number(scale(a.presence))
	own := channelName(a.token / c.Tokens)
	args := []string{c.tokenName(a.token)}
	channel := ""
	if a.wake != wakePoll {
		channel = own
	}
	switch a.verb {
	case verbAcquire:
		args = append(args, lease, number(a.limit))
		if a.weight > 1 || a.presence > 0 || a.fences > 1 {
			args = append(args, number(a.weight))
		}
		if a.presence > 0 || a.fences > 1 {
			args = append(args, presence, wakeNames[a.wake])
		}
		if a.wake != wakePoll || a.fences > 1 {
			args = append(args, channel)
		}
		if a.fences > 1 {
			args = append(args, number(a.fences))
		}
	case verbExtend:
		args = append(args, lease)
		if a.weight > 0 {
			args = append(args, number(a.weight), number(a.limit))
		}
	case verbShrink:
		args = append(args, number(a.weight))
		if a.channel {
			args = append(args, own)
		}
	case verbRelease:
		if a.channel {
			args = append(args, own)
		}
		if a.successor != none {
			args = append(args, c.tokenName(a.successor), lease, number(a.limit), number(a.weight), presence,
				wakeNames[a.wake], number(a.fences))
		}
	default:
		return nil
	}
	return args
}

// describe prints an action on one line.
func (c *Config) describe(a *action) string {
	switch a.verb {
	case verbTick:
		return "1 ms passes"
	case verbDelete:
		return "the " + roleNames[a.role] + " key is deleted"
	case verbFlush:
		return "FLUSHALL"
	case verbCollect:
		return "hours pass"
	case verbRemove:
		return "another program: ZREM holders " + c.tokenName(a.token)
	case verbSet:
		return "another program: SET name NX, or DEL of it"
	case verbBreak:
		return "the " + roleNames[a.role] + " key becomes a list, or is mended"
	case verbMemory:
		return "memory runs out, or there is some again"
	case verbLater:
		return fmt.Sprintf("a later version: HSET members %s with the wake mode %s", c.tokenName(a.token), wakeNames[a.wake])
	case verbSnapshot:
		return "a snapshot is restored"
	case verbFill:
		return "the fence counter gets to its limit"
	case verbDrain:
		return "those that wait go on asking"
	}
	words := make([]string, len(a.args))
	for i, arg := range a.args {
		words[i] = arg
		if arg == "" {
			words[i] = "''"
		}
	}
	return scriptNames[a.verb] + " " + strings.Join(words, " ")
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
