package gen

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// goWords are the words that Go writes in capitals.
var goWords = map[string]string{"id": "ID", "ttl": "TTL", "pttl": "PTTL", "url": "URL", "ip": "IP"}

// goName makes an exported name of snake_case or of a tag in capitals.
func goName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(name), "_") {
		if word == "" {
			continue
		}
		if known, ok := goWords[word]; ok {
			b.WriteString(known)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// goLocal makes an unexported name.
func goLocal(name string) string {
	first, rest, _ := strings.Cut(name, "_")
	return first + goName(rest)
}

// goPackage is the name of a package, and of its directory.
func (p pkgID) goPackage() string {
	return fmt.Sprintf("%sv%d", strings.ReplaceAll(p.primitive, "_", ""), p.version)
}

// goFile is the name of a script's file. It has no underscore: Go gives some endings a meaning.
func (s *Script) goFile() string { return strings.ReplaceAll(s.Verb, "_", "") + ".go" }

// sameKeys reports whether all scripts of a package have the same keys: then they share one type.
func sameKeys(group []*Script) bool {
	same := func(a, b Key) bool {
		return a.Name == b.Name && a.Key == b.Key && a.Many == b.Many && a.Suffix == b.Suffix
	}
	for _, s := range group {
		if !slices.EqualFunc(s.Keys, group[0].Keys, same) {
			return false
		}
	}
	return true
}

// goEnum is one enum type of a package.
type goEnum struct {
	name    string // of the type
	arg     Arg
	scripts []*Script // that take it
}

// goEnums lists the enum types of a package, sorted. An argument of the same name with the same values is one type;
// where the values differ each script has a type of its own, which begins with its verb.
func goEnums(group []*Script) []goEnum {
	var enums []goEnum
	for _, s := range group {
		for _, a := range s.Args {
			if a.Type != TypeEnum {
				continue
			}
			name := goName(a.Name)
			if !sharedEnum(group, a) {
				name = goName(s.Verb) + name
			}
			at := slices.IndexFunc(enums, func(e goEnum) bool { return e.name == name })
			if at < 0 {
				at = len(enums)
				enums = append(enums, goEnum{name: name, arg: a})
			}
			enums[at].scripts = append(enums[at].scripts, s)
		}
	}
	slices.SortFunc(enums, func(a, b goEnum) int { return strings.Compare(a.name, b.name) })
	return enums
}

func sharedEnum(group []*Script, enum Arg) bool {
	for _, s := range group {
		for _, a := range s.Args {
			same := slices.Equal(a.Values, enum.Values) && a.Default == enum.Default
			if a.Name == enum.Name && a.Type == TypeEnum && !same {
				return false
			}
		}
	}
	return true
}

// goNames lists what a package declares, each with the script to blame if it clashes.
func goNames(group []*Script) (names []string, owner []*Script) {
	add := func(s *Script, list ...string) {
		for _, name := range list {
			names, owner = append(names, name), append(owner, s)
		}
	}
	add(group[0], "Scripts", "file common.go", "file doc.go")
	if sameKeys(group) {
		add(group[0], "Keys", "KeysOf")
	}
	for _, e := range goEnums(group) {
		add(e.scripts[0], e.name)
		for _, v := range e.arg.Values {
			add(e.scripts[0], e.name+goName(v))
		}
	}
	sharedRows(group, func(s *Script, list Field) { add(s, goName(list.Name)+"Row") })
	for _, s := range group {
		verb := goName(s.Verb)
		add(s, verb, "New"+verb, verb+"Script", verb+"SHA1", verb+"Args", verb+"Reply", "file "+s.goFile())
		if s.Return != nil {
			add(s, verb+"Row")
		}
		if !sameKeys(group) {
			add(s, verb+"Keys", verb+"KeysOf")
		}
		for _, r := range s.Replies {
			add(s, verb+goName(r.Tag))
			for _, f := range r.Fields {
				if f.Type == TypeList && !sharedRow(group, f) {
					add(s, rowName(group, s, r, f))
				}
			}
		}
	}
	return names, owner
}

// checkGoNames refuses scripts whose bindings would declare a name twice.
func (m *Model) checkGoNames(problems *Problems) {
	packages := map[string]*Script{}
	for _, group := range m.packages() {
		taken := map[string]bool{}
		names, owners := goNames(group)
		for i, name := range names {
			if taken[name] {
				problems.add(Position{owners[i].File, 1}, ruleName, "rename a verb, tag, enum or field",
					"the Go package would declare %s twice", name)
			}
			taken[name] = true
		}
		m.checkMembers(group, problems)
		pkg := group[0].pkg().goPackage()
		if other := packages[pkg]; other != nil {
			problems.add(Position{group[0].File, 1}, ruleName, "rename a primitive",
				"its Go package %s is that of %s too", pkg, path.Dir(other.File))
		}
		packages[pkg] = group[0]
	}
}

// checkMembers refuses members of one struct that differ in underscores alone.
func (m *Model) checkMembers(group []*Script, problems *Problems) {
	for _, s := range group {
		unique := func(line int, names []string) {
			seen := map[string]bool{}
			for _, name := range names {
				if seen[goName(name)] {
					problems.add(Position{s.File, line}, ruleName, "rename one of them", "two Go fields %s", goName(name))
				}
				seen[goName(name)] = true
			}
		}
		var keys []string
		args := []string{"validate"} // the method
		for _, k := range s.Keys {
			keys = append(keys, k.Name)
		}
		for _, a := range s.Args {
			args = append(args, a.Name)
		}
		unique(1, keys)
		unique(1, args)
		for _, r := range s.Replies {
			unique(r.line, fieldNames(r.Fields))
			for _, f := range r.Fields {
				unique(r.line, fieldNames(f.Rows))
			}
		}
	}
}

func fieldNames(fields []Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}
