package roster

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// home is the folder of a program in the user's cache, where it stays from run to run.
func home(name string) (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "redilock-bench", name), err
}

// installed writes the sources to the folder, and installs there, unless that was done with the very same sources.
func installed(dir string, sources embed.FS, root string, install func() error) error {
	mark := filepath.Join(dir, "installed")
	var all strings.Builder
	err := fs.WalkDir(sources, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := sources.ReadFile(path)
		if err != nil {
			return err
		}
		all.Write(text)
		to := filepath.Join(dir, strings.TrimPrefix(path, root))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	})
	if err != nil {
		return err
	}
	if got, err := os.ReadFile(mark); err == nil && string(got) == all.String() {
		return nil
	}
	if err := os.RemoveAll(mark); err != nil {
		return err
	}
	if err := install(); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(all.String()), 0o644)
}

// onPath says which program is not.
func onPath(programs ...string) error {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("no %s on PATH", program)
		}
	}
	return nil
}

// output runs a program in a folder. Its error has the end of what the program said.
func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	var said strings.Builder
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stderr = dir, &said
	out, err := cmd.Output()
	if err != nil {
		words := strings.Fields(string(out) + said.String())
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.Join(words[max(0, len(words)-24):], " "))
	}
	return strings.TrimSpace(string(out)), nil
}
