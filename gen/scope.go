package gen

import "github.com/yuin/gopher-lua/ast"

// scope is one block's names.
type scope struct {
	outer *scope
	names map[string]*symbol
}

func (s *scope) find(name string) *symbol {
	for ; s != nil; s = s.outer {
		if sym := s.names[name]; sym != nil {
			return sym
		}
	}
	return nil
}

// resolver walks a script once, finds the local behind every name and fills the lists of the chunk.
type resolver struct {
	*chunk
	scope *scope
	depth int // of functions
}

func (r *resolver) declare(name string) *symbol {
	if r.scope.names == nil {
		r.scope.names = map[string]*symbol{}
	}
	sym := &symbol{name: name}
	r.scope.names[name] = sym
	return sym
}

func (r *resolver) open()  { r.scope = &scope{outer: r.scope} }
func (r *resolver) close() { r.scope = r.scope.outer }

func (r *resolver) block(stmts []ast.Stmt) {
	r.open()
	r.stmts(stmts)
	r.close()
}

func (r *resolver) stmts(stmts []ast.Stmt) {
	for _, s := range stmts {
		r.stmt(s)
	}
}

func (r *resolver) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		r.assign(s)
	case *ast.LocalAssignStmt:
		r.local(s)
	case *ast.FuncCallStmt:
		r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		r.open() // the condition sees the locals of the block
		r.stmts(s.Stmts)
		r.expr(s.Condition)
		r.close()
	case *ast.IfStmt:
		r.expr(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		r.exprs(s.Init, s.Limit, s.Step)
		r.open()
		loop := r.declare(s.Name)
		loop.values, loop.bound = []value{{s.Init, 0}, {s.Limit, 0}}, true
		r.stmts(s.Stmts)
		r.close()
	case *ast.GenericForStmt:
		r.exprs(s.Exprs...)
		r.open()
		for i, name := range s.Names {
			sym := r.declare(name)
			sym.bound, sym.loop, sym.at = true, s, i
		}
		r.stmts(s.Stmts)
		r.close()
	case *ast.FuncDefStmt:
		r.funcDef(s)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs...)
		if r.depth == 0 {
			r.returns = append(r.returns, s)
		}
	case *ast.GotoStmt, *ast.LabelStmt:
		r.jumps = append(r.jumps, s)
	}
}

func (r *resolver) assign(s *ast.AssignStmt) {
	r.exprs(s.Rhs...)
	for i, target := range s.Lhs {
		r.expr(target)
		if sym := r.symbolOf(target); sym != nil {
			sym.values = append(sym.values, valueAt(s.Rhs, i)...)
		}
		r.writes = append(r.writes, target)
	}
}

func (r *resolver) local(s *ast.LocalAssignStmt) {
	local := &localStmt{s, make([]*symbol, len(s.Names))}
	r.locals = append(r.locals, local)
	declare := func() {
		for i, name := range s.Names {
			local.symbols[i] = r.declare(name)
			local.symbols[i].values = valueAt(s.Exprs, i)
			local.symbols[i].key = r.keyIndex(s.Exprs, i)
			local.symbols[i].line = s.Line()
			local.symbols[i].unset = len(local.symbols[i].values) == 0
		}
	}
	// The parser makes the same of `local function f` and `local f = function`, but for the last line. Only the
	// former sees its own name.
	if s.LastLine() != 0 {
		declare()
		r.exprs(s.Exprs...)
		return
	}
	r.exprs(s.Exprs...)
	declare()
}

// keyIndex is the i of an initializer that is KEYS[i] and nothing else.
func (r *resolver) keyIndex(exprs []ast.Expr, at int) int {
	if at >= len(exprs) {
		return 0
	}
	attr, ok := exprs[at].(*ast.AttrGetExpr)
	if !ok || !r.isGlobal(attr.Object, "KEYS") {
		return 0
	}
	i, _ := literalIndex(attr.Key)
	return i
}

// valueAt is what position i of a list of expressions gives, if anything: the last one may be a call with several
// results.
func valueAt(exprs []ast.Expr, i int) []value {
	last := len(exprs) - 1
	if i <= last {
		return []value{{exprs[i], 0}}
	}
	if last >= 0 {
		if call, ok := exprs[last].(*ast.FuncCallExpr); ok && !call.AdjustRet {
			return []value{{call, i - last}}
		}
	}
	return nil
}

func (r *resolver) funcDef(s *ast.FuncDefStmt) {
	target := s.Name.Func
	if target == nil {
		target = s.Name.Receiver
	}
	r.expr(target)
	if sym := r.symbolOf(target); sym != nil && s.Name.Method == "" {
		sym.values = append(sym.values, value{s.Func, 0})
	}
	r.writes = append(r.writes, target)
	r.function(s.Func, s.Name.Method != "")
}

func (r *resolver) function(f *ast.FunctionExpr, method bool) {
	r.open()
	r.depth++
	if method {
		r.declare("self").bound = true
	}
	for i, name := range f.ParList.Names {
		sym := r.declare(name)
		sym.bound, sym.function, sym.at = true, f, i
	}
	r.stmts(f.Stmts)
	r.depth--
	r.close()
}

func (r *resolver) exprs(list ...ast.Expr) {
	for _, e := range list {
		if e != nil {
			r.expr(e)
		}
	}
}

func (r *resolver) expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		r.idents = append(r.idents, e)
		r.names[e] = r.scope.find(e.Value)
	case *ast.FunctionExpr:
		r.function(e, false)
	case *ast.UnaryLenOpExpr:
		r.lengths = append(r.lengths, e)
	case *ast.AttrGetExpr:
		r.attrs = append(r.attrs, e)
	case *ast.FuncCallExpr:
		r.calls = append(r.calls, e)
	case *ast.StringConcatOpExpr:
		r.concats = append(r.concats, e)
	case *ast.TableExpr:
		r.tables = append(r.tables, e)
	}
	if _, function := e.(*ast.FunctionExpr); !function {
		r.exprs(children(e)...)
	}
}

// children lists the expressions directly inside an expression. It does not look into functions.
func children(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		return []ast.Expr{e.Object, e.Key}
	case *ast.FuncCallExpr:
		return append([]ast.Expr{e.Func, e.Receiver}, e.Args...)
	case *ast.TableExpr:
		var list []ast.Expr
		for _, f := range e.Fields {
			list = append(list, f.Key, f.Value)
		}
		return list
	case *ast.LogicalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.RelationalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.StringConcatOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.ArithmeticOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.UnaryMinusOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryNotOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryLenOpExpr:
		return []ast.Expr{e.Expr}
	}
	return nil
}
