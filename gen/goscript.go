package gen

import (
	"bytes"
	"fmt"
	"go/format"
	"path"
	"slices"
	"strconv"
	"strings"
)

// goWriter gathers one Go file.
type goWriter struct{ bytes.Buffer }

func (w *goWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// comment writes text as comment lines of at most 100 columns.
func (w *goWriter) comment(format string, args ...any) {
	line := "//"
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word) > 100 && line != "//" {
			w.line("%s", line)
			line = "//"
		}
		line += " " + word
	}
	w.line("%s", line)
}

// file gives the whole file: the marker, the package and its imports, and what was gathered.
func (w *goWriter) file(o Options, source string, id pkgID, imports ...string) ([]byte, error) {
	head := &goWriter{}
	head.line("%s%s; DO NOT EDIT.\n", o.goMarker(), source)
	head.line("package %s\n", id.goPackage())
	if len(imports) > 0 {
		head.line("import (\n%s\n)\n", strings.Join(imports, "\n"))
	}
	return format.Source(append(head.Bytes(), w.Bytes()...))
}

// renderScript gives the Go file of one script.
func renderScript(o Options, group []*Script, s *Script) ([]byte, error) {
	w := &goWriter{}
	w.constants(o, s)
	w.args(group, s)
	w.replies(group, s)
	w.calls(group, s)
	w.decoder(group, s)
	var imports []string
	if slices.ContainsFunc(s.Args, Arg.unsetIsDefault) {
		imports = append(imports, `"cmp"`)
	}
	imports = append(imports, `"context"`)
	if strings.Contains(w.String(), "time.Duration") {
		imports = append(imports, `"time"`)
	}
	imports = append(imports, "", strconv.Quote(o.GoRuntime))
	return w.file(o, s.File, s.pkg(), imports...)
}

func (w *goWriter) constants(o Options, s *Script) {
	verb, local := goName(s.Verb), goLocal(s.Verb)
	w.comment("%sSHA1 is what EVALSHA takes for %s, version %d.", verb, s.Name(), s.Version)
	w.line("const %sSHA1 = %q\n", verb, s.SHA1())
	w.line("const %sSource = \"\" +", local)
	lines := strings.SplitAfter(strings.TrimSuffix(s.Code.Text, "\n"), "\n")
	for i, line := range lines {
		if i == len(lines)-1 {
			w.line("%s\n", strconv.Quote(line+"\n"))
			break
		}
		w.line("%s +", strconv.Quote(line))
	}
	flags := ""
	if s.Unsafe {
		flags = ", Unsafe: true"
	}
	if s.ReadOnly && o.GoEvalshaRO {
		flags += ", ByRO: true"
	}
	w.line("var %sScript = &scripts.Script{Name: %q, Version: %d, SHA1: %sSHA1, Source: %sSource%s}\n",
		local, s.Name(), s.Version, verb, local, flags)
	w.comment("%sScript is the script itself, for those who load it ahead of its first call.", verb)
	w.line("func %sScript() *scripts.Script { return %sScript }\n", verb, local)
}

func (w *goWriter) args(group []*Script, s *Script) {
	w.comment("%sArgs are the arguments of %s.", goName(s.Verb), s.Name())
	w.line("type %sArgs struct {", goName(s.Verb))
	for i, a := range s.Args {
		if i > 0 {
			w.line("")
		}
		w.comment("%s", s.argDoc(a))
		w.line("%s %s", goName(a.Name), goArgType(group, s, a))
	}
	w.line("}\n")
	w.validate(group, s)
}

func goArgType(group []*Script, s *Script, a Arg) string {
	many := a.Many
	if a.Many = false; many {
		return "[]" + goArgType(group, s, a)
	}
	switch {
	case a.Type == TypeEnum && sharedEnum(group, a):
		return goName(a.Name)
	case a.Type == TypeEnum:
		return goName(s.Verb) + goName(a.Name)
	case a.Unit == UnitMillis:
		return "time.Duration"
	case a.Type == TypeInteger:
		return "int64"
	}
	return "string"
}

