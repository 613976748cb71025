// Package contents checks what a release has been made of, before anybody gets it.
package contents

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// platforms have an archive with the program; those of Linux packages as well.
var platforms = []string{
	"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64",
}

// Check looks at the folder that goreleaser has filled: an archive and a bill of materials for each platform, deb and rpm
// packages, the archive of the scripts, and a checksum of all. scripts is the folder lua/dist, of which the archive has
// every file.
func Check(release, scripts string) error {
	c := check{dir: release, summed: make(map[string]bool)}
	if err := c.sums(); err != nil {
		return err
	}
	share := []string{"share/redilock.1", "share/redilock.bash", "share/_redilock", "share/redilock.fish"}
	for _, platform := range platforms {
		want := append([]string{"LICENSE", "README.md", "CHANGELOG.md"}, share...)
		if strings.HasPrefix(platform, "windows") {
			c.holds("redilock_*_"+platform+".zip", inZip, append(want, "redilock.exe"))
		} else {
			c.holds("redilock_*_"+platform+".tar.gz", inTarGz, append(want, "redilock"))
		}
		c.bill("redilock_*_" + platform + ".cdx.json")
	}
	installed := []string{
		"usr/bin/redilock", "usr/share/man/man1/redilock.1", "usr/share/bash-completion/completions/redilock",
		"usr/share/zsh/vendor-completions/_redilock", "usr/share/fish/vendor_completions.d/redilock.fish",
		"usr/share/doc/redilock/copyright",
	}
	for _, arch := range []string{"amd64", "arm64"} {
		c.holds("redilock_*_linux_"+arch+".deb", inDeb, installed)
		c.holds("redilock_*_linux_"+arch+".rpm", inRPM, installed)
	}
	files := []string{"LICENSE", "lua/README.md"}
	err := filepath.WalkDir(scripts, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		within, err := filepath.Rel(scripts, path)
		files = append(files, "lua/dist/"+filepath.ToSlash(within))
		return err
	})
	c.problems = append(c.problems, err)
	c.holds("redilock_*_scripts.tar.gz", inTarGz, files)
	return errors.Join(c.problems...)
}

type check struct {
	dir      string
	summed   map[string]bool // the files of which checksums.txt has the right sum
	problems []error
}

func (c *check) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// sums reads the checksums, and compares them.
func (c *check) sums() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "checksums.txt"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			return fmt.Errorf("checksums.txt: %q", line)
		}
		content, err := os.ReadFile(filepath.Join(c.dir, fields[1]))
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != fields[0] {
			c.problem("the checksum of %s is wrong", fields[1])
		}
		c.summed[fields[1]] = true
	}
	return nil
}

// file is the one that fits a pattern, and stands in checksums.txt.
func (c *check) file(pattern string) (name string, content []byte) {
	found, err := filepath.Glob(filepath.Join(c.dir, pattern))
	if err != nil || len(found) != 1 {
		c.problem("there is not one %s but %d %v", pattern, len(found), err)
		return "", nil
	}
	name = filepath.Base(found[0])
	if !c.summed[name] {
		c.problem("checksums.txt does not have %s", name)
	}
	if content, err = os.ReadFile(found[0]); err != nil {
		c.problem("%w", err)
	}
	return name, content
}

// holds wants these files in an archive, and something in each of them.
func (c *check) holds(pattern string, list func([]byte) (map[string]int64, error), want []string) {
	name, content := c.file(pattern)
	if name == "" {
		return
	}
	sizes, err := list(content)
	if err != nil {
		c.problem("%s: %w", name, err)
		return
	}
	var missing []string
	for _, file := range want {
		if sizes[file] == 0 {
			missing = append(missing, file)
		}
	}
	if slices.Sort(missing); missing != nil {
		c.problem("%s lacks %s", name, strings.Join(missing, ", "))
	}
}

// bill wants a bill of materials that names what the program is made of.
func (c *check) bill(pattern string) {
	name, content := c.file(pattern)
	if name == "" {
		return
	}
	var bill struct {
		BOMFormat  string
		Components []struct{ Name string }
	}
	if err := json.NewDecoder(bytes.NewReader(content)).Decode(&bill); err != nil {
		c.problem("%s: %w", name, err)
		return
	}
	redis := slices.ContainsFunc(bill.Components, func(m struct{ Name string }) bool {
		return m.Name == "github.com/redis/go-redis/v9"
	})
	if bill.BOMFormat != "CycloneDX" || !redis {
		c.problem("%s is no bill of this program", name)
	}
}
