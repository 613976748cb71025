package gen

import (
	"errors"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// symbol is one local: a local variable, a local function, a parameter or a loop variable.
type symbol struct {
	name   string
	values []value // all that is ever assigned to it, as far as that can be seen
	key    int     // the i of a local that is KEYS[i], else 0
	bound  bool    // a parameter or loop variable: more may become of it than values has
	unset  bool    // declared without a value
	line   int     // of its declaration, of a local variable

	loop     *ast.GenericForStmt // of whose variables it is the one at
	function *ast.FunctionExpr   // of whose parameters it is the one at
	at       int
}

// value is an expression that is assigned: of a call with several results, the one at index.
type value struct {
	expr  ast.Expr
	index int
}

// chunk is a parsed script, taken apart into what the checks look at. Each list is in the order of the text.
type chunk struct {
	body    []ast.Stmt
	names   map[*ast.IdentExpr]*symbol // nil: a global
	idents  []*ast.IdentExpr
	locals  []*localStmt
	writes  []ast.Expr // the left sides of assignments, and the names of global functions
	lengths []*ast.UnaryLenOpExpr
	attrs   []*ast.AttrGetExpr
	calls   []*ast.FuncCallExpr
	concats []*ast.StringConcatOpExpr
	returns []*ast.ReturnStmt // of the script itself, not of its functions
	tables  []*ast.TableExpr
	jumps   []ast.Stmt // goto, and labels
}

type localStmt struct {
	*ast.LocalAssignStmt
	symbols []*symbol
}

// parseLua parses a script and resolves its names. It adds a syntax error to the problems and returns nil.
func parseLua(e *Expanded, problems *Problems) *chunk {
	body, err := parse.Parse(strings.NewReader(e.Text), "script")
	if err != nil {
		line, message := len(e.Lines), err.Error()
		if syntax := (*parse.Error)(nil); errors.As(err, &syntax) {
			message = syntax.Message
			if syntax.Token != "" {
				message += " near " + strings.Join(strings.Fields(syntax.Token), " ") // a problem is one line
			}
			if syntax.Pos.Line > 0 {
				line = syntax.Pos.Line
			}
		}
		problems.add(e.Position(line), ruleLua51, "make it valid Lua 5.1", "%s", message)
		return nil
	}
	c := &chunk{body: body, names: map[*ast.IdentExpr]*symbol{}}
	r := &resolver{chunk: c, scope: &scope{}}
	r.stmts(body)
	return c
}

// symbolOf is the local that an expression names, or nil.
func (c *chunk) symbolOf(e ast.Expr) *symbol {
	id, ok := e.(*ast.IdentExpr)
	if !ok {
		return nil
	}
	return c.names[id]
}

// isGlobal reports whether an expression is the global of that name.
func (c *chunk) isGlobal(e ast.Expr, name string) bool {
	id, ok := e.(*ast.IdentExpr)
	return ok && id.Value == name && c.names[id] == nil
}

// member is the m of an expression table.m on a global table.
func (c *chunk) member(e ast.Expr, table string) (string, bool) {
	attr, ok := e.(*ast.AttrGetExpr)
	if !ok || !c.isGlobal(attr.Object, table) {
		return "", false
	}
	key, ok := attr.Key.(*ast.StringExpr)
	if !ok {
		return "", false
	}
	return key.Value, true
}

// redisCall is the command of redis.call or redis.pcall, in capitals, and ok false for any other call. The command is ""
// when it is not a string literal.
func (c *chunk) redisCall(call *ast.FuncCallExpr) (command string, ok bool) {
	m, ok := c.member(c.aliased(call.Func), "redis")
	if !ok || m != "call" && m != "pcall" {
		return "", false
	}
	if len(call.Args) == 0 {
		return "", true
	}
	if s, literal := call.Args[0].(*ast.StringExpr); literal {
		return strings.ToUpper(s.Value), true
	}
	return "", true
}

// aliased is what a local stands for that is a member of a global table and nothing else, as in local call = redis.call.
func (c *chunk) aliased(e ast.Expr) ast.Expr {
	sym := c.symbolOf(e)
	if sym == nil || sym.bound || len(sym.values) != 1 || sym.unset {
		return e
	}
	if attr, ok := sym.values[0].expr.(*ast.AttrGetExpr); ok {
		return attr
	}
	return e
}

// isAlias reports whether an expression is the whole value of a local that is never set again.
func (c *chunk) isAlias(e ast.Expr) bool {
	for _, local := range c.locals {
		for i, init := range local.Exprs {
			if i < len(local.symbols) && init == e {
				return len(local.symbols[i].values) == 1
			}
		}
	}
	return false
}
