package gen

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// check refuses paths that would mix what is generated with what is not, or leave Root.
func (o Options) check() error {
	for _, p := range []struct{ option, name string }{
		{"Source", o.Source}, {"Dist", o.Dist}, {"GoDir", o.GoDir}, {"PythonDir", cmp.Or(o.PythonDir, "unused")},
		{"Readme", o.Readme},
	} {
		if !filepath.IsLocal(filepath.FromSlash(p.name)) || path.Clean(p.name) != p.name {
			return fmt.Errorf("%s is %q: write a slash-separated path below Root, with neither . nor .. in it",
				p.option, p.name)
		}
	}
	for _, p := range []struct{ option, name string }{
		{"Root", "."}, {"Source", o.Source}, {"GoDir", o.GoDir}, {"PythonDir", o.PythonDir},
		{"Readme", o.Readme}, {"Released", o.Released},
	} {
		if p.name != "" && within(o.Dist, p.name) {
			return fmt.Errorf("the folder Dist is %q, which holds %s (%q): give it a folder of its own", o.Dist,
				p.option, p.name)
		}
	}
	return nil
}

// within reports whether a path is a folder or below it.
func within(folder, name string) bool {
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}

// output is what an earlier run has written, as far as its manifest tells.
type output struct {
	o     Options
	files map[string]bool // that it wrote
}

// lastOutput reads the manifest that is there. Paths are made of names and versions anew: a manifest is no reason to touch
// anything that this generator would not have written.
func lastOutput(o Options) (output, error) {
	last := output{o, map[string]bool{}}
	name := path.Join(o.Dist, "manifest.json")
	if there, err := last.inspect(name); err != nil || !there {
		return last, err
	}
	b, err := os.ReadFile(o.path(name))
	if err != nil {
		return last, err
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return last, fmt.Errorf("%s: %w; mend it, or delete it and generate again", name, err)
	}
	if m.Schema == 0 || m.Scripts == nil {
		return last, fmt.Errorf("%s: not written by this generator; move it, or choose another Dist", name)
	}
	last.files[name] = true
	for _, listed := range m.Scripts {
		parts := scriptRest.FindStringSubmatch(listed.Name)
		if parts == nil || listed.Version < 1 {
			continue
		}
		s := &Script{Primitive: parts[1], Verb: parts[2], Version: listed.Version}
		last.files[path.Join(o.Dist, s.pkg().dir(), s.Verb+".lua")] = true
		for _, file := range []string{s.goFile(), "common.go", "doc.go"} {
			last.files[path.Join(o.GoDir, s.pkg().goPackage(), file)] = true
		}
		if o.PythonDir != "" {
			for _, file := range append([]string{s.pkg().pyFile()}, pyShared...) {
				last.files[path.Join(o.PythonDir, file)] = true
			}
		}
	}
	return last, nil
}

// prepare lists what has to be deleted for these files to be all. It refuses what is in the way of them.
func (out output) prepare(files map[string][]byte) (stale []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(out.files)) {
		if _, ok := files[name]; ok {
			continue
		}
		there, err := out.inspect(name)
		if err != nil {
			return nil, err
		}
		if there {
			stale = append(stale, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err := out.inspect(name); err != nil {
			return nil, err
		}
	}
	return stale, nil
}

// inspect reports whether there is such a file. It is an error if that is not one of this generator's, or no file in real
// folders: what a link leads to belongs to somebody else.
func (out output) inspect(name string) (there bool, err error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		at := strings.Join(parts[:i+1], "/")
		info, err := os.Lstat(out.o.path(at))
		last := i == len(parts)-1
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, err
		case info.Mode()&fs.ModeSymlink != 0:
			return false, fmt.Errorf("%s: a link; generated files go into real folders only", at)
		case !last && !info.IsDir():
			return false, fmt.Errorf("%s: a file where a folder is needed for %s; move it", at, name)
		case last && !info.Mode().IsRegular():
			return false, fmt.Errorf("%s: not a file; move it", at)
		case last && info.Mode()&0o200 == 0:
			return false, fmt.Errorf("%s: read-only; make it writable, or move it", at)
		}
	}
	if name == out.o.Readme || name == path.Join(out.o.Dist, "manifest.json") {
		return true, nil // of the one only sections are written, the other was read
	}
	b, err := os.ReadFile(out.o.path(name))
	if err != nil {
		return false, err
	}
	if !out.o.isMarked(name, string(b)) {
		return false, fmt.Errorf("%s: not written by this generator; move it", name)
	}
	return true, nil
}

// isMarked reports whether a file begins as this generator begins it.
func (o Options) isMarked(name, content string) bool {
	switch path.Ext(name) {
	case ".go":
		return strings.HasPrefix(content, o.goMarker())
	case ".py":
		return strings.HasPrefix(content, o.pyMarker())
	case ".lua":
		verb := strings.TrimSuffix(path.Base(name), ".lua")
		folder := path.Dir(name)
		primitive, version := path.Base(path.Dir(folder)), path.Base(folder)
		return strings.HasPrefix(content, fmt.Sprintf("-- %s.%s %s\n", primitive, verb, version))
	}
	return false
}