// argDoc says what a caller may pass.
func (s *Script) argDoc(a Arg) string {
	var what string
	switch {
	case a.Type == TypeEnum:
		what = "one of " + strings.Join(a.Values, ", ")
	case a.Unit == UnitMillis:
		what = fmt.Sprintf("from %d to %d ms, sent in whole milliseconds", *a.Min, *a.Max)
	case a.Type == TypeInteger:
		what = fmt.Sprintf("from %d to %d", *a.Min, *a.Max)
	default:
		what = fmt.Sprintf("%d to %d bytes", *a.Min, *a.Max)
	}
	doc := goName(a.Name) + " is " + what
	if about := s.meaning(a); about != "" {
		doc = goName(a.Name) + ": " + about + ". It is " + what
	}
	switch {
	case !a.Optional:
		return doc + "."
	case a.Type == TypeEnum:
		return fmt.Sprintf("%s; if unset, %v.", doc, a.Default)
	case a.Default == "" || a.Default == int64(0):
		return doc + "; optional."
	case a.unsetIsDefault():
		return fmt.Sprintf("%s; if unset, %v.", doc, a.Default)
	default:
		const note = "is for callers in other languages: here the zero value is sent as it is."
		if a.Type == TypeString {
			return fmt.Sprintf("%s. Its default, %q, %s", doc, a.Default, note)
		}
		return fmt.Sprintf("%s. Its default, %v, %s", doc, a.Default, note)
	}
}

func (w *goWriter) replies(group []*Script, s *Script) {
	verb := goName(s.Verb)
	if s.Return != nil {
		if s.Return.Type == TypeList {
			w.comment("%sRow is one row of what %s answers.", verb, s.Name())
			w.structType(verb+"Row", s.Return.Rows, nil)
		}
		return
	}
	var names []string
	for _, r := range s.Replies {
		names = append(names, verb+goName(r.Tag))
	}
	w.comment("%sReply is what %s answers: %s.", verb, s.Name(), orList(names))
	w.line("type %sReply interface{ %sReply() }\n", verb, goLocal(s.Verb))
	for i, r := range s.Replies {
		w.comment("%s is the reply %s%s.", names[i], r.Tag, after(": ", r.Doc))
		w.structType(names[i], r.Fields, func(f Field) string { return rowName(group, s, r, f) })
		w.line("func (%s) %sReply() {}\n", names[i], goLocal(s.Verb))
		for _, f := range r.Fields {
			if f.Type == TypeList && !sharedRow(group, f) {
				w.comment("%s is one of the %s of a [%s].", rowName(group, s, r, f), goName(f.Name), names[i])
				w.structType(rowName(group, s, r, f), f.Rows, nil)
			}
		}
	}
}

func (w *goWriter) structType(name string, fields []Field, row func(Field) string) {
	if len(fields) == 0 {
		w.line("type %s struct{}\n", name)
		return
	}
	w.line("type %s struct {", name)
	for _, f := range fields {
		note := ""
		if f.Unit == UnitMillis {
			note = " // in whole milliseconds"
		}
		w.line("%s %s%s", goName(f.Name), goFieldType(f, row), note)
	}
	w.line("}\n")
}

func after(sep, text string) string {
	if text == "" {
		return ""
	}
	return sep + text
}

// unsetIsDefault reports whether the zero value of an argument's field is sent as the default: where it is no value itself.
func (a Arg) unsetIsDefault() bool {
	return a.Optional && a.Type != TypeEnum && (*a.Min > 0 || *a.Max < 0)
}

func orList(names []string) string {
	all := "[" + strings.Join(names, "], [") + "]"
	if at := strings.LastIndex(all, ", "); at >= 0 {
		return all[:at] + " or " + all[at+2:]
	}
	return all
}

