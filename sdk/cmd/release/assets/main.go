// Command assets writes what a release of the command carries besides the program: a manual page and shell completions.
//
//	go run ./sdk/cmd/release/assets DIRECTORY
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: assets DIRECTORY")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// shells and the names under which their completions are installed.
var shells = map[string]string{"bash": "redilock.bash", "zsh": "_redilock", "fish": "redilock.fish"}

func write(dir string) error {
	temp, err := os.MkdirTemp("", "redilock")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	program := filepath.Join(temp, "redilock")
	if out, err := exec.Command("go", "build", "-o", program, "./sdk/cmd/redilock").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for shell, name := range shells {
		script, err := exec.Command(program, "completion", shell).Output()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o644); err != nil {
			return err
		}
	}
	page, err := manual(func(command string) (string, error) {
		out, err := exec.Command(program, append(strings.Fields(command), "--help")...).Output()
		return string(out), err
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "redilock.1"), page, 0o644)
}

var subcommand = regexp.MustCompile(`(?m)^  ([a-z]+)(?:[ \[<(].*)?$`)

// manual makes one page of the help texts of the command and of its subcommands.
func manual(help func(command string) (string, error)) ([]byte, error) {
	top, err := help("")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	page.WriteString(".TH REDILOCK 1\n.SH NAME\nredilock \\- distributed locks on plain Redis or Valkey\n.SH DESCRIPTION\n")
	section := func(text string) { fmt.Fprintf(&page, ".nf\n%s\n.fi\n", escape(strings.TrimSpace(text))) }
	section(top)
	_, commands, _ := strings.Cut(top, "Commands:")
	seen := map[string]bool{}
	for _, found := range subcommand.FindAllStringSubmatch(commands, -1) {
		if name := found[1]; !seen[name] {
			seen[name] = true
			text, err := help(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(&page, ".SH %s\n", strings.ToUpper(name))
			section(text)
		}
	}
	if len(seen) == 0 {
		return nil, fmt.Errorf("the help text lists no commands")
	}
	return page.Bytes(), nil
}

// escape makes roff of plain text: no line is a request, no character an escape.
func escape(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
