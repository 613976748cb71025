// Package fuzz runs every fuzz target of the module, one after the other. They stand beside what they are about: those of a
// primitive's scripts in its folder, on a [Fixture], with what holds for all scripts ([Refused], [WellFormed]). Their
// seeds, and what was found to be worth keeping (testdata/fuzz), run with every `go test`.
package fuzz

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/testreport"
)

// Target is a fuzz target of a module.
type Target struct {
	Package string // its folder, relative to the module's, with ./ before it
	Name    string
}

// Targets finds the fuzz targets below the module's folder.
func Targets(root string) ([]Target, error) {
	var targets []Target
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "testdata" || d.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				targets = append(targets, Target{"./" + filepath.ToSlash(folder), f.Name.Name})
			}
		}
		return nil
	})
	return targets, err
}

// Run fuzzes every target of a module for a time each, as -fuzztime takes it: 30s, or 1000x. What go test says goes to
// out. A target that fails does not stop the others; its input is in the testdata of its package then, to be committed
// with the repair.
func Run(out io.Writer, root, each string) ([]testreport.Row, error) {
	targets, err := Targets(root)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("fuzz: no target below %s", root)
	}
	var rows []testreport.Row
	var errs []error
	for _, target := range targets {
		row := testreport.Row{Section: "fuzz inputs", Subject: target.Name}
		fmt.Fprintf(out, "%s in %s\n", target.Name, target.Package)
		inputs, err := target.run(out, root, each)
		row.Passed = inputs
		if err != nil {
			row.Failed = 1
			errs = append(errs, fmt.Errorf("%s in %s: %w", target.Name, target.Package, err))
		}
		row.Notes = []string{fmt.Sprintf("%s, %s", strings.TrimPrefix(target.Package, "./"), each)}
		rows = append(rows, row)
	}
	return rows, errors.Join(errs...)
}

var executed = regexp.MustCompile(`^fuzz: elapsed: .* execs: ([0-9]+) `)

// run gives the number of inputs that were tried.
func (t Target) run(out io.Writer, root, each string) (inputs int, err error) {
	// By default go test tries for a minute to make an input shorter that is new, and does nothing else meanwhile.
	cmd := exec.Command("go", "test", "-run=^$", "-fuzz=^"+t.Name+"$", "-fuzztime="+each, "-fuzzminimizetime=100x",
		t.Package)
	cmd.Dir = root
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		if m := executed.FindStringSubmatch(lines.Text()); m != nil {
			inputs, _ = strconv.Atoi(m[1])
		}
	}
	// What is left of an overlong line would keep go test from ending.
	_, _ = io.Copy(io.Discard, pipe)
	return inputs, errors.Join(lines.Err(), cmd.Wait())
}
