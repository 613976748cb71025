package gen

import (
	"fmt"
	"strconv"
	"strings"
)

// keysOf writes the constructor of a script's keys from what callers name.
func (w *goWriter) keysOf(typeName string, s *Script) {
	var names, params, suffixes, members, checks []string
	for _, k := range s.Keys {
		dots := ""
		if k.Many {
			dots = "..."
		}
		if k.Suffix == "" {
			lo, hi := k.bounds()
			checks = append(checks, fmt.Sprintf("scripts.CheckNames(%d, %d, %s%s)", lo, hi, goParam(k), dots))
		}
		switch {
		case k.Suffix != "":
			members = append(members, fmt.Sprintf("%s: companions[%d]", goName(k.Name), len(suffixes)))
			suffixes = append(suffixes, strconv.Quote(k.Suffix))
		case k.Many:
			params = append(params, goParam(k)+" ...string")
			members = append(members, fmt.Sprintf("%s: %s", goName(k.Name), goParam(k)))
		default:
			names = append(names, goParam(k))
			params = append(params, goParam(k)+" string")
			members = append(members, fmt.Sprintf("%s: %s", goName(k.Name), goParam(k)))
		}
	}
	if len(names) == 0 {
		return // any number of keys, and no companion: there is nothing to make
	}
	what := "the names that callers give"
	if len(suffixes) > 0 {
		what += "; the companions are those of the first, in its slot of a cluster"
	}
	w.comment("%sOf gives the keys of %s. Its error is a [*scripts.NameError].", typeName, what)
	w.line("func %sOf(%s) (%s, error) {", typeName, strings.Join(params, ", "), typeName)
	check := checks[0]
	if len(checks) > 1 {
		check = "scripts.First(" + strings.Join(checks, ", ") + ")"
	}
	w.line("if err := %s; err != nil {\nreturn %s{}, err\n}", check, typeName)
	if len(suffixes) > 0 {
		w.line("companions, err := scripts.Companions(%s)\nif err != nil {\nreturn %s{}, err\n}",
			strings.Join(append([]string{names[0]}, suffixes...), ", "), typeName)
	}
	w.line("return %s{%s}, nil\n}\n", typeName, strings.Join(members, ", "))
}

// goParam is the parameter for a key, which begins with what is in its braces: that is no Go keyword behind the prefix.
func goParam(k Key) string {
	if k.Key == "{name}" {
		return "name"
	}
	return goLocal(strings.Trim(k.Key, "{}")) + "Name"
}

// validate writes the method that checks arguments before they are sent.
func (w *goWriter) validate(group []*Script, s *Script) {
	verb := goName(s.Verb)
	w.comment("Validate checks the range of each argument, as the script does. Its error is a [*scripts.ArgError].")
	if len(s.Args) == 0 {
		w.line("func (args %sArgs) Validate() error { return nil }\n", verb)
		return
	}
	w.line("func (args %sArgs) Validate() error {\nreturn scripts.First(", verb)
	for _, a := range s.Args {
		if !a.Many {
			w.line("%s,", s.goCheck(a, sent(a)))
			continue
		}
		one := a
		one.Many = false
		w.line("scripts.CheckEach(%q, %q, args.%s, func(one %s) error {\nreturn %s\n}),", s.Name(), a.Name, goName(a.Name),
			goArgType(group, s, one), s.goCheck(a, goOne(a)))
	}
	w.line(")\n}\n")
}

func (s *Script) goCheck(a Arg, value string) string {
	switch a.Type {
	case TypeInteger:
		return fmt.Sprintf("scripts.CheckInt(%q, %q, %s, %d, %d)", s.Name(), a.Name, value, *a.Min, *a.Max)
	case TypeEnum:
		return fmt.Sprintf("scripts.CheckEnum(%q, %q, %s, %s)", s.Name(), a.Name, value, goStrings(a.Values))
	}
	return fmt.Sprintf("scripts.CheckBytes(%q, %q, %s, %d, %d)", s.Name(), a.Name, value, *a.Min, *a.Max)
}

func goStrings(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return strings.Join(quoted, ", ")
}

// sent is what a binding sends for an argument.
func sent(a Arg) string {
	arg := "args." + goName(a.Name)
	switch {
	case a.Type == TypeEnum && a.Optional:
		arg += ".orDefault()"
	case a.Type == TypeEnum:
		arg = "string(" + arg + ")"
	case a.Unit == UnitMillis:
		arg += ".Milliseconds()"
	}
	if a.unsetIsDefault() {
		arg = fmt.Sprintf("cmp.Or(%s, %#v)", arg, a.Default)
	}
	return arg
}
