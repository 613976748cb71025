package gen

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// What follows refuses what the parser takes or reads in its own way, and the Lua 5.1 of a server does not.

var numeral = regexp.MustCompile(`^(?:0|[1-9]\d*|0[xX][0-9a-fA-F]{1,8}|(?:0|[1-9]\d*)?\.\d+|(?:0|[1-9]\d*)\.)$`)

// exponent is that of a decimal numeral.
var exponent = regexp.MustCompile(`^([\d.]+)[eE][+-]?\d{1,3}$`)

func (k *checker) checkTokens() {
	var last token
	inParams := false // between function and the ) of its parameters
	ended := true     // by last: there is no statement that a semicolon could end
	for _, t := range tokens(k.s.Source.Text) {
		refuse := func(code, remedy, format string, args ...any) {
			k.problems.add(k.s.Source.Position(t.line), code, remedy, format, args...)
		}
		switch {
		case t.kind == tokenSymbol && t.text == ";" && ended:
			refuse(ruleLua51, "delete it", "a semicolon that ends no statement")
		case separates(t) && (separates(last) || last.text == "{"):
			refuse(ruleLua51, "delete one", "%s behind %s", t.text, last.text)
		case t.kind == tokenName && strings.ContainsFunc(t.text, func(r rune) bool { return r >= 0x80 }):
			refuse(ruleLua51, "use letters, digits and underscores", "the name %s", t.text)
		case t.kind == tokenNumber:
			digits := t.text
			if m := exponent.FindStringSubmatch(digits); m != nil {
				digits = m[1]
			}
			if !numeral.MatchString(digits) {
				refuse(ruleLua51, "write it in plain decimals, without a leading zero, or as 0x and at most 8 digits",
					"the number %s", t.text)
			}
		case t.kind == tokenString && t.text[0] != '[':
			if bad := badEscape(t.text); bad != "" {
				refuse(ruleLua51, `write other bytes as \ and three digits up to 255`, "the escape %s is not Lua 5.1", bad)
			}
		case t.kind == tokenString && strings.HasPrefix(t.text, "[[") && strings.Contains(t.text[2:], "[["):
			refuse(ruleLua51, "write it as [=[ … ]=]", "a [[ inside of [[ … ]]")
		case t.text == "(" && t.newLine && (last.kind == tokenName || last.kind == tokenString || closes(last)):
			refuse(ruleLua51, "put it on the line before, or a semicolon between",
				"a ( that may call what is on the line before")
		}
		ended = t.text == ";" || enters(t) && t.kind == tokenKeyword || inParams && t.text == ")"
		inParams = t.text == "function" && t.kind == tokenKeyword || inParams && t.text != ")"
		last = t
	}
}

func separates(t token) bool { return t.kind == tokenSymbol && (t.text == "," || t.text == ";") }

// badEscape is the first escape of a quoted string that Lua 5.1 does not have, or "".
func badEscape(quoted string) string {
	for i := 0; i+1 < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		i++
		if !isDigit(quoted[i]) {
			if !strings.ContainsRune("abfnrtv\\\"'\n", rune(quoted[i])) {
				return quoted[i-1 : i+1]
			}
			continue
		}
		n := min(3, span(quoted[i:], isDigit))
		if code, _ := strconv.Atoi(quoted[i : i+n]); code > 255 {
			return quoted[i-1 : i+n]
		}
		i += n - 1
	}
	return ""
}

// nesting is where a statement stands.
type nesting struct {
	loop   bool // a break would leave one
	vararg bool
}

// checkBlock refuses a break outside of a loop, ... where there is none, and loops without end.
func (k *checker) checkBlock(stmts []ast.Stmt, in nesting) {
	for _, s := range stmts {
		if _, ok := s.(*ast.BreakStmt); ok && !in.loop {
			k.refuse(s, ruleLua51, "delete it", "a break outside of a loop")
		}
		k.checkLoop(s)
		inner := nesting{in.loop || isLoop(s), in.vararg}
		for _, block := range blocks(s) {
			k.checkBlock(block, inner)
		}
		for _, e := range expressions(s) {
			k.checkExpr(e, in)
		}
	}
}

