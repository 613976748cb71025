package gen

import (
	"fmt"
	"slices"
	"strings"
)

// stripped gives what is sent to a server: a line with the script's name and version, and its code without comments and
// empty lines. Indentation and spaces follow from the tokens alone, so that no edit of a comment changes the script's SHA1.
func stripped(s *Script) *Expanded {
	code := &Expanded{Lines: []Position{{s.File, 1}}}
	var text strings.Builder
	fmt.Fprintf(&text, "-- %s v%d", s.Name(), s.Version)
	var before, last token
	depth := 0 // of blocks and brackets
	for _, t := range inlined(tokens(s.Source.Text)) {
		if leaves(t) {
			depth--
		}
		switch {
		case t.newLine || len(code.Lines) == 1:
			text.WriteString("\n" + strings.Repeat("\t", max(depth, 0)))
			code.Lines = append(code.Lines, s.Source.Position(t.line))
		case spaced(before, last, t):
			text.WriteString(" ")
		}
		text.WriteString(t.text)
		for i := range strings.Count(t.text, "\n") { // a string of several lines
			code.Lines = append(code.Lines, s.Source.Position(t.line+i+1))
		}
		if enters(t) {
			depth++
		}
		before, last = last, t
	}
	text.WriteString("\n")
	code.Text = text.String()
	return code
}

// enters reports whether what follows a token is one deeper. The then of an elseif is one, and so the elseif leaves.
func enters(t token) bool {
	if t.kind == tokenKeyword {
		return slices.Contains([]string{"do", "else", "function", "repeat", "then"}, t.text)
	}
	return opens(t)
}

func leaves(t token) bool {
	if t.kind == tokenKeyword {
		return slices.Contains([]string{"else", "elseif", "end", "until"}, t.text)
	}
	return closes(t)
}

// spaced says whether there is a space between two tokens of a line, as people write Lua. before is the token in front of
// them: it tells a minus sign from a minus.
func spaced(before, last, next token) bool {
	switch next.text {
	case ",", ";", ")", "]":
		return last.text == "," // never two of them in valid code
	case "}":
		return false
	case "(":
		return last.kind == tokenKeyword && last.text != "function" ||
			last.kind == tokenSymbol && !closes(last) && !opens(last)
	case "[":
		return last.kind == tokenKeyword || last.kind == tokenSymbol && !closes(last) && !opens(last)
	case ".", ":":
		return last.kind == tokenNumber
	}
	switch {
	case opens(last) && last.text != "[", last.text == ".", last.text == ":", last.text == "#":
		return false
	case last.text == "[":
		return next.kind == tokenString // [ and [[ would be another token
	case last.text == "-" && unary(before):
		return next.text == "-"
	}
	return true
}

func opens(t token) bool {
	return t.kind == tokenSymbol && (t.text == "(" || t.text == "[" || t.text == "{")
}

func closes(t token) bool {
	return t.kind == tokenSymbol && (t.text == ")" || t.text == "]" || t.text == "}")
}

// unary reports whether a minus behind this token is a sign.
func unary(before token) bool {
	switch before.kind {
	case tokenSymbol:
		return !closes(before) && before.text != "..."
	case tokenKeyword:
		return before.text != "end" && before.text != "nil" && before.text != "true" && before.text != "false"
	}
	return false
}
