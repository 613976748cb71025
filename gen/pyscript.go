package gen

import (
	"fmt"
	"strings"
)

// script writes what one script needs: its text, its replies, and the function that makes a call of it.
func (w *pyWriter) script(o Options, group []*Script, s *Script) {
	verb := goName(s.Verb)
	if !sameKeys(group) {
		w.keys(verb+"Keys", s.Verb+"_keys_of", s)
	}
	w.replies(s)
	w.source(o, s)
	w.call(group, s)
}

func (w *pyWriter) source(o Options, s *Script) {
	w.line("\n\n_%s = _rt.Script(", strings.ToUpper(s.Verb))
	w.line("    name=%q,\n    version=%d,\n    sha1=%q,", s.Name(), s.Version, s.SHA1())
	if s.Unsafe {
		w.line("    unsafe=True,")
	}
	if s.ReadOnly && o.PythonEvalshaRO {
		w.line("    command=\"evalsha_ro\",")
	}
	w.line("    source=(")
	for _, line := range strings.SplitAfter(strings.TrimSuffix(s.Code.Text, "\n"), "\n") {
		w.line("        %s", pyBytes(strings.TrimSuffix(line, "\n")+"\n"))
	}
	w.line("    ),\n)")
}

// pyBytes is a literal of bytes.
func pyBytes(text string) string {
	var b strings.Builder
	b.WriteString(`b"`)
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// pyFieldType is the type of a field, and how it is read.
func pyFieldType(f Field, row string) (kind, read string) {
	switch f.Type {
	case TypeList:
		_, reads := pyFields(f.Rows, "")
		return "list[" + row + "]", "_rt.array(_rt.row(" + strings.Join(append([]string{row}, reads...), ", ") + "))"
	case TypeStrings:
		if f.Nullable {
			return "list[bytes | None]", "_rt.array(_rt.nullable(_rt.string))"
		}
		return "list[bytes]", "_rt.array(_rt.string)"
	case TypeMap:
		return "dict[bytes, bytes]", "_rt.mapping"
	case TypeString:
		kind, read = "bytes", "_rt.string"
	case TypeInteger:
		kind, read = "int", "_rt.integer"
	case TypeFloat:
		kind, read = "float", "_rt.number"
	case TypeBoolean:
		kind, read = "bool", "_rt.boolean"
	}
	if f.Nullable {
		return kind + " | None", "_rt.nullable(" + read + ")"
	}
	return kind, read
}

// pyFields gives the members of a class, and how each of them is read. The class of a list's rows begins with rows.
func pyFields(fields []Field, rows string) (members, reads []string) {
	for _, f := range fields {
		kind, read := pyFieldType(f, rows+goName(f.Name)+"Row")
		members = append(members, pyUnitName(f.Name, f.Unit)+": "+kind)
		reads = append(reads, read)
	}
	return members, reads
}

func (w *pyWriter) replies(s *Script) {
	verb := goName(s.Verb)
	if r := s.Return; r != nil {
		if r.Type == TypeList {
			members, _ := pyFields(r.Rows, "")
			w.class(verb+"Row", "One row of what "+s.Name()+" answers.", members)
		}
		return
	}
	var names, reads []string
	for _, r := range s.Replies {
		name := verb + goName(r.Tag)
		for _, f := range r.Fields {
			if f.Type == TypeList {
				members, _ := pyFields(f.Rows, "")
				w.class(name+goName(f.Name)+"Row", fmt.Sprintf("One of the %s of a %s.", f.Name, name), members)
			}
		}
		members, fields := pyFields(r.Fields, name)
		w.class(name, "The reply "+r.Tag+after(": ", r.Doc)+".", members)
		names = append(names, name)
		row := strings.Join(append([]string{name}, fields...), ", ")
		reads = append(reads, fmt.Sprintf("    %s: _rt.row(%s),", pyBytes(r.Tag), row))
	}
	w.line("\n\n%sReply = _t.Union[%s]\n", verb, strings.Join(names, ", "))
	w.line("_%sReplies = _rt.tagged({\n%s\n})", verb, strings.Join(reads, "\n"))
}

// call writes the function that makes a call.
func (w *pyWriter) call(group []*Script, s *Script) {
	verb, keysType := goName(s.Verb), "Keys"
	if !sameKeys(group) {
		keysType = verb + "Keys"
	}
	reply, read := verb+"Reply", "_"+verb+"Replies"
	if s.Return != nil {
		reply, read = pyFieldType(s.Return.Field, verb+"Row")
	}
	w.line("\n\ndef %s(\n    keys: %s,", pyName(s.Verb), keysType)
	if len(s.Args) > 0 {
		w.line("    *,")
	}
	for _, a := range s.Args {
		w.line("    %s: %s%s,", pyUnitName(a.Name, a.Unit), pyArgType(group, s, a), pyDefault(a))
	}
	w.line(") -> _rt.Call[%s]:", reply)
	w.doc("    ", strings.ReplaceAll(strings.Join(s.callDoc(), "\n    ")+"\n    ", "\n    \n", "\n\n"))
	var keys, args []string
	for _, k := range s.Keys {
		star := ""
		if k.Many {
			star = "*"
		}
		keys = append(keys, star+"keys."+pyName(k.Name))
	}
	for _, a := range s.Args {
		args = append(args, "        "+pyCheck(a)+",\n")
	}
	w.line("    return _rt.Call(_%s, [%s], [\n%s    ], %s)", strings.ToUpper(s.Verb), strings.Join(keys, ", "),
		strings.Join(args, ""), read)
}

func pyArgType(group []*Script, s *Script, a Arg) string {
	kind := "_rt.Text"
	switch {
	case a.Type == TypeEnum && sharedEnum(group, a):
		kind = goName(a.Name)
	case a.Type == TypeEnum:
		kind = goName(s.Verb) + goName(a.Name)
	case a.Type == TypeInteger:
		kind = "int"
	}
	if a.Many {
		return "_t.Iterable[" + kind + "]"
	}
	return kind
}

func pyDefault(a Arg) string {
	switch d := a.Default.(type) {
	case string:
		if a.Type == TypeEnum {
			return fmt.Sprintf(" = %q", d)
		}
		return " = " + pyBytes(d)
	case int64:
		return fmt.Sprint(" = ", d)
	}
	return ""
}

func pyCheck(a Arg) string {
	check, bounds := "_rt.text", ""
	switch a.Type {
	case TypeInteger:
		check = "_rt.whole"
	case TypeEnum:
		check, bounds = "_rt.one_of", goStrings(a.Values)
	}
	if bounds == "" {
		bounds = fmt.Sprint(*a.Min, ", ", *a.Max)
	}
	name := pyUnitName(a.Name, a.Unit)
	if a.Many {
		return fmt.Sprintf("*_rt.each(%q, %s, %s, %s)", a.Name, name, check, bounds)
	}
	return fmt.Sprintf("%s(%q, %s, %s)", check, a.Name, name, bounds)
}

// callDoc is what a caller has to know, line by line.
func (s *Script) callDoc() []string {
	lines := append([]string{}, s.Doc...)
	if len(s.Args) > 0 {
		lines = append(lines, "")
	}
	for _, a := range s.Args {
		var what string
		switch a.Type {
		case TypeEnum:
			what = strings.Join(a.Values, ", ")
		case TypeInteger:
			what = fmt.Sprintf("%d to %d", *a.Min, *a.Max)
		default:
			what = fmt.Sprintf("%d to %d bytes", *a.Min, *a.Max)
		}
		lines = append(lines, pyUnitName(a.Name, a.Unit)+": "+what+after("; ", s.meaning(a)))
	}
	if notes := s.notes(); len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	if len(s.Errors) > 0 {
		lines = append(lines, "", "Its errors, beside those of the server:")
	}
	for _, e := range s.Errors {
		lines = append(lines, e.Code+": "+e.Doc)
	}
	return lines
}
