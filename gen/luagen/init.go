package luagen

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed all:starter
var starter embed.FS

// Init writes a folder to start from: a configuration file and a script that works. It writes over nothing. It returns
// what it wrote.
func Init(dir string) (written []string, err error) {
	err = fs.WalkDir(starter, "starter", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, "starter/")))
		switch _, err := os.Lstat(file); {
		case err == nil:
			return fmt.Errorf("%s is there already; name an empty folder", file)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		written = append(written, file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, file := range written {
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return nil, err
		}
		text, err := starter.ReadFile("starter/" + filepath.ToSlash(rel))
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return nil, err
		}
	}
	return written, nil
}
