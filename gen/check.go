package gen

import "github.com/yuin/gopher-lua/ast"

// checker holds a script's code against its header.
type checker struct {
	*chunk
	s        *Script
	problems *Problems
}

func check(s *Script, c *chunk, problems *Problems) {
	k := &checker{c, s, problems}
	k.checkKeysAndArgs()
	k.checkGlobals()
	k.checkRedis()
	k.checkReturns()
	k.checkErrors()
	k.checkNumbers()
	k.checkJumps()
}

// refuse adds a problem at a node's line.
func (k *checker) refuse(at ast.PositionHolder, remedy, format string, args ...any) {
	k.problems.add(k.s.Source.Position(at.Line()), remedy, format, args...)
}

// refuseHeader adds a problem at a line of the header, which is the same in the source.
func (k *checker) refuseHeader(line int, remedy, format string, args ...any) {
	k.problems.add(Position{k.s.File, line}, remedy, format, args...)
}

// checkGlobals refuses the globals that real servers do not have or that hide something, and every write to one: real
// servers refuse it at run time.
func (k *checker) checkGlobals() {
	written := map[ast.Expr]bool{}
	for _, target := range k.writes {
		written[target] = true
	}
	for _, id := range k.idents {
		if k.names[id] == nil && !inSandbox(id.Value) && !written[id] {
			k.refuse(id, "declare it local, before its first use", "%s is a global", id.Value)
		}
	}
	for _, target := range k.writes {
		root := target
		for {
			attr, ok := root.(*ast.AttrGetExpr)
			if !ok {
				break
			}
			root = attr.Object
		}
		if id, ok := root.(*ast.IdentExpr); ok && k.names[id] == nil {
			k.refuse(target, "make it local", "write to the global %s", id.Value)
		}
	}
}

// checkJumps refuses goto, which the parser takes and the Lua 5.1 of a server does not.
func (k *checker) checkJumps() {
	for _, s := range k.jumps {
		k.refuse(s, "use a loop or a function", "goto is not Lua 5.1")
	}
}
