package engine

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// moduleVersion is the version of a module that this program is built with, without its v. A test program is not told
// what it is built with, but it runs in a folder below its go.mod.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(strings.TrimPrefix(line, "require ")); len(words) > 1 && words[0] == path {
				return strings.TrimPrefix(words[1], "v")
			}
		}
	}
	return "unknown"
}
