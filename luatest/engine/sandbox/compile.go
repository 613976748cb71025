package sandbox

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// chunkName is what a real server calls a script in its errors.
const chunkName = "user_script"

// Script is a compiled script. Any number of sandboxes may share it.
type Script struct {
	Proto *lua.FunctionProto
	SHA1  string // of the source, in hexadecimal, as EVALSHA takes it
}

// Parse parses a script. A first line that starts with `#!`, the shebang of Redis 7, must be `#!lua` with or without
// flags, and counts as an empty line.
func Parse(source string) ([]ast.Stmt, error) {
	if strings.HasPrefix(source, "#!") {
		line, rest, _ := strings.Cut(source, "\n")
		if engine, _, _ := strings.Cut(strings.TrimPrefix(line, "#!"), " "); engine != "lua" {
			return nil, fmt.Errorf("ERR Unexpected engine in script shebang: #!%s", engine)
		}
		source = "\n" + rest
	}
	chunk, err := parse.Parse(strings.NewReader(source), chunkName)
	if err != nil {
		return nil, fmt.Errorf("ERR Error compiling script (new function): %w", err)
	}
	return chunk, nil
}

// Compile parses and compiles a script.
func Compile(source string) (*Script, error) {
	chunk, err := Parse(source)
	if err != nil {
		return nil, err
	}
	return CompileChunk(chunk, source)
}

// CompileChunk compiles what Parse gave, perhaps changed since. It takes the chunk over. The script's SHA1 is that of
// source.
func CompileChunk(chunk []ast.Stmt, source string) (*Script, error) {
	rewriteBlock(chunk)
	proto, err := lua.Compile(chunk, chunkName)
	if err != nil {
		return nil, fmt.Errorf("ERR Error compiling script (new function): %w", err)
	}
	sum := sha1.Sum([]byte(source))
	return &Script{Proto: proto, SHA1: hex.EncodeToString(sum[:])}, nil
}

// concatText is the name of the function that every operand of `..` goes through, so that a number prints as it does
// on a real server: no hook of gopher-lua reaches that. No script can write this name.
const concatText = "\x00text"

func rewriteBlock(block []ast.Stmt) {
	for _, stmt := range block {
		switch s := stmt.(type) {
		case *ast.AssignStmt:
			rewriteAll(s.Lhs)
			rewriteAll(s.Rhs)
		case *ast.LocalAssignStmt:
			rewriteAll(s.Exprs)
		case *ast.FuncCallStmt:
			rewrite(s.Expr)
		case *ast.DoBlockStmt:
			rewriteBlock(s.Stmts)
		case *ast.WhileStmt:
			rewrite(s.Condition)
			rewriteBlock(s.Stmts)
		case *ast.RepeatStmt:
			rewriteBlock(s.Stmts)
			rewrite(s.Condition)
		case *ast.IfStmt:
			rewrite(s.Condition)
			rewriteBlock(s.Then)
			rewriteBlock(s.Else)
		case *ast.NumberForStmt:
			rewriteAll([]ast.Expr{s.Init, s.Limit, s.Step})
			rewriteBlock(s.Stmts)
		case *ast.GenericForStmt:
			rewriteAll(s.Exprs)
			rewriteBlock(s.Stmts)
		case *ast.FuncDefStmt:
			rewrite(s.Func)
		case *ast.ReturnStmt:
			rewriteAll(s.Exprs)
		}
	}
}

func rewriteAll(exprs []ast.Expr) {
	for _, expr := range exprs {
		rewrite(expr)
	}
}

func rewrite(expr ast.Expr) {
	switch e := expr.(type) {
	case *ast.StringConcatOpExpr:
		rewrite(e.Lhs)
		rewrite(e.Rhs)
		e.Lhs, e.Rhs = operand(e.Lhs), operand(e.Rhs)
	case *ast.AttrGetExpr:
		rewriteAll([]ast.Expr{e.Object, e.Key})
	case *ast.TableExpr:
		for _, field := range e.Fields {
			rewriteAll([]ast.Expr{field.Key, field.Value})
		}
	case *ast.FuncCallExpr:
		rewriteAll([]ast.Expr{e.Func, e.Receiver})
		rewriteAll(e.Args)
	case *ast.LogicalOpExpr:
		rewriteAll([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.RelationalOpExpr:
		rewriteAll([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.ArithmeticOpExpr:
		rewriteAll([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.UnaryMinusOpExpr:
		rewrite(e.Expr)
	case *ast.UnaryNotOpExpr:
		rewrite(e.Expr)
	case *ast.UnaryLenOpExpr:
		rewrite(e.Expr)
	case *ast.FunctionExpr:
		rewriteBlock(e.Stmts)
	}
}

// operand wraps one side of `..`, unless it is a string for certain.
func operand(expr ast.Expr) ast.Expr {
	switch expr.(type) {
	case *ast.StringExpr, *ast.StringConcatOpExpr:
		return expr
	}
	name := &ast.IdentExpr{Value: concatText}
	call := &ast.FuncCallExpr{Func: name, Args: []ast.Expr{expr}, AdjustRet: true}
	for _, node := range []ast.PositionHolder{name, call} {
		node.SetLine(expr.Line())
		node.SetLastLine(expr.LastLine())
	}
	return call
}
