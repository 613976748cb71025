package gen

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const includeTag = "---@include"

var includeLine = regexp.MustCompile(`^---@include ([a-z][a-z0-9_]*)$`)

// Expanded is the text of a script with its includes put in place, and where each of its lines comes from.
type Expanded struct {
	Text  string
	Lines []Position // Lines[i] is the origin of line i+1
}

// Position is the origin of a line of the text, counted from 1. A line past the end counts as the last.
func (e *Expanded) Position(line int) Position {
	line = min(max(line, 1), len(e.Lines))
	return e.Lines[line-1]
}

// expander expands the scripts of one folder.
type expander struct {
	root     string // the file system's root of all names
	problems *Problems
	used     map[string]bool // fragments that some script includes
}

func (x *expander) expand(script string) *Expanded {
	e := &Expanded{}
	var text strings.Builder
	x.splice(e, &text, script, path.Join(path.Dir(script), "include"), Position{script, 1}, nil, map[string]bool{})
	e.Text = text.String()
	return e
}

// splice appends file to e. open lists the files whose expansion has begun, done those that e has already.
func (x *expander) splice(
	e *Expanded, text *strings.Builder, file, folder string, from Position, open []string, done map[string]bool,
) {
	content, ok := x.read(file, from)
	if !ok {
		return
	}
	done[file] = true
	open = append(open, file)
	for i, line := range strings.Split(strings.TrimSuffix(content, "\n"), "\n") {
		pos := Position{file, i + 1}
		if !strings.HasPrefix(strings.TrimSpace(line), includeTag) {
			text.WriteString(line + "\n")
			e.Lines = append(e.Lines, pos)
			continue
		}
		m := includeLine.FindStringSubmatch(line)
		if m == nil {
			x.problems.add(pos, ruleInclude, "write it at the start of a line of its own, as ---@include name",
				"malformed include")
			continue
		}
		fragment := x.fragment(folder, m[1])
		x.used[fragment] = true
		switch {
		case slices.Contains(open, fragment):
			x.problems.add(pos, ruleInclude, "take one of the includes out", "include cycle: %s", cycle(open, fragment))
		case done[fragment]:
			x.problems.add(pos, ruleInclude, "include it once, before its first use", "%s is included twice", m[1])
		default:
			x.splice(e, text, fragment, folder, pos, open, done)
		}
	}
}

// fragment is the file of an include: of the script's own version, or else one that all primitives have in common.
func (x *expander) fragment(folder, name string) string {
	own := path.Join(folder, name+".lua")
	common := path.Join(path.Dir(path.Dir(path.Dir(folder))), "include", name+".lua")
	for _, file := range []string{own, common} {
		if _, err := os.Stat(filepath.Join(x.root, filepath.FromSlash(file))); err == nil {
			return file
		}
	}
	return own
}

func (x *expander) read(file string, from Position) (string, bool) {
	b, err := os.ReadFile(filepath.Join(x.root, filepath.FromSlash(file)))
	content := string(b)
	switch {
	case os.IsNotExist(err):
		x.problems.add(from, ruleInclude, "create it or correct the name", "there is no %s", file)
	case err != nil:
		x.problems.add(from, ruleInclude, "make it readable", "cannot read %s: %v", file, err)
	case content == "" || !strings.HasSuffix(content, "\n"):
		x.problems.add(Position{file, 1 + strings.Count(content, "\n")}, ruleText,
			"add a newline", "the last line has no end")
	default:
		at, remedy, message := unwritable(content)
		if at < 0 {
			return content, true
		}
		x.problems.add(Position{file, 1 + strings.Count(content[:at], "\n")}, ruleText, remedy, "%s", message)
	}
	return "", false
}

// unwritable finds what cannot be copied into the files that are generated. It returns -1 if there is no such thing.
func unwritable(content string) (at int, remedy, message string) {
	for i, r := range content {
		switch {
		case r == '\r':
			return i, "end lines with a newline alone", "carriage return"
		case r == utf8.RuneError && strings.HasPrefix(content[i:], "\uFFFD"):
		case r == utf8.RuneError:
			return i, "write the script in UTF-8, and other bytes of a string as \\ and three digits", "not UTF-8"
		case r == 0, r == '\uFEFF':
			return i, "take it out, or write it in a string as \\ and three digits", fmt.Sprintf("character %U", r)
		}
	}
	return -1, "", ""
}

// checkOrphans refuses fragments of a folder that no script includes.
func (x *expander) checkOrphans(folder string) {
	fragments, _ := filepath.Glob(filepath.Join(x.root, filepath.FromSlash(folder), "include", "*.lua"))
	for _, f := range fragments {
		name := path.Join(folder, "include", filepath.Base(f))
		if !x.used[name] {
			x.problems.add(Position{name, 1}, ruleInclude, "include it or delete it", "no script includes this fragment")
		}
	}
}

func cycle(open []string, again string) string {
	var names []string
	for _, f := range append(open[:len(open):len(open)], again) {
		names = append(names, strings.TrimSuffix(path.Base(f), ".lua"))
	}
	return strings.Join(names, " → ")
}
