package gen

import (
	"fmt"
	"slices"
	"strings"
)

// The codes of the rules: each problem has that of the rule that it breaks.
const (
	ruleCommand  = "command"
	ruleKey      = "key"
	ruleArgument = "argument"
	ruleRequire  = "require"
	ruleReadonly = "readonly"
	ruleChannel  = "channel"
	ruleReply    = "reply"
	ruleError    = "error"
	ruleNumber   = "number"
	ruleGlobal   = "global"
	ruleLoop     = "loop"
	ruleLua51    = "lua51"
	ruleHeader   = "header"
	ruleInclude  = "include"
	ruleName     = "name"
	ruleText     = "text"
)

// Rule is why a kind of problem is refused. Bad and Good are parts of a script, of its header the lines that matter.
type Rule struct {
	Code   string
	What   string // what is refused
	Reason string
	Bad    string
	Good   string
}

// Rules lists the rules.
func Rules() []Rule { return slices.Clone(rules) }

// Explain finds a rule by its code.
func Explain(code string) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Code == strings.ToLower(code) })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// RulesTable is the rules as a table in Markdown, for the documentation.
func RulesTable() string {
	t := table{head: []string{"code", "what is refused", "why", "for example"}}
	for _, r := range rules {
		var bad []string
		for line := range strings.SplitSeq(visible(r.Bad), "\n") {
			bad = append(bad, code(line))
		}
		t.row(r.Code, r.What, strings.ReplaceAll(r.Reason, "\n", " "), strings.Join(bad, "<br>"))
	}
	return t.String()
}

// String is a rule as a terminal shows it.
func (r Rule) String() string {
	indent := func(text string) string { return "    " + strings.ReplaceAll(visible(text), "\n", "\n    ") }
	return fmt.Sprintf("%s: %s\n\n%s\n\nRefused:\n\n%s\n\nAccepted:\n\n%s\n", r.Code, r.What, r.Reason,
		indent(r.Bad), indent(r.Good))
}

// visible shows the character that cannot be seen.
func visible(text string) string { return strings.ReplaceAll(text, "\x00", "␀") }

var rules = []Rule{
	{
		ruleCommand, "a command that not every server has, that waits, that is about the server, or that cannot be seen",
		`It fails on some server, or hides from the checks and from the rule of an ACL what the script does. What is known of
commands is what Redis 7.0, Redis 8.0 and Valkey 9.1 say of them.`,
		`redis.call('KEYS', '*')`,
		`redis.call('STRLEN', KEYS[1])`,
	},
	{
		ruleKey, "a key that the header does not declare, that is of another type, or that is made by the script",
		`A cluster routes a call, and an ACL grants it, by the declared keys. A key that a script makes works on a single
server, and fails there. A key may go through locals, parameters of local functions,
and ipairs or unpack of any number of keys.`,
		`redis.call('GET', 'user:1')`,
		"---@key total counter `{name}`\nredis.call('GET', KEYS[1])",
	},
	{
		ruleArgument, "ARGV that nothing has checked; a range, a default or an order of arguments that cannot be",
		`A script that fails half-way is not rolled back, so arguments are checked before anything is written, by code that
is made of the header in the place of ---@arguments. It makes a local of each.`,
		`redis.call('EXPIRE', KEYS[1], ARGV[1])`,
		"---@arg seconds integer 1..3600\n---@error BADARG an argument is wrong\n---@arguments\n" +
			"redis.call('EXPIRE', total, seconds)",
	},
	{
		ruleRequire, "a condition on arguments that are not there, that always have a value, or that none can meet",
		`The checks are made of it: they would never refuse anything, or everything.`,
		"---@arg by integer 1..9\n---@error BADARG an argument is wrong\n---@require by when channel\n---@arguments",
		"---@arg by integer 0..9 = 0\n---@arg channel string 0..9 bytes = \"\"\n---@error BADARG an argument is wrong\n" +
			"---@require by when channel\n---@arguments",
	},
	{
		ruleReadonly, "a script with @readonly that writes or publishes",
		`EVALSHA_RO refuses it at run time, after what it did until then.`,
		"---@readonly\nredis.call('INCR', KEYS[1])",
		"---@readonly\nredis.call('GET', KEYS[1])",
	},
	{
		ruleChannel, "PUBLISH outside of the declared channels",
		`An ACL grants channels by patterns, which are made of the header.`,
		`redis.call('PUBLISH', 'jobs:new', '1')`,
		"---@publish jobs:*\nredis.call('PUBLISH', 'jobs:new', '1')",
	},
	{
		ruleReply, "a reply of another form than the header says, or that a server cuts off or changes on its way",
		`Bindings are made of the declared replies. A server ends an array at its first nil, cuts the fraction of a number
off, drops named fields, and makes 1 of true and nil of false.`,
		"---@return float\nreturn 0.5",
		"---@return float\nreturn string.format('%.17g', 0.5)",
	},
	{
		ruleError, "an error that does not begin with a declared code, as a literal; a declared one that is never made",
		`Callers tell errors apart by their codes.`,
		`if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('no such item') end`,
		"---@error ENOITEM there is none\n" +
			`if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('ENOITEM no such item') end`,
	},
	{
		ruleNumber, ".. and tostring of numbers that may be 1e15 or more",
		`Lua 5.1 prints 14 digits, and so makes 1e+15 of 1000000000000000.`,
		`local t = redis.call('TIME')
redis.call('SET', KEYS[1], 'at ' .. t[1] * 1000000)`,
		`local t = redis.call('TIME')
redis.call('SET', KEYS[1], 'at ' .. string.format('%.0f', t[1] * 1000000))`,
	},
	{
		ruleGlobal, "a global that is written, or that servers do not have; what changes a library for every script",
		`Servers refuse it at run time, or keep the change for all scripts. Others (load, setfenv) hide what runs.`,
		`n = 1`,
		`local n = 1`,
	},
	{
		ruleLoop, "a loop, or a function that calls itself, without an end",
		`A script cannot be stopped once it has written, and nothing else runs meanwhile.`,
		`while true do redis.call('GET', KEYS[1]) end`,
		`for i = 1, 10 do redis.call('GET', KEYS[1]) end`,
	},
	{
		ruleLua51, "what is not Lua 5.1 as servers read it",
		`No server loads it, or each reads it in its own way. luagen verify asks servers as well.`,
		`local s = '\x41'`,
		`local s = '\065'`,
	},
	{
		ruleHeader, "a tag that is malformed, missing, unknown, doubled or out of place",
		`Bindings, tables and rules of ACLs are made of the header. The script's name and version are those of its file.`,
		"---@param by integer",
		"---@return integer, the new total",
	},
	{
		ruleInclude, "a fragment that is not there, that nothing includes, or that is included twice or in a circle",
		`It stands where its tag is, once: so its locals are declared once.`,
		`---@include nothing`,
		"-- include/clock.lua is there\nlocal now = redis.call('TIME')",
	},
	{
		ruleName, "two things of one name, or a name that a binding or the checks need",
		`One of them would hide the other, or the bindings would not compile.`,
		"---@arg end integer 1..9\n---@error BADARG an argument is wrong\n---@arguments",
		"---@arg last integer 1..9\n---@error BADARG an argument is wrong\n---@arguments",
	},
	{
		ruleText, "text that is not UTF-8, has carriage returns or NUL, or does not end with a newline",
		`It would change between editors and systems, and with it the SHA1 of the script.`,
		"local s = 'a\x00b'",
		`local s = 'a\000b'`,
	},
}
