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

// checkKeysAndArgs wants every read of KEYS to be of a declared key, and every declared key to be read. ARGV is read by the
// generated checks, and behind them what is always there may be read once more, as it came. Their lengths may be read
// anywhere. The whole of either only where the header has one of which callers give any number.
func (k *checker) checkKeysAndArgs() {
	declared := len(k.s.Keys)
	read := make([]bool, declared)
	many := declared > 0 && k.s.Keys[declared-1].Many
	k.eachRead("KEYS", func(id *ast.IdentExpr, attr *ast.AttrGetExpr) {
		i, literal := 0, false
		if attr != nil {
			i, literal = literalIndex(attr.Key)
		}
		switch {
		case !literal && many:
			read[declared-1] = true
		case attr == nil:
			k.refuse(id, ruleKey, "read KEYS[i] or #KEYS, or declare a key name... of which there may be any number",
				"KEYS as a whole")
		case !literal:
			k.refuse(attr, ruleKey, "write the number, or declare a key name... of which there may be any number",
				"KEYS[i] where i is not a number from 1")
		case i > declared && !many:
			k.refuse(attr, ruleKey, "declare it in the header", "KEYS[%d] where the header declares %d", i, declared)
		default:
			read[min(i, declared)-1] = true
		}
	})
	k.eachRead("ARGV", k.checkArgv)
	for i, key := range k.s.Keys {
		if !read[i] {
			remedy := fmt.Sprintf("write local %s = KEYS[%d]", key.Name, i+1)
			k.refuseHeader(key.line, ruleKey, remedy, "the key %s is never read", key.Name)
		}
	}
	for _, target := range k.writes {
		if sym := k.symbolOf(target); sym != nil && sym.key > 0 {
			k.refuse(target, ruleKey, "use another local", "assignment to %s, which is KEYS[%d]", sym.name, sym.key)
		}
	}
}

func (k *checker) checkArgv(id *ast.IdentExpr, attr *ast.AttrGetExpr) {
	const remedy = "declare it in the header, and use the local that " + argumentsTag + " makes"
	count := len(k.s.Args)
	many := count > 0 && k.s.Args[count-1].Many
	i, ok := 0, false
	if attr != nil {
		i, ok = literalIndex(attr.Key)
	}
	if many && id.Line() >= k.s.argumentsEnds && (!ok || i >= count) {
		return
	}
	if attr == nil {
		k.refuse(id, ruleArgument, remedy, "ARGV as a whole")
		return
	}
	switch {
	case k.s.generated(id.Line()):
	case !ok:
		k.refuse(attr, ruleArgument, remedy, "ARGV[i] where i is not a number from 1")
	case i > len(k.s.Args):
		k.refuse(attr, ruleArgument, remedy, "ARGV[%d] where the header declares %d", i, len(k.s.Args))
	case id.Line() < k.s.arguments:
		k.refuse(attr, ruleArgument, "read it below "+argumentsTag, "ARGV[%d] before it is checked", i)
	case k.s.Args[i-1].Optional:
		name := k.s.Args[i-1].Name
		k.refuse(attr, ruleArgument, "use the local "+name, "ARGV[%d] is the argument %s, which may be left out", i, name)
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
