// Package completion says how a command line that is being typed can go on, and teaches shells to ask.
package completion

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Word is one way to go on.
type Word struct {
	Text string
	Help string // a few words on it
}

// Words gives the ways to complete the last of args, which are the words after the program's name. None means: a file, or
// something that nobody can know.
func Words(app *kong.Application, args []string) []Word {
	if len(args) == 0 {
		args = []string{""}
	}
	last := args[len(args)-1]
	at := app.Node
	var value *kong.Flag // the one that the next word is the value of
	for _, word := range args[:len(args)-1] {
		switch {
		case word == "=": // bash makes three words of --flag=value
		case value != nil:
			value = nil
		case word == "--":
			return nil // the words of a command
		case strings.HasPrefix(word, "-"):
			value = valued(at, word)
		default:
			if child := childOf(at, word); child != nil {
				at = child
			}
		}
	}
	switch {
	case value != nil:
		return enum(value, strings.TrimPrefix(last, "="))
	case strings.HasPrefix(last, "-"):
		return flags(at, last)
	default:
		return children(at, last)
	}
}

// valued gives the flag that a word is, if its value is the next word.
func valued(at *kong.Node, word string) *kong.Flag {
	for _, group := range at.AllFlags(true) {
		for _, f := range group {
			long := word == "--"+f.Name
			short := f.Short != 0 && word == "-"+string(f.Short)
			if (long || short) && !f.IsBool() && !f.IsCounter() {
				return f
			}
		}
	}
	return nil
}

func childOf(at *kong.Node, name string) *kong.Node {
	for _, child := range at.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

func enum(f *kong.Flag, begun string) []Word {
	var words []Word
	for _, v := range f.EnumSlice() {
		if f.Enum != "" && strings.HasPrefix(v, begun) {
			words = append(words, Word{Text: v})
		}
	}
	return words
}

func flags(at *kong.Node, begun string) []Word {
	var words []Word
	for _, group := range at.AllFlags(true) {
		for _, f := range group {
			if name := "--" + f.Name; strings.HasPrefix(name, begun) {
				words = append(words, Word{Text: name, Help: summary(f.Help)})
			}
		}
	}
	return words
}

func children(at *kong.Node, begun string) []Word {
	var words []Word
	for _, child := range at.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, begun) {
			words = append(words, Word{Text: child.Name, Help: summary(child.Help)})
		}
	}
	if len(at.Children) > 0 || len(at.Positional) == 0 {
		return words
	}
	for _, v := range at.Positional[0].EnumSlice() {
		if at.Positional[0].Enum != "" && strings.HasPrefix(v, begun) {
			words = append(words, Word{Text: v})
		}
	}
	return words
}

// summary is the first sentence, as a shell has room for.
func summary(help string) string {
	help, _, _ = strings.Cut(help, ". ")
	help, _, _ = strings.Cut(help, "; ")
	return strings.TrimSuffix(help, ".")
}
