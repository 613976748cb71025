package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// command is what the checks know of a Redis command.
type command struct {
	data    string // the type of its keys, "" for any
	arity   int    // how many words it has, its name among them; negative: at least so many
	number  bool   // its reply is an integer, or an error or nil
	writes  bool
	denyOOM bool       // refused when the server is out of memory
	keys    []keySpecs // where its keys are
	why     string     // it is refused, and why
	parent  bool       // it has subcommands
}

// keySpecs says where some of a command's keys are, as Redis' key specifications do. Places count words, the name is 0.
type keySpecs struct {
	keyword string // they are behind this word, looked for from place at on; "": they begin at place at
	at      int
	number  bool // the word there says how many there are, and they begin first words behind it; else it is a range
	first   int
	last    int // of a range: the place of the last key counted from the first, or from the end where it is negative
	step    int
	limit   int // of a range to the end: it ends behind the nth part of the words
}

// commands are those that every server has, by the table that is generated from what they say of themselves.
var commands = parseCommands(commandTable)

func parseCommands(table string) map[string]command {
	all := map[string]command{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		f := strings.Fields(line)
		c := command{data: strings.TrimPrefix(f[3], "-")}
		c.arity, _ = strconv.Atoi(f[1])
		flags := strings.Split(f[2], ",")
		c.writes, c.denyOOM = slices.Contains(flags, "write"), slices.Contains(flags, "denyoom")
		c.number = slices.Contains(integerReplies, f[0])
		unknown := false
		for _, place := range f[4:] {
			if place == "|" {
				c.parent = true
				continue
			}
			spec, ok := parseKeySpecs(place)
			unknown = unknown || !ok
			c.keys = append(c.keys, spec)
		}
		c.why = whyNot(f[0], flags, c, unknown)
		all[f[0]] = c
	}
	return all
}

func parseKeySpecs(place string) (keySpecs, bool) {
	begin, find, ok := strings.Cut(place, ":")
	if !ok {
		return keySpecs{}, false
	}
	var k keySpecs
	if begin[0] == 'k' {
		word, from, _ := strings.Cut(begin[1:], ",")
		k.keyword = word
		k.at, _ = strconv.Atoi(from)
	} else {
		k.at, _ = strconv.Atoi(begin[1:])
	}
	k.number = find[0] == 'n'
	a, b := &k.last, &k.step
	c := &k.limit
	if k.number {
		a, b, c = new(int), &k.first, &k.step
	}
	_, err := fmt.Sscanf(find[1:], "%d,%d,%d", a, b, c)
	return k, err == nil
}

// unkeyed are the commands without a key that a script may call.
var unkeyed = []string{"PUBLISH", "SPUBLISH", "TIME"}

// whyNot is the reason why a command is refused, or "".
func whyNot(name string, flags []string, c command, unknown bool) string {
	has := func(flag string) bool { return slices.Contains(flags, flag) }
	switch {
	case has("noscript"):
		return "servers do not allow it in scripts"
	case unknown:
		return "no check can see which keys it takes"
	case has("admin") || has("@dangerous"):
		return "it is dangerous: it is about the server, or all of its keys"
	case slices.Contains(unkeyed, name) || c.parent:
		return ""
	case len(c.keys) == 0:
		return "it is not about declared keys"
	case name == "MIGRATE" || name == "MOVE" || name == "OBJECT|HELP":
		return "it takes keys away from where a script can see them"
	}
	return ""
}

// integerReplies are the commands whose reply is an integer, or nothing: servers do not say that of themselves.
var integerReplies = strings.Fields(`
APPEND BITCOUNT BITOP BITPOS COPY DECR DECRBY DEL EXISTS EXPIRE EXPIREAT EXPIRETIME GEOADD GEOSEARCHSTORE GETBIT HDEL HEXISTS
HINCRBY HLEN HSET HSETNX HSTRLEN INCR INCRBY LINSERT LLEN LPOS LPUSH LPUSHX LREM MSETNX PERSIST PEXPIRE PEXPIREAT PEXPIRETIME
PFADD PFCOUNT PTTL PUBLISH RENAMENX RPUSH RPUSHX SADD SCARD SDIFFSTORE SETBIT SETNX SETRANGE SINTERCARD SINTERSTORE SISMEMBER
SMOVE SPUBLISH SREM STRLEN SUNIONSTORE TOUCH TTL UNLINK XACK XDEL XLEN XTRIM ZADD ZCARD ZCOUNT ZDIFFSTORE ZINTERCARD
ZINTERSTORE ZLEXCOUNT ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANK ZUNIONSTORE`)

// Command tells other tools what is known of a command: whether it writes, and whether a server that is out of memory
// refuses it (the flag deny-oom). ok is false for a command that the generator refuses.
func Command(name string) (writes, denyOOM, ok bool) {
	c, ok := commands[name]
	if !ok || c.why != "" {
		return false, false, false
	}
	return c.writes, c.denyOOM, true
}

// sandbox lists the globals that a script may read. Those of real Redis that are missing here are so on purpose: they
// give the script something that is not in its arguments, or hide what it calls from the checks.
var sandbox = []string{
	"ARGV", "KEYS", "assert", "bit", "cjson", "cmsgpack", "error", "ipairs", "math", "next", "pairs", "pcall", "rawequal",
	"rawget", "redis", "select", "string", "struct", "table", "tonumber", "tostring", "type", "unpack",
}

// redisAPI lists the functions of the table redis that a script may call, and redisConstants what else it may read.
var (
	redisAPI       = []string{"call", "error_reply", "log", "pcall", "sha1hex", "status_reply"}
	redisConstants = []string{"LOG_DEBUG", "LOG_NOTICE", "LOG_VERBOSE", "LOG_WARNING"}
)

func inSandbox(global string) bool { return slices.Contains(sandbox, global) }
