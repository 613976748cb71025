package gen

import (
	"bytes"
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

// Render gives every file of the output, by its path relative to Options.Root, and writes nothing.
func Render(o Options) (map[string][]byte, error) {
	m, err := Load(o)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, s := range m.Scripts {
		files[path.Join(o.Dist, s.Dist)] = []byte(s.Code.Text)
	}
	if files[path.Join(o.Dist, "manifest.json")], err = marshal(m.Manifest()); err != nil {
		return nil, err
	}
	for _, group := range m.packages() {
		bindings, err := renderPackage(o, group)
		if err != nil {
			return nil, err
		}
		for name, b := range bindings {
			files[path.Join(o.GoDir, group[0].pkg().goPackage(), name)] = b
		}
	}
	if files[o.Readme], err = renderDocs(o, m); err != nil {
		return nil, err
	}
	return files, nil
}

// Generate writes the output, and deletes what an earlier run wrote and this one does not.
func Generate(o Options) error {
	files, err := Render(o)
	if err != nil {
		return err
	}
	orphans, err := findOrphans(o, files)
	if err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(o.Root, filepath.FromSlash(name))
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, content) {
			continue // an untouched file keeps its time, and with it the caches of build tools
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	for _, name := range orphans {
		file := filepath.Join(o.Root, filepath.FromSlash(name))
		if err := os.Remove(file); err != nil {
			return err
		}
		// Its folders, as long as they are empty: the first that is not stops it.
		for dir := filepath.Dir(file); os.Remove(dir) == nil; dir = filepath.Dir(dir) {
		}
	}
	return nil
}

// Verify compares the output with what Generate would write: it finds what is missing, what is changed and what has no
// source any more. And it finds released scripts that changed.
func Verify(o Options) error {
	files, err := Render(o)
	if err != nil {
		return err
	}
	orphans, err := findOrphans(o, files)
	if err != nil {
		return err
	}
	var found []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := os.ReadFile(filepath.Join(o.Root, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found = append(found, fmt.Errorf("%s: missing; generate it", name))
		case err != nil:
			return err
		case !bytes.Equal(old, files[name]):
			found = append(found, fmt.Errorf("%s: not what is generated from the sources; generate again\n%s",
				name, diff(name, string(old), string(files[name]))))
		}
	}
	for _, name := range orphans {
		found = append(found, fmt.Errorf("%s: no source generates it; generate again, which deletes it", name))
	}
	return errors.Join(append(found, checkReleased(o))...)
}

// findOrphans lists what is in Dist, or carries the marker in a package below GoDir, and is not among files.
func findOrphans(o Options, files map[string][]byte) ([]string, error) {
	var orphans []string
	err := walk(o.Root, o.Dist, func(name string) error {
		if _, ok := files[name]; !ok {
			orphans = append(orphans, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = walk(o.Root, o.GoDir, func(name string) error {
		if _, ok := files[name]; ok || path.Ext(name) != ".go" {
			return nil
		}
		b, err := os.ReadFile(filepath.Join(o.Root, filepath.FromSlash(name)))
		if strings.HasPrefix(string(b), o.goMarker()) {
			orphans = append(orphans, name)
		}
		return err
	})
	return orphans, err
}

// walk calls f for every file below a folder, which need not exist.
func walk(root, folder string, f func(name string) error) error {
	top := filepath.Join(root, filepath.FromSlash(folder))
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(name))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
