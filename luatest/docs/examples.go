package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// exampleMark names the function whose body a block of Go code is.
var exampleMark = regexp.MustCompile(`^example: (\S+) in (\S+)$`)

// Example is the function that the block shows, and its file; or "".
func (b Block) Example() (function, file string) {
	if found := exampleMark.FindStringSubmatch(b.Mark); found != nil {
		return found[1], found[2]
	}
	return "", ""
}

// Body is the code of a function in a Go file, without what every line of it is indented by.
func Body(file, function string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.ParseComments)
	if err != nil {
		return "", err
	}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == function {
			body := text[files.Position(f.Body.Lbrace).Offset+1 : files.Position(f.Body.Rbrace).Offset]
			return flush(strings.Trim(string(body), "\n")), nil
		}
	}
	return "", fmt.Errorf("%s has no function %s", file, function)
}

// flush takes from each line the indentation of the first.
func flush(text string) string {
	indent := text[:len(text)-len(strings.TrimLeft(text, "\t"))]
	lines := strings.Split(strings.TrimRight(text, "\n\t"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], indent)
	}
	return strings.Join(lines, "\n") + "\n"
}

// DocCode are the blocks of code in the documentation of the package in a folder, which is in its doc.go.
func DocCode(dir string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "doc.go"), nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var blocks []string
	code := ""
	for line := range strings.Lines(parsed.Doc.Text() + "\n") {
		if strings.HasPrefix(line, "\t") {
			code += line
		} else if code != "" {
			blocks, code = append(blocks, flush(code)), ""
		}
	}
	return blocks, nil
}

// Shown reports whether code stands in a text, line by line, at whatever depth.
func Shown(text, code string) bool {
	tidy := func(s string) string {
		lines := strings.Split(strings.TrimSpace(s), "\n")
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		return "\n" + strings.Join(lines, "\n") + "\n"
	}
	return strings.Contains(tidy(text), tidy(code))
}
