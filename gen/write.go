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
)

// Render gives every file of the output, by its path relative to Options.Root, and writes nothing.
func Render(o Options) (map[string][]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
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
	if o.PythonDir != "" {
		modules, err := renderPython(o, m)
		if err != nil {
			return nil, err
		}
		maps.Copy(files, modules)
	}
	if files[o.Readme], err = renderDocs(o, m); err != nil {
		return nil, err
	}
	return files, nil
}

// Generate writes the output, and deletes what the last manifest lists and this output does not have. It touches nothing
// else: it refuses, before it writes anything, to write over a file that is not its own, and through a link.
func Generate(o Options) error {
	files, err := Render(o)
	if err != nil {
		return err
	}
	last, err := lastOutput(o)
	if err != nil {
		return err
	}
	stale, err := last.prepare(files)
	if err != nil {
		return err
	}
	for name, content := range files {
		file := o.path(name)
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, content) {
			continue // an untouched file keeps its time, and with it the caches of build tools
		}
		if err := replaceFile(file, content); err != nil {
			return err
		}
	}
	for _, name := range stale {
		if err := os.Remove(o.path(name)); err != nil {
			return err
		}
		// Its folders below Dist and those of the bindings, as long as they are empty: the first that is not stops it.
		tops := append(o.bindings(), o.Dist, ".")
		for dir := path.Dir(name); !slices.Contains(tops, dir); dir = path.Dir(dir) {
			if os.Remove(o.path(dir)) != nil {
				break
			}
		}
	}
	return nil
}

// replaceFile writes a file anew, with the rights that it had. What is a hard link of the old one stays as it is, and
// nobody sees half of the new one.
func replaceFile(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".luagen-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a file of our own
	}
	return err
}

// path is the name in the file system of one that is relative to Root.
func (o Options) path(name string) string { return filepath.Join(o.Root, filepath.FromSlash(name)) }

// Verify compares the output with what Generate would write: it finds what is missing, what is changed and what has no
// source any more. And it finds released scripts that changed.
func Verify(o Options) error {
	files, err := Render(o)
	if err != nil {
		return err
	}
	var found []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := os.ReadFile(o.path(name))
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
	strays, err := findStrays(o, files)
	if err != nil {
		return err
	}
	for _, name := range strays {
		found = append(found, fmt.Errorf("%s: no source generates it; generate again, which deletes it if it is in the "+
			"last manifest, or delete it or move it", name))
	}
	return errors.Join(append(found, checkReleased(o))...)
}

// bindings are the folders of the bindings.
func (o Options) bindings() []string {
	if o.PythonDir == "" {
		return []string{o.GoDir}
	}
	return []string{o.GoDir, o.PythonDir}
}

// findStrays lists what is in Dist, or carries the marker below a folder of bindings, and is not among files.
func findStrays(o Options, files map[string][]byte) ([]string, error) {
	var strays []string
	err := walk(o.Root, o.Dist, func(name string) error {
		if _, ok := files[name]; !ok {
			strays = append(strays, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, folder := range o.bindings() {
		err = walk(o.Root, folder, func(name string) error {
			if _, ok := files[name]; ok || path.Ext(name) != ".go" && path.Ext(name) != ".py" {
				return nil
			}
			b, err := os.ReadFile(o.path(name))
			if o.isMarked(name, string(b)) && !slices.Contains(strays, name) {
				strays = append(strays, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return strays, nil
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
