package gen

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const argTail = `(?: = ("[^"]*"|[^\s,"]+))?(?:, (.+))?$`

var (
	argHead    = regexp.MustCompile(`^([a-z][a-z0-9_]*)(\.\.\.)? +(string|integer|enum) +(.+)$`)
	stringArg  = regexp.MustCompile(`^(\d{1,9})\.\.(\d{1,9}) bytes` + argTail)
	integerArg = regexp.MustCompile(`^(?:(ms), )?(-?\d{1,16})\.\.(-?\d{1,16})` + argTail)
	enumArg    = regexp.MustCompile(`^([a-z][a-z0-9_]*(?:\|[a-z][a-z0-9_]*)+)` + argTail)

	requireRest = regexp.MustCompile(
		`^([a-z][a-z0-9_]*) +when +([a-z][a-z0-9_]*)(?: +(not +)?([a-z][a-z0-9_]*(?:\|[a-z][a-z0-9_]*)*))?$`)

	replyHead = regexp.MustCompile(`^([A-Z][A-Z_]{0,31})(?: +(.*))?$`)
	fieldHead = regexp.MustCompile(`^([a-z][a-z0-9_]*):` +
		`(strings|string|integer\(ms\)|integer|float|boolean|map|list\(([^()]*(?:\(ms\)[^()]*)*)\))(\?)?`)
	rowComma    = regexp.MustCompile(`, *([a-z])`)
	looksLikeIt = regexp.MustCompile(`^[A-Za-z0-9_]+:\S`)
)

// arg reads what follows @arg. It reports false for a malformed line; other problems it adds itself.
func (p *headerParser) arg(rest string, pos Position) bool {
	head := argHead.FindStringSubmatch(rest)
	if head == nil {
		return false
	}
	a := Arg{Name: head[1], Many: head[2] != "", Type: head[3], line: pos.Line}
	var tail []string
	switch a.Type {
	case TypeString, TypeInteger:
		m := stringArg.FindStringSubmatch(head[4])
		if a.Type == TypeInteger {
			m = integerArg.FindStringSubmatch(head[4])
		} else if m != nil {
			m = slices.Insert(m, 1, UnitBytes)
		}
		if m == nil {
			return false
		}
		lo, _ := strconv.ParseInt(m[2], 10, 64)
		hi, _ := strconv.ParseInt(m[3], 10, 64)
		if lo > hi || hi > 1<<53 || lo < -1<<53 {
			p.problems.add(pos, ruleArgument, "write the smaller one first, and stay within 2^53",
				"%s..%s is no range", m[2], m[3])
		}
		a.Unit, a.Min, a.Max, tail = m[1], &lo, &hi, m[4:]
	case TypeEnum:
		m := enumArg.FindStringSubmatch(head[4])
		if m == nil {
			return false
		}
		a.Values, tail = strings.Split(m[1], "|"), m[2:]
		if distinct := slices.Compact(slices.Sorted(slices.Values(a.Values))); len(distinct) < len(a.Values) {
			p.problems.add(pos, ruleArgument, "list each value once", "%s has a value twice", a.Name)
		}
	}
	a.Doc = tail[1]
	if tail[0] != "" {
		a.Optional = true
		if !a.setDefault(strings.Trim(tail[0], `"`)) {
			p.problems.add(pos, ruleArgument,
				"choose one that the script accepts", "%s is no default for %s", tail[0], a.Name)
		}
	}
	p.s.Args = append(p.s.Args, a)
	return true
}

// setDefault reports whether the argument may have this value.
func (a *Arg) setDefault(value string) bool {
	a.Default = value
	switch a.Type {
	case TypeEnum:
		return slices.Contains(a.Values, value)
	case TypeString:
		return int64(len(value)) >= *a.Min && int64(len(value)) <= *a.Max
	default:
		n, err := strconv.ParseInt(value, 10, 64)
		a.Default = n
		return err == nil && n >= *a.Min && n <= *a.Max
	}
}

// require reads what follows @require.
func (p *headerParser) require(rest string, line int) bool {
	m := requireRest.FindStringSubmatch(rest)
	if m == nil || m[2] == "not" {
		return false
	}
	r := Require{Arg: m[1], When: m[2], Not: m[3] != "", line: line}
	if m[4] != "" {
		r.Values = strings.Split(m[4], "|")
	}
	p.s.Requires = append(p.s.Requires, r)
	return true
}

// arguments reads the tag that is replaced by the checks.
func (p *headerParser) arguments(pos Position, text string, line int) {
	p.broken = p.broken || text != argumentsTag || pos.File != p.s.File
	switch {
	case text != argumentsTag:
		p.problems.add(pos, ruleArgument, "write it at the start of a line of its own, as "+argumentsTag,
			"malformed @arguments")
	case pos.File != p.s.File:
		p.problems.add(pos, ruleArgument, "write it into the script itself", "@arguments in a fragment")
	case p.s.arguments != 0:
		p.problems.add(pos, ruleArgument, "keep one", "a second @arguments")
	default:
		p.s.arguments, p.s.argumentsEnds = line, line+1
	}
}

// reply reads what follows @reply: the tag, fields as long as there are any, and text after two spaces.
func (p *headerParser) reply(rest string, pos Position) bool {
	m := replyHead.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	fields, text, ok := parseFields(rest[len(m[1]):])
	if !ok {
		return false
	}
	for _, f := range fields {
		if f.Type == TypeList {
			p.checkFieldNames(pos, f.Rows)
		}
	}
	p.checkFieldNames(pos, fields)
	p.s.Replies = append(p.s.Replies, Reply{Tag: m[1], Fields: fields, Doc: text, line: pos.Line})
	return true
}

// returned reads what follows @return: a type, and text behind a comma.
func (p *headerParser) returned(rest string, pos Position) bool {
	m := fieldHead.FindStringSubmatch("value:" + rest)
	if m == nil {
		return false
	}
	text := rest[len(m[0])-len("value:"):]
	if text != "" && !strings.HasPrefix(text, ", ") {
		return false
	}
	fields, _, ok := parseFields(" " + m[0])
	if !ok || len(fields) != 1 {
		return false
	}
	if fields[0].Type == TypeList {
		p.checkFieldNames(pos, fields[0].Rows)
	}
	p.s.Return = &Return{Field: fields[0], Doc: strings.TrimPrefix(text, ", "), line: pos.Line}
	return true
}

// parseFields reads name:type pairs that spaces part, and returns the text behind them.
func parseFields(s string) (fields []Field, text string, ok bool) {
	for {
		rest := strings.TrimLeft(s, " ")
		m := fieldHead.FindStringSubmatch(rest)
		if m == nil || rest == s && s != "" {
			malformed := looksLikeIt.MatchString(rest) || rest != "" && len(s)-len(rest) < 2
			return fields, strings.TrimSpace(rest), !malformed
		}
		f := Field{Name: m[1], Type: m[2], Nullable: m[4] != ""}
		if f.Nullable && (f.Type == TypeBoolean || f.Type == TypeMap || strings.HasPrefix(f.Type, "list(")) {
			return nil, "", false
		}
		switch {
		case f.Type == "integer(ms)":
			f.Type, f.Unit = TypeInteger, UnitMillis
		case strings.HasPrefix(f.Type, "list("):
			f.Type = TypeList
			var extra string
			f.Rows, extra, ok = parseFields(" " + rowComma.ReplaceAllString(m[3], " $1"))
			if !ok || extra != "" || len(f.Rows) == 0 {
				return nil, "", false
			}
		}
		fields = append(fields, f)
		s = rest[len(m[0]):]
	}
}
