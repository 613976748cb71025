package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const argumentsTag = "---@arguments"

// The checks of arguments are flat code: a script runs them in every call, and making a function costs more than all of
// them. Nothing but an error makes a string.

// block gathers generated lines, and which line of the script each is made from.
type block struct {
	lines   []string
	origins []Position
}

func (b *block) line(origin Position, format string, args ...any) {
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
	b.origins = append(b.origins, origin)
}

// refuse writes a check: if condition, the script ends with BADARG and why. extra is a Lua expression behind it, or "".
func (b *block) refuse(origin Position, condition, name, why, extra string) {
	text := luaQuote("BADARG " + name + ": " + why)
	if extra != "" {
		text += " .. " + extra
	}
	b.line(origin, "if %s then", condition)
	b.line(origin, "  return redis.error_reply(%s)", text)
	b.line(origin, "end")
}

// luaQuote gives the literal of a text that has no control characters.
func luaQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// writeArguments puts the checks in the place of the tag @arguments: a local for each key and argument, by the names of the
// header. The lines that check an argument have its line of the header as their origin.
func (s *Script) writeArguments() {
	if s.arguments == 0 {
		return
	}
	b, here := &block{}, s.Source.Position(s.arguments)
	var names, reads []string
	for i, k := range s.Keys {
		if k.Many {
			continue
		}
		names, reads = append(names, k.Name), append(reads, fmt.Sprintf("KEYS[%d]", i+1))
	}
	if len(names) > 0 {
		b.line(here, "local %s = %s", strings.Join(names, ", "), strings.Join(reads, ", "))
	}
	s.readMany(b, here)
	skipped := s.skippable()
	for i, a := range s.Args {
		if i == skipped {
			s.openOptional(b, here, i)
		}
		if a.Many {
			s.checkMany(b, i, a)
			continue
		}
		s.checkArg(b, i, a, i >= skipped)
		for _, r := range s.Requires {
			if _, later := s.required(r); later == i && !s.inRange(r) {
				s.checkRequire(b, r)
			}
		}
	}
	if skipped < len(s.Args) {
		s.checkNumberOfArgs(b, here)
		b.line(here, "end")
	}
	s.checkNumberOfKeys(b, here)
	if skipped == len(s.Args) {
		s.checkNumberOfArgs(b, here)
	}

	lines := strings.Split(s.Source.Text, "\n")
	lines = slices.Replace(lines, s.arguments-1, s.arguments, b.lines...)
	s.Source = &Expanded{
		Text:  strings.Join(lines, "\n"),
		Lines: slices.Replace(slices.Clone(s.Source.Lines), s.arguments-1, s.arguments, b.origins...),
	}
	s.argumentsEnds = s.arguments + len(b.lines)
}

// checkArg reads an argument, and checks it. In an assigned one the local is there, with its default.
func (s *Script) checkArg(b *block, i int, a Arg, assigned bool) {
	at := Position{s.File, a.line}
	read := fmt.Sprintf("ARGV[%d]", i+1)
	switch {
	case assigned && a.Type == TypeInteger:
		s.checkOptionalInteger(b, at, a, read, i == s.skippable())
		return
	case assigned && i == s.skippable():
		b.line(at, "%s = %s", a.Name, read)
	case assigned:
		b.line(at, "%s = %s or %s", a.Name, read, a.Name)
	case !a.Optional:
		b.line(at, "local %s = %s", a.Name, read)
		b.refuse(at, "not "+a.Name, a.Name, "missing", "")
	case a.Type == TypeInteger:
		b.line(at, "local %s = %s", a.Name, read)
	default:
		b.line(at, "local %s = %s or %s", a.Name, read, a.luaDefault())
	}
	s.checkType(b, at, a, a.Name)
}

// checkValue makes a local of one of many, and checks it. shown is what messages call it.
func (s *Script) checkValue(b *block, at Position, a Arg, read, shown string) {
	b.line(at, "local %s = %s", a.Name, read)
	s.checkType(b, at, a, shown)
}

func (s *Script) checkType(b *block, at Position, a Arg, shown string) {
	switch a.Type {
	case TypeString:
		var outside []string
		if *a.Min > 0 {
			outside = append(outside, fmt.Sprintf("#%s < %d", a.Name, *a.Min))
		}
		outside = append(outside, fmt.Sprintf("#%s > %d", a.Name, *a.Max))
		b.refuse(at, strings.Join(outside, " or "), shown, fmt.Sprintf("must have %d to %d bytes, has ", *a.Min, *a.Max),
			"#"+a.Name)
	case TypeInteger:
		b.line(at, "local %s = %s", a.Name, a.toNumber(a.Name, !a.Optional))
		s.checkRange(b, at, a, a.Name, shown)
	case TypeEnum:
		var others []string
		for _, v := range a.Values {
			others = append(others, fmt.Sprintf("%s ~= %s", a.Name, luaQuote(v)))
		}
		b.refuse(at, strings.Join(others, " and "), shown, "must be "+orWords(a.Values), "")
	}
}

