package gen

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// checker holds a script's code against its header.
type checker struct {
	*chunk
	s        *Script
	problems *Problems
}

func check(s *Script, c *chunk, problems *Problems) {
	k := &checker{c, s, problems}
	k.checkArguments()
	k.checkKeysAndArgs()
	k.checkGlobals()
	k.checkLibraries()
	k.checkRedis()
	k.checkReturns()
	k.checkErrors()
	k.checkNumbers()
	k.checkJumps()
	k.checkTokens()
	k.checkBlock(c.body, nesting{vararg: true})
}

// refuse adds a problem at a node's line.
func (k *checker) refuse(at ast.PositionHolder, code, remedy, format string, args ...any) {
	k.problems.add(k.s.Source.Position(at.Line()), code, remedy, format, args...)
}

// refuseHeader adds a problem at a line of the header, which is the same in the source.
func (k *checker) refuseHeader(line int, code, remedy, format string, args ...any) {
	k.problems.add(Position{k.s.File, line}, code, remedy, format, args...)
}

// checkJumps refuses goto, which the parser takes and the Lua 5.1 of a server does not.
func (k *checker) checkJumps() {
	for _, s := range k.jumps {
		k.refuse(s, ruleLua51, "use a loop or a function", "goto is not Lua 5.1")
	}
}

// checkArguments wants the generated checks to run in every call, before anything is written.
func (k *checker) checkArguments() {
	at := k.s.arguments
	if at == 0 {
		return
	}
	if !slices.ContainsFunc(k.body, func(s ast.Stmt) bool { return s.Line() == at }) {
		k.problems.add(k.s.Source.Position(at), ruleArgument, "move it out of the block or function",
			argumentsTag+" is not always run")
	}
	for _, call := range k.calls {
		if name, ok := k.redisCall(call); ok && call.Line() < at {
			k.refuse(call, ruleArgument, "call it below "+argumentsTag, "%s before the arguments are checked", orWord(name,
				"a command"))
		}
	}
	for _, local := range k.locals {
		for _, name := range local.Names {
			if (name == "string" || name == "tonumber") && local.Line() < at {
				k.refuse(local, ruleName, "rename it", "a local %s, which the generated checks need", name)
			}
		}
	}
}
