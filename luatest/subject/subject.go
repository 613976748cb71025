// Package subject describes a primitive to those who prove it: its scripts, the keys of a name, its scenarios, what it
// promises, and what is excused in each of the suites. Package subjects lists all that there are.
package subject

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/scenarios"
)

// Subject is one version of a primitive.
type Subject struct {
	Primitive string
	Version   int
	// Promises are those that the scenarios have to show, each of them: "M1", "M2".
	Promises []string
	// Silent are errors that a script makes, because a fragment does, and never answers: "shrink BADFENCE".
	Silent []string
	// Groups are what its mutants by hand are about.
	Groups []string
	// Tables has what the suites read: excused.txt (package coverage), equivalent.txt (mutation), mutants.txt and
	// unnoticed.txt (meaning).
	Tables fs.FS
}

// String is the primitive and the version: "mutex v1".
func (s Subject) String() string { return fmt.Sprintf("%s v%d", s.Primitive, s.Version) }

// Scripts are its own, in the order of the manifest.
func (s Subject) Scripts() ([]dist.Script, error) {
	all, err := dist.Load()
	if err != nil {
		return nil, err
	}
	return s.Own(all)
}

// Own are its own of some scripts. It is an error if it has none.
func (s Subject) Own(all []dist.Script) ([]dist.Script, error) {
	own := slices.DeleteFunc(slices.Clone(all), func(script dist.Script) bool {
		return !strings.HasPrefix(script.Name, s.Primitive+".") || script.Version != s.Version
	})
	if len(own) == 0 {
		return nil, fmt.Errorf("subject: %s has no script", s)
	}
	return own, nil
}

// Scenarios are those of its folder that are of its version. Each shows promises of its own.
func (s Subject) Scenarios() ([]scenario.Scenario, error) {
	all, err := scenario.Load(scenarios.Of(s.Primitive))
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Primitive != s.Primitive {
			return nil, fmt.Errorf("scenarios/%s/%s: a file of %s", s.Primitive, one.File, one.Primitive)
		}
		for _, promise := range one.Shows {
			if one.Version == s.Version && !slices.Contains(s.Promises, promise) {
				return nil, fmt.Errorf("scenarios/%s/%s: %s: %s promises no %q", s.Primitive, one.File, one.Name, s, promise)
			}
		}
	}
	return slices.DeleteFunc(all, func(one scenario.Scenario) bool { return one.Version != s.Version }), nil
}

// Keys are those of a name, and what each is called, in the order in which the scripts take them.
func (s Subject) Keys(name string) (keys, roles []string, err error) {
	scripts, err := s.Scripts()
	if err != nil {
		return nil, nil, err
	}
	return KeysOf(scripts[0], name)
}

// KeysOf are the keys of a name that a script takes, and what each is called.
func KeysOf(script dist.Script, name string) (keys, roles []string, err error) {
	for _, key := range script.Keys {
		full, err := scenario.KeyName(name, key.Suffix)
		if err != nil {
			return nil, nil, err
		}
		keys, roles = append(keys, full), append(roles, key.Name)
	}
	return keys, roles, nil
}

// Table is one of its Tables.
func (s Subject) Table(name string) (string, error) {
	text, err := fs.ReadFile(s.Tables, name)
	if err != nil {
		return "", fmt.Errorf("subject: %s: %w", s, err)
	}
	return string(text), nil
}

// Verb is the last word of a script's name.
func Verb(script dist.Script) string { return script.Name[strings.LastIndexByte(script.Name, '.')+1:] }
