package gen

import "regexp"

// constantName is how a script names what never changes.
var constantName = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

// inlined puts the value of a constant wherever its name stands: `local NAME = literal`, in capitals, outside of every
// function and block. Each local that a function of a script uses costs memory in every call, and a literal does not. What
// is declared twice, assigned, or the name of a field stays as it is.
func inlined(list []token) []token {
	values := map[string]token{}
	declared := map[int]bool{} // where a declaration begins
	twice := map[string]bool{}
	depth := 0
	for i, t := range list {
		if leaves(t) {
			depth--
		}
		if enters(t) {
			depth++
		}
		if name, ok := constantAt(list, i); ok && depth == 0 {
			_, twice[name.text] = values[name.text]
			values[name.text], declared[i] = list[i+3], true
		}
	}
	for i, t := range list {
		_, ok := values[t.text]
		if ok && t.kind == tokenName && (twice[t.text] || i > 0 && !declared[i-1] && changes(list, i)) {
			delete(values, t.text)
		}
	}
	var out []token
	for i := 0; i < len(list); i++ {
		t := list[i]
		if declared[i] {
			if _, ok := values[list[i+1].text]; ok {
				i += 3
				continue
			}
		}
		if value, ok := values[t.text]; ok && t.kind == tokenName {
			value.at, value.line, value.newLine = t.at, t.line, t.newLine
			t = value
		}
		out = append(out, t)
	}
	return out
}

// constantAt reports whether a declaration of a constant begins at a token, and gives its name.
func constantAt(list []token, i int) (name token, ok bool) {
	if i+4 >= len(list) || list[i].text != "local" || list[i+1].kind != tokenName || list[i+2].text != "=" {
		return token{}, false
	}
	literal := list[i+3].kind == tokenNumber || list[i+3].kind == tokenString
	next := list[i+4]
	whole := next.newLine && (next.kind == tokenKeyword || next.kind == tokenName) &&
		next.text != "and" && next.text != "or"
	return list[i+1], literal && whole && constantName.MatchString(list[i+1].text)
}

// changes reports whether the name at a token is one that is not read: assigned, declared, a parameter, or a field's.
func changes(list []token, i int) bool {
	before := list[i-1].text
	if before == "." || before == ":" || before == "local" || before == "for" {
		return true
	}
	if i+1 == len(list) {
		return false
	}
	switch next := list[i+1].text; next {
	case "=", ".", ":", "[":
		return true
	case ",", "in":
		return assignedLater(list, i)
	case ")":
		return parameter(list, i)
	}
	return false
}

// assignedLater reports whether a name in a list of names is one of a declaration, a loop or an assignment.
func assignedLater(list []token, i int) bool {
	for j := i; j+1 < len(list) && (list[j].kind == tokenName || list[j].text == ","); j++ {
		if next := list[j+1].text; next == "=" || next == "in" || next == ")" && parameter(list, j) {
			return true
		}
	}
	return false
}

// parameter reports whether the name at a token is the last of a function's parameters.
func parameter(list []token, i int) bool {
	for j := i; j > 0; j-- {
		if list[j].text == "(" {
			return list[j-1].text == "function" || j > 1 && list[j-1].kind == tokenName && list[j-2].text == "function"
		}
		if list[j].kind != tokenName && list[j].text != "," {
			return false
		}
	}
	return false
}
