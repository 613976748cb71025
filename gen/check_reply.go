package gen

import (
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// checkReturns holds the script's own returns against its declared replies.
func (k *checker) checkReturns() {
	if k.s.Return != nil {
		k.checkUntagged()
		return
	}
	returned := map[string]bool{}
	for _, r := range k.returns {
		if len(r.Exprs) != 1 {
			remedy := "return one table, one error_reply or one local that holds an error"
			k.refuse(r, ruleReply, remedy, "return of %d values", len(r.Exprs))
			continue
		}
		switch e := r.Exprs[0].(type) {
		case *ast.TableExpr:
			if errorText(e) != nil {
				continue
			}
			if tag := k.checkTagged(r, e); tag != "" {
				returned[tag] = true
			}
			continue
		case *ast.IdentExpr:
			if k.names[e] != nil {
				continue
			}
		case *ast.FuncCallExpr:
			if m, _ := k.member(e.Func, "redis"); m == "error_reply" {
				continue
			}
		}
		k.refuse(r, ruleReply,
			"return {'TAG', …}, redis.error_reply(…) or a local that holds an error; or declare @return, for a "+
				"reply without a tag",
			"return of something else")
	}
	for _, reply := range k.s.Replies {
		if !returned[reply.Tag] {
			k.refuseHeader(reply.line, ruleReply, "return it or delete the tag", "the reply %s is never returned", reply.Tag)
		}
	}
	if !returnsAlways(k.body) {
		end := k.s.Source.Position(len(k.s.Source.Lines))
		k.problems.add(end, ruleReply, "end it with a return", "the end can be reached without a return, which answers nil")
	}
}

// checkTagged checks return {'TAG', …} and gives its tag.
func (k *checker) checkTagged(r *ast.ReturnStmt, table *ast.TableExpr) string {
	for _, f := range table.Fields {
		if f.Key != nil {
			k.refuse(r, ruleReply, "list the values alone", "a reply with named fields")
			return ""
		}
		if _, ok := f.Value.(*ast.Comma3Expr); ok {
			k.refuse(r, ruleReply, "list the values", "... in a reply")
		}
	}
	if len(table.Fields) == 0 {
		k.refuse(r, ruleReply, "begin it with a declared tag", "an empty reply")
		return ""
	}
	tag, ok := table.Fields[0].Value.(*ast.StringExpr)
	if !ok {
		k.refuse(r, ruleReply, "begin it with a declared tag", "a reply whose tag is not a literal")
		return ""
	}
	at := slices.IndexFunc(k.s.Replies, func(d Reply) bool { return d.Tag == tag.Value })
	if at < 0 {
		k.refuse(r, ruleReply, "declare it: ---@reply "+tag.Value+" …", "the reply %s is not declared", tag.Value)
		return ""
	}
	if got, want := len(table.Fields)-1, len(k.s.Replies[at].Fields); got != want {
		k.refuse(r, ruleReply, "return what the header declares",
			"the reply %s has %d fields, the header declares %d", tag.Value, got, want)
	} else {
		k.checkFields(table.Fields[1:], k.s.Replies[at])
	}
	return tag.Value
}

// returnsAlways reports whether a block cannot be left at its end.
func returnsAlways(stmts []ast.Stmt) bool {
	if len(stmts) == 0 {
		return false
	}
	switch s := stmts[len(stmts)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.DoBlockStmt:
		return returnsAlways(s.Stmts)
	case *ast.IfStmt:
		return returnsAlways(s.Then) && returnsAlways(s.Else)
	}
	return false
}

// checkErrors holds the errors that the script makes against the declared codes, and refuses error with a table:
// without a field err it crashes some servers.
func (k *checker) checkErrors() {
	made := map[string]bool{}
	for _, call := range k.calls {
		if m, _ := k.member(call.Func, "redis"); m == "error_reply" {
			made[k.checkErrorText(call, call.Args)] = true
		}
		if k.isGlobal(call.Func, "error") && len(call.Args) > 0 && k.isTable(call.Args[0]) {
			k.refuse(call, ruleError, "return redis.error_reply('CODE text')",
				"error with a table, which crashes some servers")
		}
	}
	for _, table := range k.tables {
		if text := errorText(table); text != nil {
			made[k.checkErrorText(table, []ast.Expr{text})] = true
		}
	}
	for _, e := range k.s.Errors {
		if !made[e.Code] {
			k.refuseHeader(e.line, ruleError, "make it with redis.error_reply or delete the tag",
				"the error %s is never made", e.Code)
		}
	}
}

// errorText is the text of {err = text}, or nil for another table.
func errorText(table *ast.TableExpr) ast.Expr {
	for _, f := range table.Fields {
		if key, ok := f.Key.(*ast.StringExpr); ok && key.Value == "err" && len(table.Fields) == 1 {
			return f.Value
		}
	}
	return nil
}

// checkErrorText gives the code of an error that is made with these arguments, one text, or "".
func (k *checker) checkErrorText(call ast.PositionHolder, args []ast.Expr) string {
	text, whole := "", false
	if len(args) == 1 {
		text, whole = k.leadingText(args[0])
	}
	code, _, parted := strings.Cut(text, " ")
	switch {
	case !errorCode.MatchString(code) || !whole && !parted:
		k.refuse(call, ruleError, "begin the text with a declared code and a space, as a literal",
			"an error without a code to be seen")
	case !slices.ContainsFunc(k.s.Errors, func(e ErrorCode) bool { return e.Code == code }):
		k.refuse(call, ruleError, "declare it: ---@error "+code+" text", "the error %s is not declared", code)
	default:
		return code
	}
	return ""
}

// leadingText is the literal that a text begins with, and whether it is all of it.
func (k *checker) leadingText(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.StringExpr:
		return e.Value, true
	case *ast.StringConcatOpExpr:
		text, _ = k.leadingText(e.Lhs)
	case *ast.FuncCallExpr:
		if m, _ := k.member(e.Func, "string"); m == "format" && len(e.Args) > 0 {
			text, _ = k.leadingText(e.Args[0])
			text, _, _ = strings.Cut(text, "%")
		}
	}
	return text, false
}

// isTable reports whether an expression is a table as far as can be seen.
func (k *checker) isTable(e ast.Expr) bool {
	if _, ok := e.(*ast.TableExpr); ok {
		return true
	}
	sym := k.symbolOf(e)
	return sym != nil && slices.ContainsFunc(sym.values, func(v value) bool {
		_, ok := v.expr.(*ast.TableExpr)
		return ok
	})
}
