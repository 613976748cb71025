package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
)

// licences by a phrase that each has and none of the others.
var licences = map[string]string{
	"MIT":          "Permission is hereby granted, free of charge",
	"Apache-2.0":   "Apache License",
	"BSD-3-Clause": "Neither the name",
	"BSD-2-Clause": "Redistributions of source code",
}

func licencesIn(text string) []string {
	text = strings.Join(strings.Fields(text), " ")
	var found []string
	for name, phrase := range licences {
		if strings.Contains(text, phrase) && (name != "BSD-2-Clause" || !strings.Contains(text, licences["BSD-3-Clause"])) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// TestDependencies: CONTRIBUTING has the modules that a go.mod of this tree requires, each with its licence.
func TestDependencies(t *testing.T) {
	t.Parallel()
	page, err := docs.Read(filepath.Join(root, ".github/CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]string)
	for _, line := range page.Lines {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") && len(cells) == 3 {
			told[strings.Trim(cells[0], "|` ")] = strings.Trim(cells[2], "| ")
		}
	}
	required := make(map[string]bool)
	for _, mod := range files(t, "go.mod", "*/go.mod") {
		if strings.Contains(mod, "/testdata/") {
			continue
		}
		dir := filepath.Join(root, path.Dir(mod))
		names := direct(t, dir)
		folders := downloaded(t, dir, names)
		for _, name := range names {
			if strings.HasPrefix(name, "github.com/zferentz/go-redilock") {
				continue
			}
			required[name] = true
			if told[name] == "" {
				t.Errorf("%s requires %s, which CONTRIBUTING.md does not explain", mod, name)
				continue
			}
			says := strings.Split(told[name], " and ")
			slices.Sort(says)
			if found := licencesOf(t, folders[name]); found != nil && !slices.Equal(says, found) {
				t.Errorf("the licence of %s is %v; CONTRIBUTING.md says %s", name, found, told[name])
			}
		}
	}
	for name := range told {
		if !required[name] {
			t.Errorf("CONTRIBUTING.md explains %s, which no go.mod requires", name)
		}
	}
}

// direct are the modules that the go.mod of a folder requires itself.
func direct(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range mod.Require {
		if !r.Indirect {
			names = append(names, r.Path)
		}
	}
	return names
}

// downloaded are the folders of modules. Those that nothing needs that was built here have none.
func downloaded(t *testing.T, dir string, names []string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-m", "-f", "{{.Path}} {{.Dir}}"}, names...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Logf("go list in %s: %v", dir, err)
	}
	folders := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		folders[name] = folder
	}
	return folders
}

func licencesOf(t *testing.T, folder string) []string {
	t.Helper()
	if folder == "" {
		return nil
	}
	for _, file := range []string{"LICENSE", "LICENSE.md", "COPYING"} {
		if text, err := os.ReadFile(filepath.Join(folder, file)); err == nil {
			return licencesIn(string(text))
		}
	}
	t.Errorf("%s has no licence", folder)
	return nil
}
