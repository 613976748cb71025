package docs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLines is how long a file may be that people write.
const maxLines = 400

// LongFiles fails on files of code below a folder that are longer than 400 lines.
func LongFiles(root string) error {
	var long []error
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "testdata" || d.Name() == ".git" || path == filepath.Join(root, "lua", "dist")) {
				return filepath.SkipDir
			}
			return err
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".lua" {
			return nil
		}
		text, err := os.ReadFile(path)
		if bytes.HasPrefix(text, []byte("// Code generated ")) {
			return err
		}
		if n := bytes.Count(text, []byte("\n")); n > maxLines {
			long = append(long, fmt.Errorf("%s has %d lines: split it, %d are enough", path, n, maxLines))
		}
		return err
	})
	return errors.Join(err, errors.Join(long...))
}
