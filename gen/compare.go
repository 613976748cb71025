package gen

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// Diff shows how what is there differs from what Generate would write, as unified diffs without hunk heads; "" where it
// does not.
func Diff(o Options) (string, error) {
	files, err := Render(o)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := os.ReadFile(o.path(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if string(old) != string(files[name]) {
			out.WriteString(diff(name, string(old), string(files[name])) + "\n")
		}
	}
	strays, err := findStrays(o, files)
	if err != nil {
		return "", err
	}
	for _, name := range strays {
		out.WriteString("--- " + name + "\n+++ no source generates it\n")
	}
	return out.String(), nil
}
