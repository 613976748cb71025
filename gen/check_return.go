package gen

import "github.com/yuin/gopher-lua/ast"

// checkUntagged holds the returns of a script against its @return.
func (k *checker) checkUntagged() {
	f := k.s.Return.Field
	mayBeNil := f.Nullable && f.Type != TypeStrings || f.Type == TypeBoolean
	for _, r := range k.returns {
		if len(r.Exprs) == 0 && mayBeNil {
			continue
		}
		if len(r.Exprs) != 1 {
			k.refuse(r, ruleReply, "return one value", "return of %d values", len(r.Exprs))
			continue
		}
		if table, ok := r.Exprs[0].(*ast.TableExpr); ok {
			k.checkTable(r, table, f)
			continue
		}
		if k.kindOf(r.Exprs[0], 0, nil) == nilKind {
			if !mayBeNil {
				k.refuse(r, ruleReply, "declare "+f.Type+"?, or return something else",
					"return of nil, declared as %s", f.Type)
			}
			continue
		}
		if call, ok := r.Exprs[0].(*ast.FuncCallExpr); ok {
			if m, _ := k.member(call.Func, "redis"); m == "error_reply" || m == "status_reply" && f.Type == TypeString {
				continue
			}
		}
		k.checkValue(r.Exprs[0], f, "what is returned")
	}
	if !returnsAlways(k.body) && !mayBeNil {
		end := k.s.Source.Position(len(k.s.Source.Lines))
		k.problems.add(end, ruleReply, "end it with a return", "the end can be reached without a return, which answers nil")
	}
}

// checkTable holds a table that is returned against its type: an error, a status, or values alone.
func (k *checker) checkTable(r *ast.ReturnStmt, table *ast.TableExpr, f Field) {
	if errorText(table) != nil {
		return
	}
	for i, field := range table.Fields {
		key, named := field.Key.(*ast.StringExpr)
		switch {
		case named && key.Value == "ok" && len(table.Fields) == 1 && f.Type == TypeString:
			return
		case field.Key != nil:
			k.refuse(r, ruleReply, "list the values alone: a server drops named fields", "a reply with named fields")
			return
		case i < len(table.Fields)-1 && k.kindOf(field.Value, 0, nil) == nilKind:
			k.refuse(field.Value, ruleReply, "return false in its place", "a nil in a reply, which cuts it off")
		}
	}
	k.checkValue(table, f, "what is returned")
}
