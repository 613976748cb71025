// Package mutation changes the Lua scripts in one place at a time, and asks whether the scenarios notice.
package mutation

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// change is one way to change a chunk.
type change struct {
	line int
	what string
	do   func()
}

// changes lists all of a chunk. Each may be done to a chunk once, and to a fresh one only.
func changes(chunk []ast.Stmt) []change {
	c := &collector{}
	c.block(reflect.ValueOf(&chunk).Elem())
	return c.all
}

type collector struct{ all []change }

func (c *collector) add(line int, what string, do func()) {
	c.all = append(c.all, change{line, what, do})
}

// block visits a list of statements: each can be dropped.
func (c *collector) block(stmts reflect.Value) {
	for i := range stmts.Len() {
		slot := stmts.Index(i)
		stmt := slot.Interface().(ast.Stmt)
		switch s := stmt.(type) {
		case *ast.FuncCallStmt:
			c.add(s.Line(), "drop the call", func() { slot.Set(reflect.ValueOf(nothing(s.Line()))) })
		case *ast.AssignStmt:
			c.add(s.Line(), "drop the assignment", func() { slot.Set(reflect.ValueOf(nothing(s.Line()))) })
		case *ast.ReturnStmt:
			if i < stmts.Len()-1 || len(s.Exprs) > 0 {
				c.add(s.Line(), "drop the return", func() { slot.Set(reflect.ValueOf(nothing(s.Line()))) })
			}
		case *ast.IfStmt:
			c.condition(&s.Condition)
			if len(s.Else) > 0 {
				c.add(s.Condition.Line(), "drop the else", func() { s.Else = nil })
			}
		case *ast.NumberForStmt:
			c.add(s.Line(), "no loop", func() { s.Limit = s.Init })
		}
		c.visit(reflect.ValueOf(stmt).Elem())
	}
}

// nothing is a statement that does nothing.
func nothing(line int) ast.Stmt {
	s := &ast.DoBlockStmt{}
	s.SetLine(line)
	return s
}

func (c *collector) condition(e *ast.Expr) {
	line := (*e).Line()
	c.add(line, "condition always true", func() { *e = at(&ast.TrueExpr{}, line) })
	c.add(line, "condition always false", func() { *e = at(&ast.FalseExpr{}, line) })
	old := *e
	c.add(line, "condition negated", func() { *e = at(&ast.UnaryNotOpExpr{Expr: old}, line) })
}

func at(e ast.Expr, line int) ast.Expr {
	e.SetLine(line)
	return e
}

var (
	exprType  = reflect.TypeFor[ast.Expr]()
	stmtsType = reflect.TypeFor[[]ast.Stmt]()
	exprsType = reflect.TypeFor[[]ast.Expr]()
)

// visit looks for expressions and blocks in the fields of a node.
func (c *collector) visit(node reflect.Value) {
	switch node.Kind() {
	case reflect.Struct:
		for i := range node.NumField() {
			if f := node.Field(i); f.CanSet() {
				c.field(f)
			}
		}
	default:
	}
}

func (c *collector) field(f reflect.Value) {
	switch {
	case f.Type() == stmtsType:
		c.block(f)
	case f.Type() == exprsType:
		for i := range f.Len() {
			c.field(f.Index(i))
		}
	case f.Type() == exprType:
		if !f.IsNil() {
			c.expr(f.Addr().Interface().(*ast.Expr))
			c.visit(f.Elem().Elem())
		}
	case f.Kind() == reflect.Slice:
		for i := range f.Len() {
			c.field(f.Index(i))
		}
	case f.Kind() == reflect.Pointer && !f.IsNil():
		c.visit(f.Elem())
	}
}

var (
	relational = map[string][]string{
		"==": {"~="}, "~=": {"=="}, "<": {"<=", ">"}, "<=": {"<", ">="}, ">": {">=", "<"}, ">=": {">", "<="},
	}
	arithmetic = map[string][]string{"+": {"-"}, "-": {"+"}, "*": {"/"}, "/": {"*"}}
	logical    = map[string]string{"and": "or", "or": "and"}
	calls      = map[string]string{"call": "pcall", "pcall": "call"}
)

func (c *collector) expr(slot *ast.Expr) {
	switch e := (*slot).(type) {
	case *ast.RelationalOpExpr:
		for _, op := range relational[e.Operator] {
			c.add(e.Line(), e.Operator+" → "+op, func() { e.Operator = op })
		}
	case *ast.ArithmeticOpExpr:
		for _, op := range arithmetic[e.Operator] {
			c.add(e.Line(), e.Operator+" → "+op, func() { e.Operator = op })
		}
	case *ast.LogicalOpExpr:
		to := logical[e.Operator]
		c.add(e.Line(), e.Operator+" → "+to, func() { e.Operator = to })
		c.add(e.Line(), "only the left of "+e.Operator, func() { *slot = e.Lhs })
		c.add(e.Line(), "only the right of "+e.Operator, func() { *slot = e.Rhs })
	case *ast.UnaryNotOpExpr:
		c.add(e.Line(), "without not", func() { *slot = e.Expr })
	case *ast.NumberExpr:
		c.number(e)
	case *ast.StringExpr:
		c.add(e.Line(), fmt.Sprintf("%q → %q", e.Value, e.Value+"x"), func() { e.Value += "x" })
	case *ast.TrueExpr:
		c.add(e.Line(), "true → false", func() { *slot = at(&ast.FalseExpr{}, e.Line()) })
	case *ast.FalseExpr:
		c.add(e.Line(), "false → true", func() { *slot = at(&ast.TrueExpr{}, e.Line()) })
	case *ast.FuncCallExpr:
		c.call(e)
	}
}

func (c *collector) number(e *ast.NumberExpr) {
	n, err := strconv.ParseInt(e.Value, 10, 64)
	if err != nil {
		return
	}
	for _, d := range []int64{-1, 1} {
		to := strconv.FormatInt(n+d, 10)
		if n+d < 0 {
			continue // the parser would make it an expression
		}
		c.add(e.Line(), e.Value+" → "+to, func() { e.Value = to })
	}
}

func (c *collector) call(e *ast.FuncCallExpr) {
	get, ok := e.Func.(*ast.AttrGetExpr)
	if ok {
		if key, ok := get.Key.(*ast.StringExpr); ok && calls[key.Value] != "" {
			from, to := key.Value, calls[key.Value]
			c.add(e.Line(), "redis."+from+" → redis."+to, func() { key.Value = to })
		}
	}
	for i := 1; i < len(e.Args); i++ {
		c.add(e.Line(), fmt.Sprintf("arguments %d and %d swapped", i, i+1), func() {
			e.Args[i-1], e.Args[i] = e.Args[i], e.Args[i-1]
		})
	}
}
