package docs

import (
	"fmt"
	"regexp"
	"strings"
)

// Section is the text below a heading, up to the next of its level, in one line for each paragraph or item of a list.
func (p *Page) Section(heading string) []string {
	var items []string
	inside, begin := false, true
	for _, line := range p.Lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			inside = trimmed == "## "+heading
			begin = true
		case !inside || trimmed == "":
			begin = true
		case begin || itemStart.MatchString(line):
			items, begin = append(items, itemStart.ReplaceAllString(trimmed, "")), false
		default:
			items[len(items)-1] += " " + trimmed
		}
	}
	return items
}

var (
	itemStart   = regexp.MustCompile(`^(- |\d+\. )`)
	sentenceEnd = regexp.MustCompile(`\.(\*\*)? `)
)

// Sentences are those of a text. A heading of an item in bold is part of the first.
func Sentences(text string) []string {
	var all []string
	rest := text
	for {
		end := sentenceEnd.FindStringIndex(rest)
		if end == nil {
			return append(all, rest)
		}
		if strings.HasSuffix(rest[:end[1]], "** ") { // "**Fast.** Unlock hands …"
			next := sentenceEnd.FindStringIndex(rest[end[1]:])
			if next == nil {
				return append(all, rest)
			}
			end[1] += next[1]
		}
		all, rest = append(all, strings.TrimSpace(rest[:end[1]])), rest[end[1]:]
	}
}

// Claim is a row of a table of proofs.
type Claim struct {
	Line   int
	Quote  string // part of a sentence
	Proofs []string
}

var proof = regexp.MustCompile("`([^`]+)`")

// Claims are the rows of the page's tables.
func (p *Page) Claims() ([]Claim, error) {
	var claims []Claim
	for i, line := range p.Lines {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| sentence |") {
			continue
		}
		if len(cells) != 2 {
			return nil, fmt.Errorf("%s:%d: a row has a sentence and its proofs", p.Path, i+1)
		}
		c := Claim{Line: i + 1, Quote: strings.TrimSpace(cells[0])}
		for _, found := range proof.FindAllStringSubmatch(cells[1], -1) {
			c.Proofs = append(c.Proofs, found[1])
		}
		claims = append(claims, c)
	}
	return claims, nil
}
