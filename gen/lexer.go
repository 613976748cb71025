package gen

import "strings"

// tokenKind is what matters of a token to those who put tokens side by side.
type tokenKind int

const (
	tokenName tokenKind = iota
	tokenKeyword
	tokenNumber
	tokenString
	tokenSymbol
)

// token is one token of a script, and where it stands.
type token struct {
	kind    tokenKind
	text    string
	at      int  // its first byte
	line    int  // from 1
	newLine bool // the first one of its line, as far as comments do not count
}

var luaKeywords = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true,
	"function": true, "if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true,
	"return": true, "then": true, "true": true, "until": true, "while": true,
}

// lexer takes a script apart that the parser has accepted.
type lexer struct {
	text string
	at   int
	line int
}

// tokens lists the tokens of a script. Comments are none.
func tokens(text string) []token {
	l := &lexer{text: text, line: 1}
	var list []token
	newLine := true
	for l.at < len(l.text) {
		start, line := l.at, l.line
		switch c := l.text[l.at]; {
		case c == '\n':
			newLine = true
			l.skip(1)
			continue
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			l.skip(1)
			continue
		case strings.HasPrefix(l.text[l.at:], "--"):
			l.comment()
			continue
		}
		kind := l.token()
		text := l.text[start:l.at]
		if kind == tokenName && luaKeywords[text] {
			kind = tokenKeyword
		}
		list = append(list, token{kind, text, start, line, newLine})
		newLine = false
	}
	return list
}

// skip goes on by n bytes and counts their lines.
func (l *lexer) skip(n int) {
	n = min(n, len(l.text)-l.at)
	l.line += strings.Count(l.text[l.at:l.at+n], "\n")
	l.at += n
}

// comment skips a comment. The newline that ends a short one is not part of it.
func (l *lexer) comment() {
	l.skip(len("--"))
	if n := longBracket(l.text[l.at:]); n > 0 {
		l.skip(n)
		return
	}
	n := strings.IndexByte(l.text[l.at:], '\n')
	if n < 0 {
		n = len(l.text) - l.at
	}
	l.skip(n)
}

// longBracket is the length of the [==[ … ]==] that a text begins with, or 0.
func longBracket(text string) int {
	if !strings.HasPrefix(text, "[") {
		return 0
	}
	level := len(text[1:]) - len(strings.TrimLeft(text[1:], "="))
	open := 1 + level + 1
	if len(text) < open || text[open-1] != '[' {
		return 0
	}
	end := strings.Index(text[open:], "]"+strings.Repeat("=", level)+"]")
	if end < 0 {
		return len(text)
	}
	return open + end + open
}

// symbols of more than one character, the longer ones first.
var symbols = []string{"...", "..", "==", "~=", "<=", ">=", "::"}

// token goes past one token.
func (l *lexer) token() tokenKind {
	rest := l.text[l.at:]
	c := rest[0]
	switch {
	case isLetter(c):
		l.skip(span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) }))
		return tokenName
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		l.skip(numberLength(rest))
		return tokenNumber
	case c == '"' || c == '\'':
		l.skip(quotedLength(rest))
		return tokenString
	}
	if n := longBracket(rest); n > 0 {
		l.skip(n)
		return tokenString
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			l.skip(len(s))
			return tokenSymbol
		}
	}
	l.skip(1)
	return tokenSymbol
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func span(text string, in func(byte) bool) int {
	n := 0
	for n < len(text) && in(text[n]) {
		n++
	}
	return n
}

// numberLength reads as Lua 5.1 does: digits and dots, an exponent with its sign, then letters and digits.
func numberLength(text string) int {
	n := span(text, func(c byte) bool { return isDigit(c) || c == '.' })
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		n++
		if n < len(text) && (text[n] == '+' || text[n] == '-') {
			n++
		}
	}
	return n + span(text[n:], func(c byte) bool { return isLetter(c) || isDigit(c) })
}

// quotedLength is that of the quoted string that a text begins with. A backslash takes the next byte in, newlines too.
func quotedLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}
