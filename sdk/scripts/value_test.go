package scripts_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// TestValues reads what a script answers without a tag as each type, and refuses what is of another.
func TestValues(t *testing.T) {
	t.Parallel()
	reads := map[string]func(*scripts.Reply) any{
		"int":     func(r *scripts.Reply) any { return r.Whole().Int(0) },
		"string":  func(r *scripts.Reply) any { return r.Whole().String(0) },
		"float":   func(r *scripts.Reply) any { return r.Whole().Float(0) },
		"bool":    func(r *scripts.Reply) any { return r.Whole().Bool(0) },
		"int?":    func(r *scripts.Reply) any { return r.Whole().NullInt(0) },
		"ms?":     func(r *scripts.Reply) any { return r.Whole().NullMillis(0) },
		"string?": func(r *scripts.Reply) any { return r.Whole().NullString(0) },
		"float?":  func(r *scripts.Reply) any { return r.Whole().NullFloat(0) },
		"list":    func(r *scripts.Reply) any { return r.Whole().Strings(0) },
		"list?":   func(r *scripts.Reply) any { return r.Whole().NullStrings(0) },
		"map":     func(r *scripts.Reply) any { return r.Whole().Map(0) },
	}
	tests := []struct{ source, read, want string }{ // want: JSON, "" for a reply that is refused
		{`7`, "int", `7`}, {`'7'`, "int", ``}, {`false`, "int", ``},
		{`'x'`, "string", `"x"`}, {`{ok = 'OK'}`, "string", `"OK"`}, {`false`, "string", ``},
		{`'0.25'`, "float", `0.25`}, {`'x'`, "float", ``}, {`1`, "float", ``}, {`false`, "float", ``},
		{`true`, "bool", `true`}, {`false`, "bool", `false`}, {`1`, "bool", `true`}, {`0`, "bool", `false`},
		{`2`, "bool", ``}, {`'1'`, "bool", ``},
		{`false`, "int?", `null`}, {`3`, "int?", `3`}, {`'x'`, "int?", ``},
		{`5`, "ms?", `5000000`}, {`false`, "string?", `null`}, {`''`, "string?", `""`}, {`1`, "string?", ``},
		{`false`, "float?", `null`}, {`'1e3'`, "float?", `1000`},
		{`{}`, "list", `[]`}, {`{'a', 'b'}`, "list", `["a","b"]`}, {`{'a', false}`, "list", ``}, {`'a'`, "list", ``},
		{`{'a', false, 'c'}`, "list?", `["a",null,"c"]`},
		{`{'a', '1', 'b', '2'}`, "map", `{"a":"1","b":"2"}`},
		{`{'a'}`, "map", ``}, {`{}`, "map", `{}`}, {`{'a', 1}`, "map", ``},
	}
	rdb := client(t)
	for _, test := range tests {
		s := script("value.read", "return "+test.source)
		got, err := scripts.NewCall(s, []string{"k"}, nil, reads[test.read]).Do(t.Context(), rdb)
		if test.want == "" {
			if !errors.As(err, new(*scripts.ReplyError)) || got != nil {
				t.Errorf("%s as %s: %v, %v", test.source, test.read, got, err)
			}
			continue
		}
		if b, _ := json.Marshal(got); err != nil || string(b) != test.want {
			t.Errorf("%s as %s: %s, %v; want %s", test.source, test.read, b, err, test.want)
		}
	}
}
