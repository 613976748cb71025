package gen

import (
	"slices"
	"strings"
)

// Rule is why a kind of problem is refused.
type Rule struct {
	Code   string
	Reason string
	Good   string // a few lines that are accepted

	formats []string // what the messages of its problems have in them
}

// Rules lists the rules by their codes.
func Rules() []Rule { return slices.Clone(rules) }

// Explain finds a rule by its code.
func Explain(code string) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Code == strings.ToLower(code) })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// codeOf is the code of the rule that a message belongs to.
func codeOf(format string) string {
	for _, r := range rules {
		if slices.ContainsFunc(r.formats, func(f string) bool { return strings.Contains(format, f) }) {
			return r.Code
		}
	}
	return "header"
}

// rules are in the order in which a message is looked for. What is in none is about the header.
var rules = []Rule{
	{"command", `A server has to have the command, allow it in scripts, and find its keys in its arguments; it must not
wait, and
not be about the server. The table is what Redis 7.0, Redis 8.0 and Valkey 9.1 say of their commands. Its name is a string
in place, so that the rule of an ACL and the checks can be made from it.`,
		"redis.call('HSET', key, 'field', value)",
		[]string{
			"command", "%s with %d arguments", "with a subcommand", "that waits", "redis.%s", "the table redis",
			"%s in a script that is read-only",
		}},
	{"key", `Every key that a script touches is one of KEYS and declared in its header. A cluster routes a call by its
keys, and an
ACL grants it by them: a key that a script makes by itself works in tests, and fails there. A key may be passed through
locals, parameters of local functions, and ipairs or unpack of keys of which there may be any number.`,
		"---@key jobs list `{name}`\n---@key done set companion `:done`\nredis.call('LPUSH', KEYS[1], 'x')",
		[]string{
			"KEYS", "a key of %s", "on the key %s", "without its key", "keys cannot be counted", "key", "companion",
		}},
	{"argument", `Arguments are declared with their ranges, and checked by code that is generated in the place of
---@arguments, before
anything is written: a script that fails half-way is not rolled back. So ARGV is read through the locals that it makes.`,
		"---@arg limit integer 1..1000\n---@error BADARG an argument is wrong\n---@arguments\nreturn limit",
		[]string{"ARGV", "argument", "@arguments", "range", "default", "@require", "any number of %s"}},
	{"channel", "The channels that a script publishes on are declared: an ACL grants them.",
		"---@publish jobs:*\nredis.call('PUBLISH', 'jobs:new', id)", []string{"PUBLISH", "@publish"}},
	{"reply", `Bindings are made of the declared replies. A server ends an array at its first nil, cuts the fraction of a
number
off, drops the named fields of a table, and makes 1 of true and nil of false: what would come out differently is refused.`,
		"---@return integer?\nif n then return n end\nreturn false",
		[]string{"reply", "return", "the field %s", "%s is a number", "%s is %s, declared", "fraction", "a nil in"}},
	{"error", `An error begins with a code of the header, as a literal, so that callers can tell one from another.`,
		"---@error ENOITEM there is none\nreturn redis.error_reply('ENOITEM no such item')", []string{"error"}},
	{"number", `Lua 5.1 prints numbers with 14 digits, so that concatenation and tostring turn 1000000000000000 into 1e+15.`,
		"string.format('%.0f', n)", []string{"number"}},
	{"global", `A server refuses to set a global, and to read one that is not there, at run time. The rest would hide
commands from
the checks, or make a script depend on more than its keys and arguments.`,
		"local n = 1", []string{"global"}},
	{"loop", "A script cannot be stopped once it has written: a loop needs an end.", "for i = 1, 10 do … end",
		[]string{"loop"}},
	{"lua51", `The code has to be Lua 5.1 as servers read it. luagen verify asks a server as well.`, "",
		[]string{"goto", "escape", "semicolon", "break", "[[", "behind %s", "... in a", "a (", "the name %s"}},
	{"header", `The block of --- lines at the head of a script says what bindings, tables and rules of ACLs are made of:
its name and
version, which are those of the file, and each tag in its form. The documentation of the generator lists them.`,
		"---@script counter.add\n---@version 1\n---Add to a counter.", nil},
}