func (w *goWriter) calls(group []*Script, s *Script) {
	verb, keysType := goName(s.Verb), "Keys"
	if !sameKeys(group) {
		keysType = verb + "Keys"
		w.keysType(keysType, s)
	}
	var keys, args []string
	manyKeys := ""
	for _, k := range s.Keys {
		if k.Many {
			manyKeys = "keys." + goName(k.Name)
			continue
		}
		keys = append(keys, "keys."+goName(k.Name))
	}
	var many Arg
	for _, a := range s.Args {
		if a.Many {
			many = a
			continue
		}
		args = append(args, sent(a))
	}
	w.comment("New%s makes a call of %s, for [scripts.Pipeline] or the call's own Do.", verb, s.Name())
	w.line("func New%s(keys %s, args %sArgs) *scripts.Call[%s] {", verb, keysType, verb, s.goReply())
	keyList := fmt.Sprintf("[]string{%s}", strings.Join(keys, ", "))
	if manyKeys != "" {
		keyList = fmt.Sprintf("append(%s, %s...)", keyList, manyKeys)
	}
	argList := fmt.Sprintf("[]any{%s}", strings.Join(args, ", "))
	if many.Many {
		w.line("list := %s\nfor _, one := range args.%s {\nlist = append(list, %s)\n}", argList, goName(many.Name),
			goOne(many))
		argList = "list"
	}
	w.line("return scripts.NewCall(%sScript,\n%s,\n%s,\ndecode%s)\n}\n", goLocal(s.Verb), keyList, argList, verb)

	about := lowerFirst(strings.Join(append(slices.Clone(s.Doc), s.notes()...), " ")) + errorsDoc(s)
	w.comment("%s calls %s, version %d: %s", verb, s.Name(), s.Version, about)
	w.line("func %s(ctx context.Context, rdb scripts.Client, keys %s, args %sArgs) (%s, error) {",
		verb, keysType, verb, s.goReply())
	w.line("if err := args.Validate(); err != nil {\nvar none %s\nreturn none, err\n}", s.goReply())
	w.line("return New%s(keys, args).Do(ctx, rdb)\n}\n", verb)
}

func errorsDoc(s *Script) string {
	var parts []string
	for _, e := range s.Errors {
		parts = append(parts, e.Code+" ("+e.Doc+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return " Beside redis' own, its errors are " + strings.Join(parts, " and ") + "."
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func (w *goWriter) keysType(name string, s *Script) {
	w.comment("%s are the keys of %s. All of them must be in one slot of a cluster.", name, path.Dir(s.File))
	w.line("type %s struct {", name)
	for _, k := range s.Keys {
		what := "the name itself"
		if k.Key != "{name}" && k.Key != "" {
			what = k.Key
		}
		if k.Suffix != "" {
			what = "companion " + k.Suffix
		}
		kind := "string"
		if k.Many {
			kind, what = "[]string", "any number of them"
		}
		w.line("%s %s // %s, %s%s", goName(k.Name), kind, k.Type, what, after(": ", k.Doc))
	}
	w.line("}\n")
	w.keysOf(name, s)
}

func (w *goWriter) decoder(group []*Script, s *Script) {
	verb := goName(s.Verb)
	if s.Return != nil {
		w.untagged(s)
		return
	}
	w.line("func decode%s(r *scripts.Reply) %sReply {\nswitch r.Tag() {", verb, verb)
	for _, r := range s.Replies {
		name := verb + goName(r.Tag)
		w.line("case %q:\nif r.Len(%d) {", r.Tag, 1+len(r.Fields))
		lists := slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Type == TypeList })
		if !lists {
			w.line("return %s{%s}\n}", name, readFields(r.Fields, 1))
			continue
		}
		w.line("reply := %s{%s}", name, readFields(r.Fields, 1))
		for i, f := range r.Fields {
			if f.Type == TypeList {
				w.line("r.Rows(%d, %d, func(r *scripts.Reply) {", i+1, len(f.Rows))
				w.line("reply.%[1]s = append(reply.%[1]s, %[2]s{%[3]s})\n})", goName(f.Name), rowName(group, s, r, f),
					readFields(f.Rows, 0))
			}
		}
		w.line("return reply\n}")
	}
	w.line("default:\nr.Undeclared()\n}\nreturn nil\n}")
}

func readFields(fields []Field, from int) string {
	var parts []string
	for i, f := range fields {
		if f.Type != TypeList { // which is read on its own
			parts = append(parts, fmt.Sprintf("%s: r.%s(%d)", goName(f.Name), goRead(f), from+i))
		}
	}
	return strings.Join(parts, ", ")
}
