package sandbox

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFormat is string.format of Lua 5.1, which hands each directive to C's sprintf: a %s without a precision ends
// at a NUL byte when its argument has fewer than 100 bytes. gopher-lua's own hands them to Go's fmt.
func stringFormat(l *lua.LState) int {
	format := l.CheckString(1)
	var b strings.Builder
	next := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		start := i
		for i < len(format) && strings.IndexByte("-+ #0123456789.", format[i]) >= 0 {
			i++
		}
		if i == len(format) {
			l.RaiseError("invalid option '%%' to 'format'")
		}
		next++
		b.WriteString(directive(l, format[start:i], format[i], next))
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// directive formats argument n of the call with the flags and the verb of one directive.
func directive(l *lua.LState, flags string, verb byte, n int) string {
	switch verb {
	case 'd', 'i':
		return fmt.Sprintf("%"+flags+"d", truncate(checkNumber(l, n)))
	case 'u':
		return fmt.Sprintf("%"+flags+"d", uint64(truncate(checkNumber(l, n))))
	case 'c':
		return string([]byte{byte(truncate(checkNumber(l, n)))})
	case 'o', 'x', 'X':
		return fmt.Sprintf("%"+flags+string(verb), uint64(truncate(checkNumber(l, n))))
	case 'e', 'E', 'f', 'g', 'G':
		number := checkNumber(l, n)
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return formatNumber(number, 14)
		}
		if strings.IndexByte(flags, '.') < 0 && (verb == 'g' || verb == 'G') {
			flags += ".6" // C's default; Go's is the shortest form
		}
		return fmt.Sprintf("%"+flags+string(verb), number)
	case 'q':
		return quote(checkText(l, n))
	case 's':
		s := checkText(l, n)
		if strings.IndexByte(flags, '.') < 0 && len(s) >= 100 {
			return s
		}
		s, _, _ = strings.Cut(s, "\x00")
		return fmt.Sprintf("%"+flags+"s", s)
	}
	l.RaiseError("invalid option '%%%c' to 'format'", verb)
	return ""
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`).Replace(s) + `"`
}

// checkNumber is argument n of the call, a number or a string that reads as one; anything else is raised.
func checkNumber(l *lua.LState, n int) float64 {
	switch v := l.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if number, ok := parseNumber(string(v)); ok {
			return number
		}
	}
	l.ArgError(n, "number expected, got "+typeName(l, n))
	return 0
}

// checkText is argument n of the call, a string or a number; anything else is raised.
func checkText(l *lua.LState, n int) string {
	switch v := l.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return luaNumber(float64(v))
	}
	l.ArgError(n, "string expected, got "+typeName(l, n))
	return ""
}

func typeName(l *lua.LState, n int) string {
	if n > l.GetTop() {
		return "no value"
	}
	return l.Get(n).Type().String()
}
