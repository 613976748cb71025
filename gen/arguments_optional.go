package gen

import (
	"fmt"
	"slices"
	"strings"
)

// Arguments are told apart by their place, so a caller that leaves one out leaves out all behind it. A script that is called
// without any optional argument, which for most is the call that has to be fast, reads and checks none of them.

// skippable gives the first of the optional arguments that are checked together, or the number of all arguments where none
// are: where one of several would be skipped, or where the defaults do not fulfil a condition, so that leaving all of them
// out is wrong.
func (s *Script) skippable() int {
	first := slices.IndexFunc(s.Args, func(a Arg) bool { return a.Optional })
	if first < 0 || slices.ContainsFunc(s.Args, func(a Arg) bool { return a.Many }) {
		return len(s.Args)
	}
	for _, r := range s.Requires {
		if _, later := s.required(r); later >= first && !s.heldByDefault(r) {
			return len(s.Args)
		}
	}
	return first
}

// heldByDefault reports whether a condition holds whatever was given, if what is optional was not.
func (s *Script) heldByDefault(r Require) bool {
	when, arg := s.arg(r.When), s.arg(r.Arg)
	if arg.Optional && !isEmpty(arg.Default) {
		return true
	}
	if !when.Optional {
		return false
	}
	if len(r.Values) == 0 {
		return isEmpty(when.Default)
	}
	return slices.Contains(r.Values, fmt.Sprint(when.Default)) == r.Not
}

func isEmpty(value any) bool { return fmt.Sprint(value) == "" || fmt.Sprint(value) == "0" }

// openOptional declares the optional arguments with their defaults, and begins what is done where the first was given.
func (s *Script) openOptional(b *block, here Position, first int) {
	var names, defaults []string
	for _, a := range s.Args[first:] {
		names, defaults = append(names, a.Name), append(defaults, a.luaDefault())
	}
	b.line(here, "local %s = %s", strings.Join(names, ", "), strings.Join(defaults, ", "))
	b.line(here, "if ARGV[%d] then", first+1)
}

// checkOptionalInteger checks an integer before it takes the default's place. first says that it was given for certain.
func (s *Script) checkOptionalInteger(b *block, at Position, a Arg, read string, first bool) {
	b.line(at, "local given = %s", a.toNumber(read, first))
	s.checkRange(b, at, a, "given", a.Name)
	b.line(at, "%s = given", a.Name)
}

// luaDefault is the default as Lua.
func (a Arg) luaDefault() string {
	if a.Type == TypeInteger {
		return fmt.Sprint(a.Default)
	}
	return luaQuote(fmt.Sprint(a.Default))
}