func (s *Script) checkRange(b *block, at Position, a Arg, local, shown string) {
	outside := fmt.Sprintf("not %[1]s or %[1]s > %[2]d", local, *a.Max)
	if *a.Min != 0 { // plain digits are never below it
		outside = fmt.Sprintf("not %[1]s or %[1]s < %[3]d or %[1]s > %[2]d", local, *a.Max, *a.Min)
	}
	why := fmt.Sprintf("must be an integer from %d to %d", *a.Min, *a.Max)
	conditions := s.conditions(a)
	if conditions == "" {
		b.refuse(at, outside, shown, why, "")
		return
	}
	b.line(at, "if %s or %s == 0 and %s then", outside, local, parenthesized(conditions))
	b.line(at, "  return redis.error_reply(%s .. (%s and 1 or 0) .. %s)",
		luaQuote("BADARG "+a.Name+": must be an integer from "), parenthesized(conditions),
		luaQuote(fmt.Sprintf(" to %d", *a.Max)))
	b.line(at, "end")
}

// conditions are those under which an integer must not be 0, as Lua, of those that are known when it is checked; "" for
// none.
func (s *Script) conditions(a Arg) string {
	var conditions []string
	for _, r := range s.Requires {
		if r.Arg == a.Name && s.inRange(r) {
			conditions = append(conditions, s.condition(r))
		}
	}
	return strings.Join(conditions, " or ")
}

// toNumber makes a number of plain decimal digits, and false or nil of all else: tonumber alone takes '0x10', '1e3' and
// ' 7 ' as well. The base is for engines that read 010 as 8 without it. More digits than the range has are refused. What
// was left out is its default, at no cost. The value goes into a local of its own, because gopher-lua leaves a local as it
// is in `n = n and false`. given says that it was not left out.
func (a Arg) toNumber(digits string, given bool) string {
	pattern, most, zero := "^%d+$", len(strconv.FormatInt(*a.Max, 10)), ""
	if *a.Min < 0 {
		pattern, most = "^%-?%d+$", max(most, len(strconv.FormatInt(*a.Min, 10)))
		zero = " + 0" // of -0
	}
	fallback := ""
	if !given {
		fallback = fmt.Sprintf("not %s and %v or ", digits, a.Default)
	}
	return fmt.Sprintf("%[1]s#%[2]s <= %[3]d and string.find(%[2]s, '%[4]s') and tonumber(%[2]s, 10)%[5]s",
		fallback, digits, most, pattern, zero)
}

// generated reports whether a line of the source is one of the checks.
func (s *Script) generated(line int) bool { return s.arguments <= line && line < s.argumentsEnds }

// required gives the places of the two arguments of a condition, in order.
func (s *Script) required(r Require) (first, later int) {
	a := slices.IndexFunc(s.Args, func(a Arg) bool { return a.Name == r.Arg })
	b := slices.IndexFunc(s.Args, func(a Arg) bool { return a.Name == r.When })
	return min(a, b), max(a, b)
}

// inRange reports whether a condition changes the range of an integer, and is known when that is checked.
func (s *Script) inRange(r Require) bool {
	_, later := s.required(r)
	return s.Args[later].Name == r.Arg && s.Args[later].Type == TypeInteger
}

// checkRequire writes a condition's check behind the later one of its arguments.
func (s *Script) checkRequire(b *block, r Require) {
	at, arg := Position{s.File, r.line}, s.arg(r.Arg)
	if arg.Type == TypeInteger {
		b.refuse(at, fmt.Sprintf("%s == 0 and %s", r.Arg, parenthesized(s.condition(r))), r.Arg,
			fmt.Sprintf("must be an integer from 1 to %d", *arg.Max), "")
		return
	}
	b.refuse(at, fmt.Sprintf("%s == '' and %s", r.Arg, parenthesized(s.condition(r))), r.Arg,
		"must be named when "+s.inWords(r), "")
}

// condition is it as Lua.
func (s *Script) condition(r Require) string {
	switch {
	case len(r.Values) == 0 && s.arg(r.When).Type == TypeInteger:
		return r.When + " ~= 0"
	case len(r.Values) == 0:
		return r.When + " ~= ''"
	}
	op, join := " == ", " or "
	if r.Not {
		op, join = " ~= ", " and "
	}
	var parts []string
	for _, v := range r.Values {
		parts = append(parts, r.When+op+luaQuote(v))
	}
	return strings.Join(parts, join)
}

func parenthesized(condition string) string {
	if strings.Contains(condition, " or ") {
		return "(" + condition + ")"
	}
	return condition
}

// inWords is the condition as messages have it.
func (s *Script) inWords(r Require) string {
	switch {
	case len(r.Values) == 0 && s.arg(r.When).Type == TypeInteger:
		return r.When + " is not 0"
	case len(r.Values) == 0:
		return r.When + " is named"
	case r.Not:
		return r.When + " is not " + orWords(r.Values)
	}
	return r.When + " is " + orWords(r.Values)
}

func orWords(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// meaning is what the header says of an argument, and when it is required.
func (s *Script) meaning(a Arg) string {
	var parts []string
	if a.Doc != "" {
		parts = append(parts, a.Doc)
	}
	for _, r := range s.Requires {
		if r.Arg == a.Name {
			parts = append(parts, "required when "+s.inWords(r))
		}
	}
	return strings.Join(parts, "; ")
}
