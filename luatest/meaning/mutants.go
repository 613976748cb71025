// Package meaning changes the Lua scripts by hand: each mutant is a bug that somebody in a hurry might write, as package
// mutation's are not, which change one token at a time. They were written from the scripts and the protocol alone, by
// somebody who had not seen the scenarios; those must notice them.
package meaning

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Mutant is a bug with a name.
type Mutant struct {
	Group  string // what it is about, one of its primitive's Groups
	Name   string // unique
	What   string // it does
	Script string // the verb of the only script that it changes; empty: every script that has the text
	Edits  []Edit
}

// Edit replaces a piece of a script, which stands there once. Lines are without indentation.
type Edit struct{ Old, New string }

// All lists the mutants of a primitive.
func All(p subject.Subject) ([]Mutant, error) {
	table, err := p.Table("mutants.txt")
	if err != nil {
		return nil, err
	}
	return parse(table)
}

func parse(table string) ([]Mutant, error) {
	var all []Mutant
	var group string
	var old, new []string
	flush := func() {
		if len(old)+len(new) > 0 {
			m := &all[len(all)-1]
			m.Edits = append(m.Edits, Edit{strings.Join(old, "\n"), strings.Join(new, "\n")})
			old, new = nil, nil
		}
	}
	known := map[string]bool{}
	for i, line := range strings.Split(table, "\n") {
		mark, text, _ := strings.Cut(line, " ")
		if group == "" && mark != "==" {
			continue // the description of the format
		}
		if mark == "-" && len(new) > 0 || mark == "#" || mark == "==" {
			flush()
		}
		if (mark == "-" || mark == "+" || mark == "@") && len(all) == 0 {
			return nil, fmt.Errorf("line %d: %q stands before the first mutant", i+1, line)
		}
		switch mark {
		case "":
		case "==":
			group = text
		case "#":
			name, what, ok := strings.Cut(text, ": ")
			if !ok || known[name] {
				return nil, fmt.Errorf("line %d: %q is no new name with a description", i+1, text)
			}
			known[name] = true
			all = append(all, Mutant{Group: group, Name: name, What: what})
		case "@":
			all[len(all)-1].Script = text
		case "-":
			old = append(old, text)
		case "+":
			new = append(new, text)
		default:
			return nil, fmt.Errorf("line %d: %q is no line of a mutant", i+1, line)
		}
	}
	flush()
	for _, m := range all {
		if len(m.Edits) == 0 || slices.ContainsFunc(m.Edits, func(e Edit) bool { return e.Old == "" || e.Old == e.New }) {
			return nil, fmt.Errorf("%s: edits nothing", m.Name)
		}
	}
	return all, nil
}

// Apply gives those of a primitive's scripts that the mutant changes, changed. They keep the SHA1 of the sound ones. A
// mutant that no longer fits is an error.
func (m Mutant) Apply(scripts []dist.Script) ([]dist.Script, error) {
	var changed []dist.Script
	for _, s := range scripts {
		if m.Script != "" && m.Script != subject.Verb(s) {
			continue
		}
		lines := strings.Split(s.Source, "\n")
		for i, line := range lines {
			lines[i] = strings.TrimLeft(line, "\t ")
		}
		source, made := strings.Join(lines, "\n"), 0
		for _, e := range m.Edits {
			switch n := strings.Count(source, e.Old); {
			case n > 1:
				return nil, fmt.Errorf("%s: %s has this %d times: write more of it: %q", m.Name, s.Name, n, e.Old)
			case n == 1:
				source = strings.Replace(source, e.Old, e.New, 1)
				made++
			}
		}
		if made != 0 && made != len(m.Edits) {
			return nil, fmt.Errorf("%s: %s has %d of its %d edits", m.Name, s.Name, made, len(m.Edits))
		}
		if made > 0 {
			s.Source = source
			changed = append(changed, s)
		}
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("%s: no script has its text any more: write it anew, or say why it is gone", m.Name)
	}
	return changed, nil
}

// Plant gives all of the scripts, those that the mutant changes changed, with SHA1s of their own.
func (m Mutant) Plant(scripts []dist.Script) ([]dist.Script, error) {
	changed, err := m.Apply(scripts)
	if err != nil {
		return nil, err
	}
	planted := slices.Clone(scripts)
	for _, c := range changed {
		i := slices.IndexFunc(planted, func(s dist.Script) bool { return s.SHA1 == c.SHA1 })
		sum := sha1.Sum([]byte(c.Source))
		c.SHA1 = hex.EncodeToString(sum[:])
		planted[i] = c
	}
	return planted, nil
}
