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
			k.refuse(id, "call redis.call and its like where they are needed", "the table redis as a value")
			continue
		}
		name, _ := k.member(attr, "redis")
		switch {
		case !slices.Contains(redisAPI, name):
			k.refuse(attr, "use redis."+strings.Join(redisAPI, ", redis."), "redis.%s is not allowed", orWord(name, "[…]"))
		case !called[attr]:
			k.refuse(attr, "call it directly, so that its command can be seen", "redis.%s as a value", name)
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
		k.refuse(call, "write the command as a string in place", "a command that is not a literal")
		return
	}
	c, ok := commands[name]
	if k.s.ReadOnly && (c.writes || name == "PUBLISH") {
		k.refuse(call, "delete the tag @readonly, or the call", "%s in a script that is read-only", name)
	}
	if !ok {
		remedy := "use another, or add it to the table in the generator"
		if _, lower := commands[strings.ToUpper(name)]; lower {
			remedy = "write " + strings.ToUpper(name)
		}
		k.refuse(call, remedy, "the command %s is not in the allow-list", name)
		return
	}
	if i, found := slices.BinarySearch(k.s.Commands, name); !found {
		k.s.Commands = slices.Insert(k.s.Commands, i, name)
	}
	k.checkArity(call, name, c.arity)
	keys := call.Args[1:]
	need := 1
	switch c.keys {
	case noKey:
		return
	case firstKey:
		keys = keys[:min(1, len(keys))]
	case firstTwoKeys:
		keys, need = keys[:min(2, len(keys))], 2
	}
	if len(keys) < need {
		k.refuse(call, "give it", "%s without its key", name)
	}
	for _, key := range keys {
		if sym := k.symbolOf(key); sym == nil || sym.key == 0 {
			k.refuse(key, "pass a local that is KEYS[i] itself", "a key of %s that does not come from KEYS", name)
		} else if sym.key <= len(k.s.Keys) && !k.s.Keys[sym.key-1].holds(c.data) {
			key := k.s.Keys[sym.key-1]
			k.refuse(call, "use a command of that type, or declare another", "%s on the key %s, which is a %s",
				name, key.Name, key.Type)
		}
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
		k.refuse(call, "see its documentation", "%s with %d arguments", name, words-1)
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
		if name, ok := k.redisCall(call); ok && name == "PUBLISH" && len(call.Args) > 1 {
			k.checkChannel(call.Args[1])
		}
	}
	_, publishes := slices.BinarySearch(k.s.Commands, "PUBLISH")
	switch declared := len(k.s.Publishes) > 0; {
	case publishes && !declared:
		top := Position{k.s.File, 1}
		k.problems.add(top, "declare the channels: ---@publish pattern", "PUBLISH without a declared @publish")
	case !publishes && declared:
		k.refuseHeader(k.s.Publishes[0].line, "delete the tag", "@publish in a script that does not call PUBLISH")
	}
}

// checkChannel refuses a channel of which as much is written out as shows that it is in no declared pattern.
func (k *checker) checkChannel(channel ast.Expr) {
	text, whole := k.leadingText(channel)
	declared := func(p Publish) bool { return mayMatch(p.Pattern, text, whole) }
	if len(k.s.Publishes) == 0 || slices.ContainsFunc(k.s.Publishes, declared) {
		return
	}
	k.refuse(channel, "declare it: ---@publish pattern", "PUBLISH on %s, which is in no declared pattern",
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
