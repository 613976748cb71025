package scripts

import (
	"strconv"
	"time"
)

// Whole is the reply of a script that answers without a tag: as its only element.
func (r *Reply) Whole() *Reply {
	r.fields = []any{r.whole}
	return r
}

// Float is element i, a number as text.
func (r *Reply) Float(i int) float64 {
	switch v := r.fields[i].(type) {
	case float64:
		return v
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f
		}
	}
	r.Undeclared()
	return 0
}

// Bool is element i: 1 is true, 0 and nil are false, which is what Lua's true and false become.
func (r *Reply) Bool(i int) bool {
	switch v := r.fields[i].(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		if v == 0 || v == 1 {
			return v == 1
		}
	}
	r.Undeclared()
	return false
}

// NullString is element i, a string or nil.
func (r *Reply) NullString(i int) *string { return null(r, i, r.String) }

// NullInt is element i, an integer or nil.
func (r *Reply) NullInt(i int) *int64 { return null(r, i, r.Int) }

// NullMillis is element i, an integer of milliseconds or nil.
func (r *Reply) NullMillis(i int) *time.Duration { return null(r, i, r.Millis) }

// NullFloat is element i, a number as text, or nil.
func (r *Reply) NullFloat(i int) *float64 { return null(r, i, r.Float) }

func null[T any](r *Reply, i int, read func(int) T) *T {
	if r.fields[i] == nil {
		return nil
	}
	v := read(i)
	return &v
}

// Strings is element i, an array of strings.
func (r *Reply) Strings(i int) []string {
	return all(r, i, func(one *Reply, i int) string { return one.String(i) })
}

// NullStrings is element i, an array of strings, any of which may be nil.
func (r *Reply) NullStrings(i int) []*string {
	return all(r, i, func(one *Reply, i int) *string { return one.NullString(i) })
}

func all[T any](r *Reply, i int, read func(*Reply, int) T) []T {
	values, ok := r.fields[i].([]any)
	if !ok {
		r.Undeclared()
		return nil
	}
	one := &Reply{script: r.script, whole: r.whole, fields: values}
	list := make([]T, len(values))
	for j := range values {
		list[j] = read(one, j)
	}
	if one.err != nil {
		r.err = one.err
	}
	return list
}

// Map is element i, an array of names and values by turns.
func (r *Reply) Map(i int) map[string]string {
	list := r.Strings(i)
	if len(list)%2 != 0 {
		r.Undeclared()
		return nil
	}
	m := make(map[string]string, len(list)/2)
	for j := 0; j < len(list); j += 2 {
		m[list[j]] = list[j+1]
	}
	return m
}
