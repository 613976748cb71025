package gen

import (
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// outside are the globals of Lua 5.1 that the sandbox lacks: servers have none of them, or they reach beyond the script.
var outside = strings.Fields(`_G collectgarbage coroutine debug dofile gcinfo getfenv getmetatable io load loadfile
	loadstring module newproxy os package print rawset require setfenv setmetatable xpcall`)

// checkGlobals refuses the globals that real servers do not have or that hide something, and every write to one: real
// servers refuse it at run time, or keep it for all scripts.
func (k *checker) checkGlobals() {
	written := map[ast.Expr]bool{}
	for _, target := range k.writes {
		written[target] = true
	}
	for _, id := range k.idents {
		switch {
		case k.names[id] != nil || inSandbox(id.Value) || written[id]:
		case slices.Contains(outside, id.Value):
			k.refuse(id, ruleGlobal, "use keys, arguments, redis.call and the libraries of strings, tables and numbers",
				"the global %s, which reaches outside of the script", id.Value)
		default:
			k.refuse(id, ruleGlobal, "declare it local, before its first use", "%s is a global", id.Value)
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
		id, ok := root.(*ast.IdentExpr)
		switch {
		case !ok:
		case k.names[id] == nil:
			k.refuse(target, ruleGlobal, "make it local", "write to the global %s", id.Value)
		case root != target && k.globalBehind(id) != "":
			k.refuse(target, ruleGlobal, "write to a table of your own", "write to the global %s", k.globalBehind(id))
		}
	}
}

// globalBehind is the global that a local is another name of, or "".
func (k *checker) globalBehind(id *ast.IdentExpr) string {
	for _, v := range k.names[id].values {
		if of, ok := v.expr.(*ast.IdentExpr); ok && k.names[of] == nil {
			return of.Value
		}
	}
	return ""
}

// checkLibraries refuses the members of libraries that change them for every script of the server, or that hide code.
func (k *checker) checkLibraries() {
	for _, attr := range k.attrs {
		if m, ok := k.member(attr, "cjson"); ok && (strings.HasPrefix(m, "encode_") || strings.HasPrefix(m, "decode_")) &&
			m != "decode_array_mt" {
			k.refuse(attr, ruleGlobal, "write the values so that the defaults do",
				"the global cjson.%s, a setting of every script of the server", m)
		}
		if m, ok := k.member(attr, "string"); ok && m == "dump" {
			k.refuse(attr, ruleGlobal, "call the function", "the global string.dump, whose bytes no server loads")
		}
	}
}

// selfCall is the name of a local function that a statement declares and that calls itself in every call, or "".
func selfCall(s ast.Stmt) string {
	local, ok := s.(*ast.LocalAssignStmt)
	if !ok || len(local.Exprs) != 1 || len(local.Names) != 1 || s.LastLine() == 0 {
		return ""
	}
	f, ok := local.Exprs[0].(*ast.FunctionExpr)
	if !ok || slices.Contains(f.ParList.Names, local.Names[0]) {
		return ""
	}
	for _, in := range f.Stmts {
		for _, e := range expressions(in) {
			if call, ok := e.(*ast.FuncCallExpr); ok && callsName(call, local.Names[0]) {
				return local.Names[0]
			}
		}
		if leavesLoop([]ast.Stmt{in}, false) || mayThrow([]ast.Stmt{in}) {
			return "" // it may end before it calls itself
		}
		if other, ok := in.(*ast.LocalAssignStmt); ok && slices.Contains(other.Names, local.Names[0]) {
			return "" // another of that name
		}
	}
	return ""
}

// mayThrow reports whether a block has a statement that calls error or assert.
func mayThrow(stmts []ast.Stmt) bool {
	return slices.ContainsFunc(stmts, func(s ast.Stmt) bool {
		if call, ok := s.(*ast.FuncCallStmt); ok {
			f, ok := call.Expr.(*ast.FuncCallExpr)
			return ok && (callsName(f, "error") || callsName(f, "assert"))
		}
		return slices.ContainsFunc(blocks(s), mayThrow)
	})
}

func callsName(call *ast.FuncCallExpr, name string) bool {
	id, ok := call.Func.(*ast.IdentExpr)
	return ok && id.Value == name
}
