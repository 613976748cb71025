package gen

import (
	"fmt"
	"strings"
)

// goFieldType is the Go type of a field, and what row says of a list's rows.
func goFieldType(f Field, row func(Field) string) string {
	var name string
	switch {
	case f.Type == TypeList:
		return "[]" + row(f)
	case f.Type == TypeStrings && f.Nullable:
		return "[]*string"
	case f.Type == TypeStrings:
		return "[]string"
	case f.Type == TypeMap:
		return "map[string]string"
	case f.Unit == UnitMillis:
		name = "time.Duration"
	default:
		name = map[string]string{
			TypeInteger: "int64", TypeFloat: "float64", TypeBoolean: "bool", TypeString: "string",
		}[f.Type]
	}
	if f.Nullable {
		return "*" + name
	}
	return name
}

// goRead is the method of scripts.Reply that reads a field.
func goRead(f Field) string {
	read := map[string]string{
		TypeInteger: "Int", TypeFloat: "Float", TypeBoolean: "Bool", TypeString: "String", TypeStrings: "Strings",
		TypeMap: "Map",
	}[f.Type]
	if f.Unit == UnitMillis {
		read = "Millis"
	}
	if f.Nullable {
		return "Null" + read
	}
	return read
}

// goOne is how one of many arguments is sent.
func goOne(a Arg) string {
	switch {
	case a.Type == TypeEnum:
		return "string(one)"
	case a.Unit == UnitMillis:
		return "one.Milliseconds()"
	}
	return "one"
}

// goReply is the type of what a script answers.
func (s *Script) goReply() string {
	verb := goName(s.Verb)
	if s.Return == nil {
		return verb + "Reply"
	}
	return goFieldType(s.Return.Field, func(Field) string { return verb + "Row" })
}

// untagged writes the decoder of a reply without a tag.
func (w *goWriter) untagged(s *Script) {
	verb, f := goName(s.Verb), s.Return.Field
	w.line("func decode%s(r *scripts.Reply) %s {", verb, s.goReply())
	if f.Type != TypeList {
		w.line("return r.Whole().%s(0)\n}", goRead(f))
		return
	}
	w.line("var rows %s\nr.Whole().Rows(0, %d, func(r *scripts.Reply) {", s.goReply(), len(f.Rows))
	w.line("rows = append(rows, %sRow{%s})\n})\nreturn rows\n}", verb, readFields(f.Rows, 0))
}

// typeDoc is a field's type as the tables have it.
func typeDoc(f Field) string {
	what := f.Type
	switch {
	case f.Type == TypeList:
		what = "list of arrays: " + fieldsDoc(f.Rows)
	case f.Type == TypeFloat:
		what = "float, as text"
	case f.Type == TypeBoolean:
		what = "1, or 0 or nil"
	case f.Type == TypeStrings:
		what = "array of strings"
	case f.Type == TypeMap:
		what = "array of names and values by turns"
	case f.Unit != "":
		what = strings.Join([]string{f.Type, f.Unit}, ", ")
	}
	if f.Nullable {
		what = fmt.Sprintf("%s, or nil", what)
	}
	return what
}
