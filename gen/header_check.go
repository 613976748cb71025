package gen

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// checkPlace holds name and version against the folder: primitive/vN/verb.lua.
func (p *headerParser) checkPlace() {
	s := p.s
	verb := strings.TrimSuffix(path.Base(s.File), ".lua")
	folder := path.Base(path.Dir(s.File))
	primitive := path.Base(path.Dir(path.Dir(s.File)))
	if s.Name() != primitive+"."+verb {
		p.problems.add(p.scriptAt, ruleHeader, "rename the one or the other",
			"a file %s/%s/%s.lua declares %s", primitive, folder, verb, s.Name())
	}
	if s.Version != 0 && folder != fmt.Sprintf("v%d", s.Version) {
		p.problems.add(p.scriptAt, ruleHeader, "correct @version or move the file",
			"a file in %s declares version %d", folder, s.Version)
	}
}

func (p *headerParser) checkDuplicates() {
	s := p.s
	taken := map[string]string{} // a name in its name space → what has it
	once := func(kind, space, name string, line int) {
		if other := taken[space+name]; other != "" {
			p.problems.add(Position{s.File, line}, ruleName, "rename one of them",
				"the %s %s has the name of another %s", kind, name, other)
			return
		}
		taken[space+name] = kind
	}
	for _, k := range s.Keys {
		once("key", "local ", k.Name, k.line)
		if k.Suffix != "" {
			once("suffix", "suffix ", k.Suffix, k.line)
		}
	}
	for _, a := range s.Args {
		once("argument", "local ", a.Name, a.line)
	}
	for _, b := range s.Publishes {
		once("pattern", "publish ", b.Pattern, b.line)
	}
	for _, r := range s.Replies {
		once("reply", "reply ", r.Tag, r.line)
	}
	for _, e := range s.Errors {
		once("error", "error ", e.Code, e.line)
	}
}

func (p *headerParser) checkFieldNames(pos Position, fields []Field) {
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Name] {
			p.problems.add(pos, ruleName, "rename one of them", "the field %s is there twice", f.Name)
		}
		seen[f.Name] = true
	}
}

// checkKeys wants one key that callers name: the companions of all the others are derived from it.
func (p *headerParser) checkKeys() {
	named := map[string]bool{}
	for _, k := range p.s.Keys {
		if k.Key != "" && named[k.Key] {
			p.problems.add(Position{p.s.File, k.line}, ruleKey, "make it a companion, or write another word in the braces",
				"a second key `%s`", k.Key)
		}
		if k.Key != "" {
			named[k.Key] = true
		}
		if k.Many && k.Suffix != "" {
			p.problems.add(Position{p.s.File, k.line}, ruleKey, "name them in braces", "any number of companions")
		}
	}
	if len(named) == 0 && len(p.s.Keys) == p.seen["key"] {
		p.problems.add(Position{p.s.File, 1},
			ruleKey, "declare one key as `{name}`: it says on which node a call runs", "no key `{name}`")
	}
}

func (p *headerParser) checkOptional() {
	optional := ""
	for i, a := range p.s.Args {
		switch {
		case a.Many && (a.Optional || optional != "" || i < len(p.s.Args)-1):
			p.problems.add(Position{p.s.File, a.line}, ruleArgument,
				"put it last, behind required arguments only, and give it no default",
				"any number of %s where others are optional or follow", a.Name)
		case a.Optional:
			optional = a.Name
		case optional != "":
			p.problems.add(Position{p.s.File, a.line}, ruleArgument,
				"give it a default, or move it before the optional ones",
				"%s is required but follows %s, which is optional", a.Name, optional)
		}
	}
}

// checkRequires resolves what the conditions name: both arguments must be there, and may be left out or be compared.
func (p *headerParser) checkRequires() {
	for i := range p.s.Requires {
		r := &p.s.Requires[i]
		pos := Position{p.s.File, r.line}
		arg, other := p.s.arg(r.Arg), p.s.arg(r.When)
		switch {
		case arg == nil:
			p.problems.add(pos, ruleRequire, "name an argument", "@require of %s, which is no argument", r.Arg)
		case other == nil:
			p.problems.add(pos, ruleRequire, "name an argument", "@require when %s, which is no argument", r.When)
		case arg.Many || other.Many:
			p.problems.add(pos, ruleRequire, "check it in the script",
				"@require with %s and %s, one of which is there any number of times",
				r.Arg, r.When)
		case arg == other:
			p.problems.add(pos, ruleRequire, "name another argument", "%s is required when it is there", r.Arg)
		case arg.Type == TypeEnum || *arg.Min != 0:
			p.problems.add(pos, ruleRequire,
				"let its range begin at 0: empty, or 0, is what it may only be when it is not required",
				"%s cannot be left empty", r.Arg)
		case other.Type != TypeEnum && len(r.Values) > 0:
			p.problems.add(pos, ruleRequire, "write when "+r.When, "%s is no enum, so it has no values to name", r.When)
		case other.Type == TypeEnum && len(r.Values) == 0:
			p.problems.add(pos, ruleRequire, "write when "+r.When+" value", "%s always has a value", r.When)
		case other.Type != TypeEnum && *other.Min != 0:
			p.problems.add(pos, ruleRequire, "delete the tag and raise the range's begin", "%s is never empty or 0", r.When)
		}
		if other == nil {
			continue
		}
		for _, v := range r.Values {
			if !slices.Contains(other.Values, v) && other.Type == TypeEnum {
				p.problems.add(pos, ruleRequire, "name one of "+strings.Join(other.Values, ", "),
					"%s is no value of %s", v, r.When)
			}
		}
	}
}

// checkArguments wants the place of the generated checks where there is something that only they can do.
func (p *headerParser) checkArguments() {
	if len(p.s.Requires) > 0 && p.s.arguments == 0 {
		p.problems.add(Position{p.s.File, p.s.Requires[0].line}, ruleRequire, "add a line "+argumentsTag+" below the header",
			"@require without generated checks")
	}
	if p.s.arguments == 0 {
		if len(p.s.Args) > 0 && !p.broken {
			p.problems.add(Position{p.s.File, p.s.Args[0].line}, ruleArgument,
				"add a line "+argumentsTag+" below the header",
				"arguments that nothing checks")
			p.broken = true
		}
		return
	}
	check := func(kind, name string, line int) {
		if luaKeywords[name] || name == "redis" || name == "string" || name == "tonumber" {
			p.problems.add(Position{p.s.File, line}, ruleName, "rename it",
				"the %s %s cannot be a local: Lua or the checks use that name", kind, name)
		}
	}
	for _, k := range p.s.Keys {
		check("key", k.Name, k.line)
	}
	for _, a := range p.s.Args {
		check("argument", a.Name, a.line)
	}
}
