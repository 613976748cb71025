package gen

import (
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// maxPrinted is the least number that Lua 5.1 prints with an exponent, which then is not the number any more: it prints
// 14 digits. Script engines in Go print more, so no test of theirs would show it.
const maxPrinted = 1e15

// checkNumbers refuses to make text of what may be a large number by .. or tostring. What it knows nothing of (a
// parameter, an element of a table) it lets pass.
func (k *checker) checkNumbers() {
	const remedy = "use string.format('%.0f', n), or %d below 2^31"
	for _, e := range k.concats {
		for _, operand := range []ast.Expr{e.Lhs, e.Rhs} {
			if k.isNumber(value{operand, 0}, nil) {
				k.refuse(operand, ruleNumber, remedy, ".. on a number, which prints an exponent from 1e15 on")
			}
		}
	}
	for _, call := range k.calls {
		if k.isGlobal(call.Func, "tostring") && len(call.Args) > 0 && k.isNumber(value{call.Args[0], 0}, nil) {
			k.refuse(call, ruleNumber, remedy, "tostring of a number, which prints an exponent from 1e15 on")
		}
	}
}

// isNumber reports whether a value may be a number too large to print. open holds the symbols and functions under way.
func (k *checker) isNumber(v value, open []any) bool {
	switch e := v.expr.(type) {
	case *ast.NumberExpr:
		n, err := strconv.ParseFloat(e.Value, 64)
		return err != nil || n >= maxPrinted
	case *ast.ArithmeticOpExpr, *ast.UnaryMinusOpExpr:
		return true
	case *ast.LogicalOpExpr:
		// `a and b` is a only when that is nil or false.
		return k.isNumber(value{e.Rhs, 0}, open) || e.Operator == "or" && k.isNumber(value{e.Lhs, 0}, open)
	case *ast.IdentExpr:
		sym := k.names[e]
		if sym == nil || slices.Contains(open, any(sym)) {
			return false
		}
		open = append(open[:len(open):len(open)], sym)
		return slices.ContainsFunc(sym.values, func(v value) bool { return k.isNumber(v, open) })
	case *ast.FuncCallExpr:
		return k.callsNumber(e, v.index, open)
	}
	return false
}

// callsNumber reports whether the result of a call at index may be such a number.
func (k *checker) callsNumber(call *ast.FuncCallExpr, index int, open []any) bool {
	if name, ok := k.redisCall(call); ok {
		return commands[name].number
	}
	if _, ok := k.member(call.Func, "math"); ok || k.isGlobal(call.Func, "tonumber") {
		return index == 0
	}
	sym := k.symbolOf(call.Func)
	if sym == nil {
		return false
	}
	for _, v := range sym.values {
		f, ok := v.expr.(*ast.FunctionExpr)
		if !ok || slices.Contains(open, any(f)) {
			continue
		}
		inner := append(slices.Clone(open), f)
		for _, r := range functionReturns(f.Stmts) {
			for _, result := range valueAt(r.Exprs, index) {
				if k.isNumber(result, inner) {
					return true
				}
			}
		}
	}
	return false
}

// functionReturns lists the returns of a function's body, those of functions inside it left out.
func functionReturns(stmts []ast.Stmt) []*ast.ReturnStmt {
	var list []*ast.ReturnStmt
	for _, s := range stmts {
		if r, ok := s.(*ast.ReturnStmt); ok {
			list = append(list, r)
		}
		for _, block := range blocks(s) {
			list = append(list, functionReturns(block)...)
		}
	}
	return list
}