func (k *checker) checkExpr(e ast.Expr, in nesting) {
	switch e := e.(type) {
	case nil:
		return
	case *ast.Comma3Expr:
		if !in.vararg {
			k.refuse(e, ruleLua51, "declare the function with ...", "... in a function that has none")
		}
	case *ast.FunctionExpr:
		k.checkBlock(e.Stmts, nesting{vararg: e.ParList.HasVargs})
		return
	}
	for _, child := range children(e) {
		k.checkExpr(child, in)
	}
}

// checkLoop refuses a loop that nothing ends: a script cannot be stopped once it has written.
func (k *checker) checkLoop(s ast.Stmt) {
	endless := false
	switch s := s.(type) {
	case *ast.WhileStmt:
		endless = isConstant(s.Condition, true)
	case *ast.RepeatStmt:
		endless = isConstant(s.Condition, false)
	case *ast.NumberForStmt:
		m, ok := k.member(s.Limit, "math")
		endless = ok && m == "huge"
	}
	if f := selfCall(s); f != "" {
		k.refuse(s, ruleLoop, "return before it under some condition", "a loop without end: %s always calls itself", f)
	}
	if endless && !leavesLoop(blocks(s)[0], true) {
		k.refuse(s, ruleLoop, "give it a bound, a break or a return", "a loop without end")
	}
}

// isConstant reports whether a condition is written as always true, or always false.
func isConstant(e ast.Expr, truth bool) bool {
	switch e := e.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr, *ast.TableExpr, *ast.FunctionExpr:
		return truth
	case *ast.FalseExpr, *ast.NilExpr:
		return !truth
	case *ast.UnaryNotOpExpr:
		return isConstant(e.Expr, !truth)
	}
	return false
}

// leavesLoop reports whether a block has a return, or a break of the loop that it is the body of.
func leavesLoop(stmts []ast.Stmt, body bool) bool {
	for _, s := range stmts {
		switch s.(type) {
		case *ast.ReturnStmt:
			return true
		case *ast.BreakStmt:
			if body {
				return true
			}
		}
		for _, block := range blocks(s) {
			if leavesLoop(block, body && !isLoop(s)) {
				return true
			}
		}
	}
	return false
}

func isLoop(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.WhileStmt, *ast.RepeatStmt, *ast.NumberForStmt, *ast.GenericForStmt:
		return true
	}
	return false
}

// blocks lists the blocks directly inside a statement, functions left out.
func blocks(s ast.Stmt) [][]ast.Stmt {
	switch s := s.(type) {
	case *ast.DoBlockStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.WhileStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.RepeatStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.IfStmt:
		return [][]ast.Stmt{s.Then, s.Else}
	case *ast.NumberForStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.GenericForStmt:
		return [][]ast.Stmt{s.Stmts}
	}
	return nil
}

// expressions lists the expressions directly inside a statement.
func expressions(s ast.Stmt) []ast.Expr {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return append(append([]ast.Expr{}, s.Lhs...), s.Rhs...)
	case *ast.LocalAssignStmt:
		return s.Exprs
	case *ast.FuncCallStmt:
		return []ast.Expr{s.Expr}
	case *ast.WhileStmt:
		return []ast.Expr{s.Condition}
	case *ast.RepeatStmt:
		return []ast.Expr{s.Condition}
	case *ast.IfStmt:
		return []ast.Expr{s.Condition}
	case *ast.NumberForStmt:
		return []ast.Expr{s.Init, s.Limit, s.Step}
	case *ast.GenericForStmt:
		return s.Exprs
	case *ast.FuncDefStmt:
		return []ast.Expr{s.Func}
	case *ast.ReturnStmt:
		return s.Exprs
	}
	return nil
}
