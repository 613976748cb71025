package scripts

import (
	"fmt"
	"strings"
	"time"
)

// ReplyError says that a script answered something its header does not declare. The SHA1 rules out another script, so it
// is a proxy in between, or a defect. It names the shape of the reply, not its strings: they
// may be tokens.
type ReplyError struct {
	Script string // name and version
	Reply  string // the tag, and the types of what follows
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("script %s: undeclared reply %s", e.Script, e.Reply)
}

// Reply is a script's answer while a binding takes it apart. The first thing that is not as declared becomes the
// call's error. It is for the generated bindings.
type Reply struct {
	script *Script
	whole  any
	fields []any
	err    error
}

func newReply(s *Script, whole any) *Reply {
	fields, _ := whole.([]any)
	return &Reply{script: s, whole: whole, fields: fields}
}

// Tag is the reply's first element, or "".
func (r *Reply) Tag() string {
	if len(r.fields) == 0 {
		return ""
	}
	tag, _ := r.fields[0].(string)
	return tag
}

// Len refuses a reply that has not n elements, its tag among them. It reports whether the rest may be read.
func (r *Reply) Len(n int) bool {
	if len(r.fields) != n {
		r.Undeclared()
		return false
	}
	return true
}

// Undeclared makes the whole reply an error.
func (r *Reply) Undeclared() {
	if r.err == nil {
		r.err = &ReplyError{Script: fmt.Sprintf("%s v%d", r.script.Name, r.script.Version), Reply: shape(r.whole, 0)}
	}
}

// Int is element i, an integer.
func (r *Reply) Int(i int) int64 {
	n, ok := r.fields[i].(int64)
	if !ok {
		r.Undeclared()
	}
	return n
}

// Millis is element i, an integer of milliseconds. Negative ones keep their special meaning: -1 is -1 ms.
func (r *Reply) Millis(i int) time.Duration { return time.Duration(r.Int(i)) * time.Millisecond }

// String is element i, a string.
func (r *Reply) String(i int) string {
	s, ok := r.fields[i].(string)
	if !ok {
		r.Undeclared()
	}
	return s
}

// Rows is element i, an array of rows of n elements each; row is called for every one of them.
func (r *Reply) Rows(i, n int, row func(*Reply)) {
	rows, ok := r.fields[i].([]any)
	if !ok {
		r.Undeclared()
		return
	}
	for _, fields := range rows {
		f, ok := fields.([]any)
		if !ok || len(f) != n {
			r.Undeclared()
			return
		}
		sub := Reply{script: r.script, whole: r.whole, fields: f}
		row(&sub)
		if sub.err != nil {
			r.err = sub.err
			return
		}
	}
}

// shape describes a reply without its strings, the tag excepted.
func shape(v any, depth int) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case int64:
		return "integer"
	case string:
		if depth == 1 && isTag(v) {
			return v
		}
		return "string"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			d := depth + 1
			if i > 0 {
				d++ // only the first element can be a tag
			}
			parts[i] = shape(e, d)
		}
		return "[" + strings.Join(parts, " ") + "]"
	default:
		return fmt.Sprintf("%T", v)
	}
}

func isTag(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}
