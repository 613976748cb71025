package sandbox

import (
	"math"
	"strconv"
	"strings"
)

// formatNumber prints a number as C's printf does with %.<digits>g.
func formatNumber(n float64, digits int) string {
	switch {
	case math.IsNaN(n) && math.Signbit(n):
		return "-nan" // what 0/0 makes on x86
	case math.IsNaN(n):
		return "nan"
	case math.IsInf(n, 1):
		return "inf"
	case math.IsInf(n, -1):
		return "-inf"
	}
	// The common case, an integer of few digits, without strconv's search for the shortest form.
	if i := int64(n); float64(i) == n && i > -1e14 && i < 1e14 && (i != 0 || !math.Signbit(n)) {
		return strconv.FormatInt(i, 10)
	}
	return strconv.FormatFloat(n, 'g', digits, 64)
}

// luaNumber prints a number as Lua 5.1's tostring and `..` do: %.14g, which gives a time in microseconds an exponent.
func luaNumber(n float64) string {
	if n == 0 {
		return "0" // a constant -0 is folded to 0 by a real server's compiler
	}
	return formatNumber(n, 14)
}

// argumentNumber prints a number as redis.call sends it. Redis 7.0 does this with %.17g; later servers print the
// shortest form, which is the same for every integer below 10^17.
func argumentNumber(n float64) string { return formatNumber(n, 17) }

// truncate makes the integer of a reply of a number, as the cast from double to long long does on the machines
// that servers run on: what does not fit becomes the lowest integer.
func truncate(n float64) int64 {
	if math.IsNaN(n) || n >= math.MaxInt64 || n < math.MinInt64 {
		return math.MinInt64
	}
	return int64(n)
}

// parseNumber reads a number from a string as Lua 5.1 does with the C library's strtod: white space around it, an
// exponent, a hexadecimal, inf and nan are numbers; what follows a NUL byte is not seen.
func parseNumber(s string) (float64, bool) {
	s, _, _ = strings.Cut(s, "\x00")
	s = strings.Trim(s, " \t\n\v\f\r")
	if s == "" || strings.ContainsRune(s, '_') {
		return 0, false
	}
	unsigned := strings.ToLower(strings.TrimLeft(s, "+-"))
	if len(s)-len(unsigned) > 1 {
		return 0, false
	}
	if strings.HasPrefix(unsigned, "0x") && !strings.ContainsRune(unsigned, 'p') {
		s += "p0" // Go wants an exponent on a hexadecimal, C does not
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) { // out of range is infinite in both
		return 0, false
	}
	return n, true
}
