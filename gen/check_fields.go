package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// kind is what is known of an expression's value.
type kind string

const (
	unknownKind kind = ""
	numberKind  kind = "a number"
	stringKind  kind = "a string"
	tableKind   kind = "a table"
	boolKind    kind = "a boolean"
	nilKind     kind = "nil"
)

// fieldKinds says what each type of field is made of. A server makes 1 of true, and nothing of false.
var fieldKinds = map[string]kind{
	TypeString: stringKind, TypeInteger: numberKind, TypeList: tableKind, TypeFloat: stringKind, TypeBoolean: boolKind,
	TypeStrings: tableKind, TypeMap: tableKind,
}

// checkFields holds the values of a reply against its declared fields, as far as they can be seen.
func (k *checker) checkFields(values []*ast.Field, reply Reply) {
	for i, f := range reply.Fields {
		value := values[i].Value
		if k.kindOf(value, 0, nil) == nilKind {
			remedy := "return '' or 0 in its place, or declare " + f.Type + "? and return false"
			k.refuse(value, ruleReply, remedy, "the field %s is nil, which cuts the reply off", f.Name)
		} else {
			k.checkValue(value, f, "the field "+f.Name)
		}
		k.checkSwapped(value, f, reply.Fields)
		k.checkResults(value, f, i == len(reply.Fields)-1)
	}
}

// checkValue holds one value against its type.
func (k *checker) checkValue(value ast.Expr, f Field, what string) {
	_, isFalse := value.(*ast.FalseExpr)
	got, want := k.kindOf(value, 0, nil), fieldKinds[f.Type]
	switch {
	case got == unknownKind || got == want || f.Nullable && isFalse:
	case f.Type == TypeBoolean && got == numberKind:
	case f.Type == TypeFloat && got == numberKind:
		k.refuse(value, ruleReply, "return string.format('%.17g', x), which keeps it",
			"%s is a number, whose fraction a server cuts off", what)
	default:
		k.refuse(value, ruleReply, "return what the header declares", "%s is %s, declared as %s", what, got, f.Type)
	}
	if f.Type == TypeInteger && isFraction(value) {
		k.refuse(value, ruleReply, "round it", "%s is a fraction, which a server cuts off", what)
	}
}

func isFraction(e ast.Expr) bool {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return false
	}
	x, err := strconv.ParseFloat(n.Value, 64)
	return err == nil && x != float64(int64(x))
}

// checkSwapped refuses a local that has the name of another field.
func (k *checker) checkSwapped(value ast.Expr, f Field, fields []Field) {
	sym := k.symbolOf(value)
	if sym == nil || sym.name == f.Name {
		return
	}
	if slices.Contains(fieldNames(fields), sym.name) {
		k.refuse(value, ruleReply,
			"swap them, or rename the local", "the field %s is the local %s, the name of another field",
			f.Name, sym.name)
	}
}

// checkResults refuses calls that give no value, which cuts the reply off, or at the end of it more than one.
func (k *checker) checkResults(value ast.Expr, f Field, last bool) {
	call, ok := value.(*ast.FuncCallExpr)
	if !ok || call.AdjustRet {
		return
	}
	name, _ := k.member(call.Func, "string")
	many := slices.Contains([]string{"byte", "find", "gsub", "match"}, name) ||
		k.isGlobal(call.Func, "unpack") || k.isGlobal(call.Func, "next") || k.isGlobal(call.Func, "select")
	if last && many {
		k.refuse(value, ruleReply, "put parentheses around it",
			"the field %s is a call that may give several values", f.Name)
		return
	}
	sym := k.symbolOf(call.Func)
	if sym == nil {
		return
	}
	for _, v := range sym.values {
		function, ok := v.expr.(*ast.FunctionExpr)
		if !ok {
			continue
		}
		none, many := !returnsAlways(function.Stmts), false
		for _, r := range functionReturns(function.Stmts) {
			none = none || len(r.Exprs) == 0
			many = many || len(r.Exprs) > 1 || len(r.Exprs) == 1 && k.mayBeMany(r.Exprs[0])
		}
		switch {
		case none:
			k.refuse(value, ruleReply, "let the function return a value in every case",
				"the field %s is a call of %s, which may return nothing and so cut the reply off", f.Name, sym.name)
		case many && last:
			k.refuse(value, ruleReply, "put parentheses around it",
				"the field %s is a call of %s, which may return several values", f.Name, sym.name)
		}
	}
}

