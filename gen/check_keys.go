package gen

import (
	"fmt"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// literalIndex is the i of t[i] when it is written as a plain number from 1.
func literalIndex(e ast.Expr) (int, bool) {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(n.Value)
	return i, err == nil && i > 0
}

// checkKeysAndArgs wants KEYS and ARGV to be read where a reader of the header looks for them: in the initializer of
// the local that has the declared name, and nowhere else. Their lengths may be read anywhere.
func (k *checker) checkKeysAndArgs() {
	keys := make([]string, len(k.s.Keys))
	for i, key := range k.s.Keys {
		keys[i] = key.Name
	}
	args := make([]string, len(k.s.Args))
	for i, arg := range k.s.Args {
		args[i] = arg.Name
	}
	keysRead := k.checkTable("KEYS", "key", keys)
	argsRead := k.checkTable("ARGV", "argument", args)
	for i, key := range k.s.Keys {
		if !keysRead[i] {
			remedy := fmt.Sprintf("write local %s = KEYS[%d]", key.Name, i+1)
			k.refuseHeader(key.line, remedy, "the key %s is never read", key.Name)
		}
	}
	for i, arg := range k.s.Args {
		if !argsRead[i] {
			remedy := fmt.Sprintf("read ARGV[%d] in the initializer of local %s", i+1, arg.Name)
			k.refuseHeader(arg.line, remedy, "the argument %s is never read", arg.Name)
		}
	}
	for _, target := range k.writes {
		if sym := k.symbolOf(target); sym != nil && sym.key > 0 {
			k.refuse(target, "use another local", "assignment to %s, which is KEYS[%d]", sym.name, sym.key)
		}
	}
}

// checkTable checks every use of KEYS or ARGV, and tells which elements are read.
func (k *checker) checkTable(table, kind string, declared []string) []bool {
	read := make([]bool, len(declared))
	reads := map[ast.Expr]*ast.AttrGetExpr{} // the name of the table in each t[i]
	for _, attr := range k.attrs {
		reads[attr.Object] = attr
	}
	lengths := map[ast.Expr]bool{}
	for _, e := range k.lengths {
		lengths[e.Expr] = true
	}
	for _, id := range k.idents {
		if !k.isGlobal(id, table) || lengths[id] {
			continue
		}
		attr := reads[id]
		if attr == nil {
			k.refuse(id, "read "+table+"[i] or #"+table, "%s as a whole", table)
			continue
		}
		i, ok := literalIndex(attr.Key)
		switch {
		case !ok:
			k.refuse(attr, "write the number", "%s[i] where i is not a number from 1", table)
		case i > len(declared):
			k.refuse(attr, "declare it in the header", "%s[%d] where the header declares %d", table, i, len(declared))
		case kind == "argument" && k.s.arguments > 0: // checked by what is generated; this is its text, as it came
			read[i-1] = true
		case !k.initializes(attr, declared[i-1], kind == "key"):
			remedy := fmt.Sprintf("write local %s = %s[%d] and use that", declared[i-1], table, i)
			k.refuse(attr, remedy, "%s[%d] is the %s %s, read elsewhere", table, i, kind, declared[i-1])
		default:
			read[i-1] = true
		}
	}
	return read
}

// initializes reports whether an expression is in the initializer of a local of that name, and all of it if whole.
func (k *checker) initializes(e ast.Expr, name string, whole bool) bool {
	for _, local := range k.locals {
		for i, init := range local.Exprs {
			if i < len(local.Names) && local.Names[i] == name && (e == init || !whole && inside(e, init)) {
				return true
			}
		}
	}
	return false
}
