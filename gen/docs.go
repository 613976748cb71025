package gen

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var section = regexp.MustCompile(`(?s)<!-- generated: ([^\n]*?) -->\n.*?<!-- end generated -->`)

// docSection is one generated part of the readme.
type docSection struct {
	name, text string
}

// renderDocs gives the readme with its generated sections brought up to date. Everything else stays as it is. A section
// that has no place yet is added at the end.
func renderDocs(o Options, m *Model) ([]byte, error) {
	old, err := os.ReadFile(filepath.Join(o.Root, filepath.FromSlash(o.Readme)))
	if os.IsNotExist(err) {
		old, err = []byte("# The scripts\n"), nil
	}
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(old), "\r\n", "\n")
	if strings.Count(text, "<!-- generated: ") != len(section.FindAllString(text, -1)) {
		return nil, fmt.Errorf("%s: a section is not ended; add a line <!-- end generated -->", o.Readme)
	}
	for _, s := range docSections(m) {
		text = replaceSection(text, s)
	}
	for _, found := range section.FindAllStringSubmatch(text, -1) {
		if !hasSection(m, found[1]) {
			return nil, fmt.Errorf("%s: nothing is generated for the section %q; delete it", o.Readme, found[1])
		}
	}
	return []byte(text), nil
}

func hasSection(m *Model, name string) bool {
	for _, s := range docSections(m) {
		if s.name == name {
			return true
		}
	}
	return false
}

func replaceSection(text string, s docSection) string {
	generated := fmt.Sprintf("<!-- generated: %s -->\n\n%s\n<!-- end generated -->", s.name, s.text)
	found := false
	text = section.ReplaceAllStringFunc(text, func(old string) string {
		if section.FindStringSubmatch(old)[1] != s.name {
			return old
		}
		found = true
		return generated
	})
	if !found {
		text += "\n## " + s.name + "\n\n" + generated + "\n"
	}
	return text
}

// docSections lists the sections: the keys and the ACL rule of each version of a primitive, and its scripts.
func docSections(m *Model) []docSection {
	var list []docSection
	for _, group := range m.packages() {
		id := group[0].pkg()
		if sameKeys(group) {
			list = append(list, docSection{id.String() + " keys", keysTable(group[0])})
		}
		for _, s := range group {
			list = append(list, docSection{fmt.Sprintf("%s v%d", s.Name(), s.Version), scriptDoc(s, sameKeys(group))})
		}
		list = append(list, docSection{id.String() + " acl", aclDoc(group)})
	}
	return list
}

func keysTable(s *Script) string {
	t := table{head: []string{"KEYS", "name", "type", "key", "holds"}}
	for i, k := range s.Keys {
		key := "the name itself"
		if k.Key != "{name}" {
			key = code(k.Key)
		}
		if k.Many {
			key += ", any number of them"
		}
		if k.Suffix != "" {
			key = "companion " + code(k.Suffix)
		}
		t.row(fmt.Sprint(i+1), k.Name, k.Type, key, k.Doc)
	}
	return t.String()
}

func scriptDoc(s *Script, sharedKeys bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", strings.Join(s.Doc, "\n"))
	fmt.Fprintf(&b, "Source: `%s`, SHA1 `%s`.%s\n\n", s.Dist, s.SHA1(), after(" ", strings.Join(s.notes(), " ")))
	if !sharedKeys {
		fmt.Fprintf(&b, "%s\n", keysTable(s))
	}
	if len(s.Args) > 0 {
		args := table{head: []string{"ARGV", "name", "type", "values", "default", "meaning"}}
		for i, a := range s.Args {
			args.row(fmt.Sprint(i+1), a.Name, a.Type, rangeDoc(a), defaultDoc(a), s.meaning(a))
		}
		fmt.Fprintf(&b, "%s\n", args)
	}
	replies := table{head: []string{"reply", "fields", "meaning"}}
	for _, r := range s.Replies {
		replies.row(code(r.Tag), fieldsDoc(r.Fields), r.Doc)
	}
	if s.Return != nil {
		fmt.Fprintf(&b, "Reply, without a tag: %s%s.\n", typeDoc(s.Return.Field), after("; ", s.Return.Doc))
	} else {
		fmt.Fprintf(&b, "%s\n", replies)
	}
	if len(s.Errors) > 0 {
		errs := table{head: []string{"error", "meaning"}}
		for _, e := range s.Errors {
			errs.row(code(e.Code), e.Doc)
		}
		fmt.Fprintf(&b, "%s\n", errs)
	}
	fmt.Fprintf(&b, "Commands: %s. ACL rule, where `{prefix}` is what the names begin with:\n\n%s",
		strings.Join(s.Commands, ", "), codeBlock(s.aclRule()))
	return b.String()
}

// aclDoc shows the rule for all scripts of a package, and the one for those that are read-only.
func aclDoc(group []*Script) string {
	least := readOnlyRule(group)
	if least == "" {
		return codeBlock(aclRule(group))
	}
	var names []string
	for _, s := range group {
		if s.ReadOnly {
			names = append(names, s.Name())
		}
	}
	return fmt.Sprintf("All of them, by EVALSHA:\n\n%s\n%s alone, by EVALSHA_RO:\n\n%s",
		codeBlock(aclRule(group)), strings.Join(names, ", "), codeBlock(least))
}

// notes are what a caller has to know of a script that its header says in a tag alone.
func (s *Script) notes() []string {
	var notes []string
	if s.Unsafe {
		notes = append(notes, "It is not safe to repeat: a call that may have run must not be sent again.")
	}
	if s.ReadOnly {
		notes = append(notes, "It is read-only: EVALSHA_RO calls it with the right to read its keys alone.")
	}
	return notes
}

func rangeDoc(a Arg) string {
	switch {
	case a.Type == TypeEnum:
		return code(strings.Join(a.Values, "`, `"))
	case a.Unit != "":
		return fmt.Sprintf("%d to %d %s", *a.Min, *a.Max, a.Unit)
	}
	return fmt.Sprintf("%d to %d", *a.Min, *a.Max)
}

func defaultDoc(a Arg) string {
	switch {
	case !a.Optional:
		if a.Many {
			return "any number of them"
		}
		return "required"
	case a.Default == "":
		return "empty"
	}
	return code(fmt.Sprint(a.Default))
}

func fieldsDoc(fields []Field) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%s (%s)", f.Name, typeDoc(f)))
	}
	return strings.Join(parts, ", ")
}

func code(s string) string      { return "`" + s + "`" }
func codeBlock(s string) string { return "    " + s + "\n" }

// table is a Markdown table.
type table struct {
	head []string
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t table) String() string {
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	line(t.head)
	fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(t.head)))
	for _, r := range t.rows {
		line(r)
	}
	return b.String()
}