// kindOf tells what an expression gives, of a call the result at index. open holds the symbols and functions under way.
func (k *checker) kindOf(e ast.Expr, index int, open []any) kind {
	switch e := e.(type) {
	case *ast.NumberExpr, *ast.ArithmeticOpExpr, *ast.UnaryMinusOpExpr, *ast.UnaryLenOpExpr:
		return numberKind
	case *ast.StringExpr, *ast.StringConcatOpExpr:
		return stringKind
	case *ast.TableExpr:
		return tableKind
	case *ast.TrueExpr, *ast.FalseExpr, *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
		return boolKind
	case *ast.NilExpr:
		return nilKind
	case *ast.LogicalOpExpr:
		left, right := k.kindOf(e.Lhs, 0, open), k.kindOf(e.Rhs, 0, open)
		if e.Operator == "and" {
			if right == nilKind {
				return nilKind
			}
			return unknownKind // false, nil or the right
		}
		if left == boolKind || left == nilKind || left == unknownKind && isAnd(e.Lhs) {
			return k.orKind(e.Lhs, right, open)
		}
		return both(left, right)
	case *ast.IdentExpr:
		return k.symbolKind(k.names[e], open)
	case *ast.FuncCallExpr:
		return k.callKind(e, index, open)
	}
	return unknownKind
}

// orKind is that of `a and b or c`, and of `nil or c`.
func (k *checker) orKind(left ast.Expr, right kind, open []any) kind {
	if and, ok := left.(*ast.LogicalOpExpr); ok && and.Operator == "and" {
		return both(k.kindOf(and.Rhs, 0, open), right)
	}
	if k.kindOf(left, 0, open) == nilKind {
		return right
	}
	return unknownKind
}

func isAnd(e ast.Expr) bool {
	and, ok := e.(*ast.LogicalOpExpr)
	return ok && and.Operator == "and"
}

// both is the kind of what is one of two.
func both(a, b kind) kind {
	if a == b {
		return a
	}
	return unknownKind
}

func (k *checker) symbolKind(sym *symbol, open []any) kind {
	switch {
	case sym == nil || slices.Contains(open, any(sym)) || sym.bound:
		return unknownKind
	case sym.key > 0:
		return stringKind
	case k.s.generated(sym.line) && len(sym.values) == 1 && k.s.arg(sym.name) != nil:
		if k.s.arg(sym.name).Many {
			return tableKind
		}
		if k.s.arg(sym.name).Type == TypeInteger {
			return numberKind
		}
		return stringKind
	case len(sym.values) == 0:
		return nilKind
	}
	open = append(open[:len(open):len(open)], sym)
	all := k.kindOf(sym.values[0].expr, sym.values[0].index, open)
	for _, v := range sym.values[1:] {
		all = both(all, k.kindOf(v.expr, v.index, open))
	}
	if sym.unset && all != nilKind {
		return unknownKind
	}
	return all
}

func (k *checker) callKind(call *ast.FuncCallExpr, index int, open []any) kind {
	if name, ok := k.redisCall(call); ok {
		if m, _ := k.member(call.Func, "redis"); m == "call" && commands[name].number && !slices.Contains(oftenNil, name) {
			return numberKind
		}
		return unknownKind
	}
	if name, ok := k.member(call.Func, "string"); ok && index == 0 {
		if slices.Contains([]string{"char", "format", "gsub", "lower", "rep", "reverse", "sub", "upper"}, name) {
			return stringKind
		}
	}
	if _, ok := k.member(call.Func, "math"); ok && index == 0 {
		return numberKind
	}
	if (k.isGlobal(call.Func, "tostring") || k.isGlobal(call.Func, "type")) && index == 0 {
		return stringKind
	}
	sym := k.symbolOf(call.Func)
	if sym == nil || len(sym.values) != 1 {
		return unknownKind
	}
	f, ok := sym.values[0].expr.(*ast.FunctionExpr)
	if !ok || slices.Contains(open, any(f)) || !returnsAlways(f.Stmts) {
		return unknownKind
	}
	open = append(open[:len(open):len(open)], f)
	var all kind
	for i, r := range functionReturns(f.Stmts) {
		results := valueAt(r.Exprs, index)
		if len(results) == 0 {
			return unknownKind
		}
		got := k.kindOf(results[0].expr, results[0].index, open)
		if i == 0 {
			all = got
		}
		if all = both(all, got); all == unknownKind {
			return unknownKind
		}
	}
	return all
}

// oftenNil are commands whose reply is an integer or nothing.
var oftenNil = strings.Fields("ZRANK ZREVRANK LPOS ZADD LINSERT")
