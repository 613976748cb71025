package gen

import (
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// checkRedis checks every use of the table redis, and fills the script's list of commands.
func (k *checker) checkRedis() {
	members := map[ast.Expr]*ast.AttrGetExpr{}
	for _, attr := range k.attrs {
		members[attr.Object] = attr
	}
	called := map[ast.Expr]bool{}
	for _, call := range k.calls {
		called[call.Func] = true
	}
	for _, id := range k.idents {
		if !k.isGlobal(id, "redis") {
			continue
		}
		attr := members[id]
		if attr == nil {
			k.refuse(id, ruleCommand, "call redis.call and its like where they are needed", "the table redis as a value")
			continue
		}
		name, _ := k.member(attr, "redis")
		switch {
		case slices.Contains(redisConstants, name):
		case !slices.Contains(redisAPI, name):
			k.refuse(attr, ruleCommand, "use redis."+strings.Join(redisAPI, ", redis."), "redis.%s is not allowed",
				orWord(name, "[…]"))
		case !called[attr] && !k.isAlias(attr):
			k.refuse(attr, ruleCommand, "call it directly, so that its command can be seen", "redis.%s as a value", name)
		}
	}
	for _, id := range k.idents {
		if m, ok := k.member(k.aliased(id), "redis"); ok && !called[id] && slices.Contains(redisAPI, m) {
			k.refuse(id, ruleCommand, "call it directly, so that its command can be seen",
				"%s, which is redis.%s, as a value", id.Value, m)
		}
	}
	for _, call := range k.calls {
		if name, ok := k.redisCall(call); ok {
			k.checkCommand(call, name)
		}
	}
	k.checkPublish()
}

func orWord(word, none string) string {
	if word == "" {
		return none
	}
	return word
}

func (k *checker) checkCommand(call *ast.FuncCallExpr, name string) {
	if name == "" {
		k.refuse(call, ruleCommand, "write the command as a string in place", "a command that is not a literal")
		return
	}
	c, ok := commands[name]
	whole := name
	if ok && c.parent {
		if whole, ok = k.subcommand(call, name); whole == "" {
			k.refuse(call, ruleCommand, "write the subcommand as a string in place",
				"%s with a subcommand that is not a literal", name)
			return
		}
		c = commands[whole]
	}
	if k.s.ReadOnly && (c.writes || name == "PUBLISH" || name == "SPUBLISH") {
		k.refuse(call, ruleReadonly, "delete the tag @readonly, or the call", "%s in a script that is read-only", name)
	}
	switch {
	case !ok:
		k.refuse(call, ruleCommand, "use a command that Redis 7.0, Redis 8.0 and Valkey 9.1 all have",
			"the command %s is not on every server",
			whole)
		return
	case c.why != "":
		k.refuse(call, ruleCommand, "use another", "the command %s is refused: %s", whole, c.why)
		return
	}
	if i, found := slices.BinarySearch(k.s.Commands, whole); !found {
		k.s.Commands = slices.Insert(k.s.Commands, i, whole)
	}
	k.checkArity(call, name, c.arity)
	for _, word := range []string{"STREAMS", "BLOCK"} {
		if (name == "XREAD" || name == "XREADGROUP") && (k.literalAt(call, word) < 0) == (word == "STREAMS") {
			k.refuse(call, ruleCommand, "write it with STREAMS in place and without BLOCK",
				"%s that waits, or whose keys cannot be seen", name)
			return
		}
	}
	keys, ok := k.keyWords(call, c)
	if !ok {
		k.refuse(call, ruleKey, "write the number of keys in place, or pass all of them",
			"%s whose keys cannot be counted", name)
	}
	if len(keys) == 0 && len(c.keys) > 0 && ok {
		k.refuse(call, ruleKey, "give it", "%s without its key", name)
	}
	for _, key := range keys {
		k.checkKey(call, key, name, c.data)
	}
}

// holds reports whether a key has the type of data that a command is for.
func (k Key) holds(data string) bool {
	return data == "" || data == k.Type || data == "string" && k.Type == "counter"
}

// checkArity holds the number of arguments against the command's. Where the last one is a call or ..., it may be any number.
func (k *checker) checkArity(call *ast.FuncCallExpr, name string, arity int) {
	words := len(call.Args)
	if words > 1 && k.mayBeMany(call.Args[words-1]) {
		if arity < 0 || words-1 <= arity {
			return
		}
	}
	if words < max(arity, -arity) || arity > 0 && words > arity {
		k.refuse(call, ruleCommand, "see its documentation", "%s with %d arguments", name, words-1)
	}
}

// mayBeMany reports whether an expression at the end of a list may give any number of values.
func (k *checker) mayBeMany(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Comma3Expr:
		return !e.AdjustRet
	case *ast.FuncCallExpr:
		_, one := k.redisCall(e)
		return !one && !e.AdjustRet
	}
	return false
}

func (k *checker) checkPublish() {
	for _, call := range k.calls {
		if name, ok := k.redisCall(call); ok && (name == "PUBLISH" || name == "SPUBLISH") && len(call.Args) > 1 {
			k.checkChannel(call.Args[1])
		}
	}
	publishes := slices.Contains(k.s.Commands, "PUBLISH") || slices.Contains(k.s.Commands, "SPUBLISH")
	switch declared := len(k.s.Publishes) > 0; {
	case publishes && !declared:
		top := Position{k.s.File, 1}
		k.problems.add(top, ruleChannel, "declare the channels: ---@publish pattern", "PUBLISH without a declared @publish")
	case !publishes && declared:
		k.refuseHeader(k.s.Publishes[0].line, ruleChannel, "delete the tag",
			"@publish in a script that does not call PUBLISH")
	}
}

// checkChannel refuses a channel of which as much is written out as shows that it is in no declared pattern.
func (k *checker) checkChannel(channel ast.Expr) {
	text, whole := k.leadingText(channel)
	declared := func(p Publish) bool { return mayMatch(p.Pattern, text, whole) }
	if len(k.s.Publishes) == 0 || slices.ContainsFunc(k.s.Publishes, declared) {
		return
	}
	k.refuse(channel, ruleChannel, "declare it: ---@publish pattern", "PUBLISH on %s, which is in no declared pattern",
		text+map[bool]string{false: "…"}[whole])
}

// mayMatch reports whether a text matches a pattern of Redis, or may when more follows. What it does not understand ([…],
// backslashes) may.
func mayMatch(pattern, text string, whole bool) bool {
	for i := range len(pattern) {
		switch {
		case pattern[i] == '[' || pattern[i] == '\\':
			return true
		case pattern[i] == '*' && !whole:
			return true
		case pattern[i] == '*':
			for j := range len(text) + 1 {
				if mayMatch(pattern[i+1:], text[j:], true) {
					return true
				}
			}
			return false
		case text == "":
			return !whole
		case pattern[i] != '?' && pattern[i] != text[0]:
			return false
		}
		text = text[1:]
	}
	return text == ""
}
