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

// checkKeysAndArgs wants KEYS to be read where a reader of the header looks for them: in the initializer of the local that
// has the declared name, and nowhere else. ARGV is read by the generated checks, and behind them what is always there may be
// read once more, as it came. Their lengths may be read anywhere.
func (k *checker) checkKeysAndArgs() {
	read := make([]bool, len(k.s.Keys))
	k.eachRead("KEYS", func(id *ast.IdentExpr, attr *ast.AttrGetExpr) {
		if attr == nil {
			k.refuse(id, "read KEYS[i] or #KEYS", "KEYS as a whole")
			return
		}
		i, ok := literalIndex(attr.Key)
		switch {
		case !ok:
			k.refuse(attr, "write the number", "KEYS[i] where i is not a number from 1")
		case i > len(read):
			k.refuse(attr, "declare it in the header", "KEYS[%d] where the header declares %d", i, len(read))
		case !k.initializes(attr, k.s.Keys[i-1].Name):
			remedy := fmt.Sprintf("write local %s = KEYS[%d] and use that", k.s.Keys[i-1].Name, i)
			k.refuse(attr, remedy, "KEYS[%d] is the key %s, read elsewhere", i, k.s.Keys[i-1].Name)
		default:
			read[i-1] = true
		}
	})
	k.eachRead("ARGV", k.checkArgv)
	for i, key := range k.s.Keys {
		if !read[i] {
			remedy := fmt.Sprintf("write local %s = KEYS[%d]", key.Name, i+1)
			k.refuseHeader(key.line, remedy, "the key %s is never read", key.Name)
		}
	}
	for _, target := range k.writes {
		if sym := k.symbolOf(target); sym != nil && sym.key > 0 {
			k.refuse(target, "use another local", "assignment to %s, which is KEYS[%d]", sym.name, sym.key)
		}
	}
}

func (k *checker) checkArgv(id *ast.IdentExpr, attr *ast.AttrGetExpr) {
	const remedy = "declare it in the header, and use the local that " + argumentsTag + " makes"
	if attr == nil {
		k.refuse(id, remedy, "ARGV as a whole")
		return
	}
	i, ok := literalIndex(attr.Key)
	switch {
	case k.s.generated(id.Line()):
	case !ok:
		k.refuse(attr, remedy, "ARGV[i] where i is not a number from 1")
	case i > len(k.s.Args):
		k.refuse(attr, remedy, "ARGV[%d] where the header declares %d", i, len(k.s.Args))
	case id.Line() < k.s.arguments:
		k.refuse(attr, "read it below "+argumentsTag, "ARGV[%d] before it is checked", i)
	case k.s.Args[i-1].Optional:
		name := k.s.Args[i-1].Name
		k.refuse(attr, "use the local "+name, "ARGV[%d] is the argument %s, which may be left out", i, name)
	}
}

// eachRead calls f for every use of KEYS or ARGV but its length, with the element that is read; nil: it is none.
func (k *checker) eachRead(table string, f func(*ast.IdentExpr, *ast.AttrGetExpr)) {
	elements := map[ast.Expr]*ast.AttrGetExpr{}
	for _, attr := range k.attrs {
		elements[attr.Object] = attr
	}
	lengths := map[ast.Expr]bool{}
	for _, e := range k.lengths {
		lengths[e.Expr] = true
	}
	for _, id := range k.idents {
		if k.isGlobal(id, table) && !lengths[id] {
			f(id, elements[id])
		}
	}
}

// initializes reports whether an expression is the whole initializer of a local of that name.
func (k *checker) initializes(e ast.Expr, name string) bool {
	for _, local := range k.locals {
		for i, init := range local.Exprs {
			if i < len(local.Names) && local.Names[i] == name && e == init {
				return true
			}
		}
	}
	return false
}
