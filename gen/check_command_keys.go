package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// subcommand is the whole name of a call of a command that has subcommands, and whether there is such a one.
func (k *checker) subcommand(call *ast.FuncCallExpr, name string) (whole string, ok bool) {
	if len(call.Args) < 2 {
		return "", false
	}
	word, literal := call.Args[1].(*ast.StringExpr)
	if !literal {
		return "", false
	}
	whole = name + "|" + strings.ToUpper(word.Value)
	_, ok = commands[whole]
	return whole, ok
}

// literalAt is the place of a word that is written out, or -1.
func (k *checker) literalAt(call *ast.FuncCallExpr, word string) int {
	return slices.IndexFunc(call.Args, func(e ast.Expr) bool {
		s, ok := e.(*ast.StringExpr)
		return ok && strings.EqualFold(s.Value, word)
	})
}

// keyWords lists the words of a call that are keys. It reports false where they cannot be told from the others.
func (k *checker) keyWords(call *ast.FuncCallExpr, c command) (keys []ast.Expr, ok bool) {
	for _, spec := range c.keys {
		at := spec.at
		if spec.keyword != "" {
			if at = k.literalAt(call, spec.keyword) + 1; at == 0 {
				continue
			}
		}
		first, last, step := at, at+spec.last, max(1, spec.step)
		switch {
		case spec.number && at < len(call.Args):
			n, literal := literalNumber(call.Args[at])
			first = at + spec.first
			last = first + n - 1
			if !literal { // #keys, and then all of them
				if first >= len(call.Args) || !k.isKeys(call.Args[first]) {
					return nil, false
				}
				last = first
			}
		case spec.last < 0 && spec.limit > 1:
			last = at + (len(call.Args)-at)/spec.limit - 1
		case spec.last < 0:
			last = len(call.Args) + spec.last
		}
		for i := first; i <= last && i < len(call.Args); i += step {
			keys = append(keys, call.Args[i])
		}
	}
	return keys, true
}

// isKeys reports whether an expression at the end of a list is unpack of keys.
func (k *checker) isKeys(e ast.Expr) bool {
	_, ok := k.keysOf(e, nil)
	return ok
}

// checkKey wants a word to be one of the declared keys, of the type that a command is for.
func (k *checker) checkKey(call *ast.FuncCallExpr, word ast.Expr, name, data string) {
	from, ok := k.keysOf(word, nil)
	if !ok {
		k.refuse(word, ruleKey, "declare it, and pass KEYS[i], a local that is it, or a parameter that always gets one",
			"a key of %s that does not come from KEYS", name)
		return
	}
	for _, i := range from {
		if i > len(k.s.Keys) {
			continue // told elsewhere
		}
		key := k.s.Keys[i-1]
		setAsZset := data == "zset" && key.holds("set") && strings.HasPrefix(name, "Z") && readsSets(name)
		if !key.holds(data) && !setAsZset {
			k.refuse(call, ruleKey, "use a command of that type, or declare another", "%s on the key %s, which is a %s",
				name, key.Name, key.Type)
		}
	}
}

// readsSets reports whether a command of sorted sets takes sets as well.
func readsSets(name string) bool {
	return strings.HasPrefix(name, "ZINTER") || strings.HasPrefix(name, "ZUNION") || strings.HasPrefix(name, "ZDIFF")
}

// keysOf lists which of KEYS, from 1, an expression may be, and reports whether it is always one. open holds the symbols
// under way.
func (k *checker) keysOf(e ast.Expr, open []*symbol) (from []int, ok bool) {
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		return k.elementOf(e)
	case *ast.FuncCallExpr:
		if (k.isGlobal(e.Func, "unpack")) && len(e.Args) > 0 {
			return k.tableKeys(e.Args[0])
		}
	case *ast.LogicalOpExpr:
		right, ok := k.keysOf(e.Rhs, open)
		if !ok || e.Operator == "and" {
			return right, ok
		}
		left, ok := k.keysOf(e.Lhs, open)
		return append(left, right...), ok
	case *ast.IdentExpr:
		sym := k.names[e]
		if sym == nil || slices.Contains(open, sym) {
			return nil, false
		}
		if sym.key > 0 && len(sym.values) == 1 {
			return []int{sym.key}, true
		}
		return k.symbolKeys(sym, append(slices.Clone(open), sym))
	}
	return nil, false
}

func (k *checker) elementOf(e *ast.AttrGetExpr) ([]int, bool) {
	if i, ok := literalIndex(e.Key); ok && k.isGlobal(e.Object, "KEYS") {
		return []int{i}, true
	}
	if _, named := e.Key.(*ast.StringExpr); named {
		return nil, false
	}
	return k.tableKeys(e.Object)
}

// tableKeys are the keys in a table: KEYS, or the local of a key of which callers give any number. Of KEYS at a place that
// is computed it may be any.
func (k *checker) tableKeys(e ast.Expr) ([]int, bool) {
	many := len(k.s.Keys)
	if many == 0 || !k.s.Keys[many-1].Many {
		return nil, false
	}
	if k.isGlobal(e, "KEYS") {
		all := make([]int, many)
		for i := range all {
			all[i] = i + 1
		}
		return all, true
	}
	sym := k.symbolOf(e)
	if sym != nil && k.s.generated(sym.line) && sym.name == k.s.Keys[many-1].Name {
		return []int{many}, true
	}
	return nil, false
}

func (k *checker) symbolKeys(sym *symbol, open []*symbol) (from []int, ok bool) {
	var values []ast.Expr
	switch {
	case sym.loop != nil:
		return k.loopKeys(sym)
	case sym.function != nil:
		if values, ok = k.passed(sym); !ok {
			return nil, false
		}
	case sym.bound || sym.unset:
		return nil, false
	}
	for _, v := range sym.values {
		if v.index != 0 {
			return nil, false
		}
		values = append(values, v.expr)
	}
	for _, e := range values {
		some, ok := k.keysOf(e, open)
		if !ok {
			return nil, false
		}
		from = append(from, some...)
	}
	return from, len(values) > 0
}

// loopKeys are those of the second variable of for i, key in ipairs(keys).
func (k *checker) loopKeys(sym *symbol) ([]int, bool) {
	call, ok := sym.loop.Exprs[0].(*ast.FuncCallExpr)
	if !ok || !k.isGlobal(call.Func, "ipairs") && !k.isGlobal(call.Func, "pairs") || len(call.Args) != 1 || sym.at != 1 ||
		len(sym.values) > 0 {
		return nil, false
	}
	return k.tableKeys(call.Args[0])
}

// passed lists what every call passes for a parameter. It reports false where the function is used other than by a call.
func (k *checker) passed(parameter *symbol) (values []ast.Expr, ok bool) {
	called := map[ast.Expr]*ast.FuncCallExpr{}
	for _, call := range k.calls {
		called[call.Func] = call
	}
	for _, id := range k.idents {
		sym := k.names[id]
		if sym == nil || len(sym.values) != 1 || sym.values[0].expr != ast.Expr(parameter.function) {
			continue
		}
		call := called[id]
		if call == nil || parameter.at >= len(call.Args) {
			return nil, false
		}
		values = append(values, call.Args[parameter.at])
	}
	return values, len(values) > 0
}

// literalNumber is a number that is written as a string or a number, for commands that take it either way.
func literalNumber(e ast.Expr) (int, bool) {
	if s, ok := e.(*ast.StringExpr); ok {
		n, err := strconv.Atoi(s.Value)
		return n, err == nil && n > 0
	}
	return literalIndex(e)
}
