// Package docs reads the project's Markdown: the commands that it tells people to run, its links, and its tables of figures.
package docs

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Block is code: fenced, or indented by four spaces.
type Block struct {
	Line int    // of its first line, from 1
	Mark string // what the comment <!-- … --> in front of it says
	Go   bool   // it is fenced as Go
	Text string
}

// Page is one Markdown file.
type Page struct {
	Path   string
	Lines  []string // without what is in blocks
	Blocks []Block
}

var comment = regexp.MustCompile(`^<!-- (.*) -->$`)

// Read reads a file.
func Read(path string) (*Page, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &Page{Path: path, Lines: strings.Split(string(text), "\n")}
	p.cut()
	return p, nil
}

// cut moves the blocks out of the lines, which keep their numbers.
func (p *Page) cut() {
	mark, blank, fence := "", true, ""
	var open *Block
	for i, line := range p.Lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if trimmed == fence {
				fence, open = "", nil
			} else {
				open.Text += line + "\n"
			}
			p.Lines[i] = ""
			continue
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			p.Blocks = append(p.Blocks, Block{Line: i + 2, Mark: mark, Go: trimmed == "```go"})
			open, mark = &p.Blocks[len(p.Blocks)-1], ""
			p.Lines[i] = ""
			continue
		case strings.HasPrefix(line, "    ") && (open != nil || blank):
			if open == nil {
				p.Blocks = append(p.Blocks, Block{Line: i + 1, Mark: mark})
				open, mark = &p.Blocks[len(p.Blocks)-1], ""
			}
			open.Text += line[4:] + "\n"
			p.Lines[i] = ""
			continue
		}
		if blank = trimmed == ""; blank {
			continue
		}
		open = nil
		mark = ""
		if found := comment.FindStringSubmatch(trimmed); found != nil {
			mark = found[1]
		}
	}
}

// program is what begins a command line in this project's documents.
var program = regexp.MustCompile(`^([A-Z_]+=("[^"]*"|\S+) +)*` +
	`(go|redis-server|redis-cli|redilock|python3|pip|npm|node|cargo|mvn|luagen|mkdir|git|\.venv/\S+|\./\S+) `)

// Commands are the lines of a block that are to be run, or nothing where it holds something else.
func (b Block) Commands() []string {
	var commands []string
	for line := range strings.Lines(b.Text) {
		if line = strings.TrimSpace(strings.TrimPrefix(line, "$ ")); program.MatchString(line + " ") {
			commands = append(commands, line)
		}
	}
	return commands
}

// marks are how a block of commands says who runs it.
var marks = regexp.MustCompile(`^(run|tried: \S.*|not run: \S.{9,})$`)

// Unmarked are the blocks of commands that neither a test runs nor have the reason why not.
func (p *Page) Unmarked() []error {
	var found []error
	for _, b := range p.Blocks {
		if commands := b.Commands(); len(commands) > 0 && !marks.MatchString(b.Mark) {
			found = append(found, fmt.Errorf("%s:%d: %s: "+
				"put <!-- run -->, <!-- tried: TEST --> or <!-- not run: WHY --> in front of it",
				p.Path, b.Line, commands[0]))
		}
	}
	return found
}

var figure = regexp.MustCompile(`^[~<>≤≥]? ?[\d.,]+ ?(ms|s|µs|MiB|KiB|/s|k/s|×|%)$`)
var run = regexp.MustCompile("(?i)\\brevision `?[0-9a-f]{7,40}\\b|\\b20\\d\\d-[01]\\d-[0-3]\\d\\b")

// Undated are the tables of figures in sections that do not say of which revision or day the figures are. A figure is a
// number with a unit; three of them make a table of figures.
func (p *Page) Undated() []error {
	var found []error
	start, figures, dated := 0, 0, false
	end := func(next int) {
		if figures >= 3 && !dated {
			found = append(found, fmt.Errorf("%s:%d: "+
				"a table of figures that does not say which revision or day they are from",
				p.Path, start+1))
		}
		start, figures, dated = next, 0, false
	}
	for i, line := range p.Lines {
		if strings.HasPrefix(line, "#") {
			end(i)
		}
		dated = dated || run.MatchString(line)
		if strings.HasPrefix(line, "|") {
			for cell := range strings.SplitSeq(line, "|") {
				if figure.MatchString(strings.TrimSpace(cell)) {
					figures++
				}
			}
		}
	}
	end(len(p.Lines))
	return found
}

var link = regexp.MustCompile(`\[[^\]\n]*\]\(([^)\s]+)\)`)
var code = regexp.MustCompile("`[^`]*`")

// Link is where a page points to.
type Link struct {
	Line   int
	Target string
}

// Links are those outside of code.
func (p *Page) Links() []Link {
	var links []Link
	for i, line := range p.Lines {
		for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(line, "code"), -1) {
			links = append(links, Link{i + 1, found[1]})
		}
	}
	return links
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// Anchors are what links to headings of the page may name.
func (p *Page) Anchors() map[string]bool {
	anchors := make(map[string]bool)
	for _, line := range p.Lines {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			text := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			anchors[strings.ReplaceAll(text, " ", "-")] = true
		}
	}
	return anchors
}
