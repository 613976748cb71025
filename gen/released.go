package gen

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// releasedFile is the JSON form of Options.Released.
type releasedFile struct {
	Schema   int   `json:"schema"`
	Released []pin `json:"released"`
}

// pin freezes one version of a script: its bytes, and what goes over the wire.
type pin struct {
	Name     string    `json:"name"`
	Version  int       `json:"version"`
	SHA1     string    `json:"sha1"`
	Keys     []Key     `json:"keys"`
	Args     []Arg     `json:"args"`
	Requires []Require `json:"requires,omitempty"`
	Replies  []Reply   `json:"replies"`
}

func pinOf(s ManifestScript) pin {
	p := pin{
		s.Name, s.Version, s.SHA1, slices.Clone(s.Keys), slices.Clone(s.Args), s.Requires, slices.Clone(s.Replies),
	}
	for i := range p.Keys {
		p.Keys[i].Doc = ""
	}
	for i := range p.Args {
		p.Args[i].Doc = ""
	}
	for i := range p.Replies {
		p.Replies[i].Doc = ""
	}
	return p
}

func (p pin) pins(s ManifestScript) bool { return p.Name == s.Name && p.Version == s.Version }

// shape is the wire shape of a pin, to compare.
func (p pin) shape() (string, error) {
	b, err := marshal([]any{p.Keys, p.Args, p.Requires, p.Replies})
	return string(b), err
}

func readReleased(o Options) (releasedFile, error) {
	f := releasedFile{Schema: manifestSchema}
	if o.Released == "" {
		return f, nil
	}
	b, err := os.ReadFile(filepath.Join(o.Root, filepath.FromSlash(o.Released)))
	if os.IsNotExist(err) || err == nil && strings.TrimSpace(string(b)) == "" {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("%s: %w", o.Released, err)
	}
	return f, nil
}

// checkReleased refuses a released script that is gone or not what it was.
func checkReleased(o Options) error {
	f, err := readReleased(o)
	if err != nil || len(f.Released) == 0 {
		return err
	}
	m, err := Load(o)
	if err != nil {
		return err
	}
	return f.check(m.Manifest())
}

func (f releasedFile) check(m Manifest) error {
	var found []error
	for _, was := range f.Released {
		at := slices.IndexFunc(m.Scripts, was.pins)
		if at < 0 {
			found = append(found, fmt.Errorf("%s v%d is released and cannot go; bring it back", was.Name, was.Version))
			continue
		}
		is := pinOf(m.Scripts[at])
		oldShape, err1 := was.shape()
		newShape, err2 := is.shape()
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		var change string
		switch {
		case oldShape != newShape:
			change = "its keys, arguments or replies"
		case was.SHA1 != is.SHA1:
			change = "its bytes"
		default:
			continue
		}
		found = append(found, fmt.Errorf("%s: %s v%d is released, and %s changed; bring it back and make v%d",
			m.Scripts[at].File, was.Name, was.Version, change, was.Version+1))
	}
	return errors.Join(found...)
}

// Pin freezes every script that is not released yet: [Verify] refuses a change of it from now on. It refuses when a
// released script has changed.
func Pin(o Options) error {
	f, err := readReleased(o)
	if err != nil {
		return err
	}
	m, err := Load(o)
	if err != nil {
		return err
	}
	manifest := m.Manifest()
	if err := f.check(manifest); err != nil {
		return err
	}
	for _, s := range manifest.Scripts {
		if !slices.ContainsFunc(f.Released, func(p pin) bool { return p.pins(s) }) {
			f.Released = append(f.Released, pinOf(s))
		}
	}
	slices.SortFunc(f.Released, func(a, b pin) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Version-b.Version)
	})
	b, err := marshal(f)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.Root, filepath.FromSlash(o.Released)), b, 0o644)
}
