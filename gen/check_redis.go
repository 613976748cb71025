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
		}
	}
}

func (k *checker) checkPublish() {
	_, publishes := slices.BinarySearch(k.s.Commands, "PUBLISH")
	switch declared := len(k.s.Publishes) > 0; {
	case publishes && !declared:
		top := Position{k.s.File, 1}
		k.problems.add(top, "declare the channels: ---@publish pattern", "PUBLISH without a declared @publish")
	case !publishes && declared:
		k.refuseHeader(k.s.Publishes[0].line, "delete the tag", "@publish in a script that does not call PUBLISH")
	}
}
