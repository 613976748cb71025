package fuzz

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/resp"
)

var (
	code     = regexp.MustCompile(`^[A-Z][A-Z0-9]* `)
	luaError = regexp.MustCompile(`^ERR (@?user_script|<string>|bad argument|attempt to)|attempt to `)
)

// WellFormed says what is wrong with a reply: it is a declared tag, or an error with a code that is not Lua's own.
func WellFormed(s dist.Script, args []string, r resp.Reply) error {
	switch {
	case r.Kind == resp.KindError:
		if !code.MatchString(r.Text) {
			return fmt.Errorf("%s %q: an error without a code: %s", s.Name, args, r)
		}
		if luaError.MatchString(r.Text) {
			return fmt.Errorf("%s %q: an error of Lua: %s", s.Name, args, r)
		}
		return nil
	case r.Kind != resp.KindArray || len(r.Items) == 0 || r.Items[0].Kind != resp.KindString:
		return fmt.Errorf("%s %q: a reply without a tag: %s", s.Name, args, r)
	}
	for _, declared := range s.Replies {
		if declared.Tag == r.Items[0].Text {
			return nil
		}
	}
	return fmt.Errorf("%s %q: the reply %s is not declared", s.Name, args, r)
}

// Refused says what is wrong with a call, by the manifest. Empty: nothing.
func Refused(s dist.Script, keys int, args []string) string {
	if keys != len(s.Keys) {
		return "the number of keys"
	}
	if len(args) > len(s.Args) {
		return "the number of arguments"
	}
	value := map[string]string{}
	for i, arg := range s.Args {
		if i >= len(args) {
			if !arg.Optional {
				return arg.Name + " is missing"
			}
			continue
		}
		value[arg.Name] = args[i]
		if !within(arg, args[i]) {
			return arg.Name + " is out of its range"
		}
	}
	given := func(name string) bool {
		if argument(s, name).Type == "integer" {
			return strings.Trim(value[name], "0") != ""
		}
		return value[name] != ""
	}
	for _, r := range s.Requires {
		demanded := given(r.When)
		if len(r.Values) > 0 {
			byDefault, _ := argument(s, r.When).Default.(string)
			demanded = slices.Contains(r.Values, cmp.Or(value[r.When], byDefault)) != r.Not
		}
		if demanded && !given(r.Arg) {
			return r.Arg + " is required"
		}
	}
	return ""
}

func argument(s dist.Script, name string) dist.Arg {
	return s.Args[slices.IndexFunc(s.Args, func(a dist.Arg) bool { return a.Name == name })]
}

func within(arg dist.Arg, value string) bool {
	n := int64(len(value))
	switch arg.Type {
	case "enum":
		return slices.Contains(arg.Values, value)
	case "integer":
		if value == "" || len(value) > len(strconv.FormatInt(*arg.Max, 10)) || strings.Trim(value, "0123456789") != "" {
			return false
		}
		n, _ = strconv.ParseInt(value, 10, 64)
	}
	return (arg.Min == nil || n >= *arg.Min) && (arg.Max == nil || n <= *arg.Max)
}
