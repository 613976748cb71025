package gen

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// example makes a script of the part of one: what it leaves out of the header is added.
func example(part string) string {
	var header, body []string
	for line := range strings.SplitSeq(part, "\n") {
		below := strings.HasPrefix(line, "---@arguments") || strings.HasPrefix(line, "---@include")
		if strings.HasPrefix(line, "---@") && !below {
			header = append(header, line)
		} else {
			body = append(body, line)
		}
	}
	head := "---@script rule.example\n---@version 1\n---An example.\n"
	if !strings.Contains(part, "---@key") {
		head += "---@key total counter `{name}`\n"
	}
	if !strings.Contains(part, "---@return") {
		head += "---@return integer\n"
	}
	if last := len(body) - 1; last >= 0 && strings.HasPrefix(body[last], "return ") {
		body = slices.Insert(body, last, "redis.call('EXISTS', KEYS[1])")
	} else {
		body = append(body, "return redis.call('EXISTS', KEYS[1])")
	}
	return head + strings.Join(append(header, body...), "\n") + "\n"
}

// TestRules: the example of each rule breaks that one and no other, what it should be is accepted, and every code of a
// message is a rule's.
func TestRules(t *testing.T) {
	t.Parallel()
	load := func(text string) error {
		root := t.TempDir()
		writeFiles(t, root, map[string][]byte{"lua/rule/v1/example.lua": []byte(text)})
		_, err := Render(optionsFor(root))
		return err
	}
	for _, r := range Rules() {
		var problems Problems
		if err := load(example(r.Bad)); !errors.As(err, &problems) {
			t.Errorf("%s: accepted: %v\n%s", r.Code, err, example(r.Bad))
		}
		for _, p := range problems {
			if p.Code != r.Code {
				t.Errorf("%s: its example is refused for %s: %s", r.Code, p.Code, p)
			}
		}
		if err := load(example(r.Good)); err != nil {
			t.Errorf("%s: what is good: %v\n%s", r.Code, err, example(r.Good))
		}
		if found, ok := Explain(strings.ToUpper(r.Code)); !ok || !strings.Contains(found.String(), r.Reason) {
			t.Errorf("%s is not explained", r.Code)
		}
	}
	broken := map[string]bool{}
	for _, dir := range cases(t) {
		_, err := Render(optionsFor(dir))
		var problems Problems
		errors.As(err, &problems)
		for _, p := range problems {
			broken[p.Code] = true
			if _, ok := Explain(p.Code); !ok {
				t.Errorf("%s: no rule %q", p, p.Code)
			}
		}
	}
	for _, r := range Rules() {
		if !broken[r.Code] {
			t.Errorf("no script of testdata breaks the rule %s", r.Code)
		}
	}
}

// TestRulesTable: the README has the table that is made of the rules.
func TestRulesTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := replaceSection(string(readme), docSection{"rules", RulesTable()})
	if *update {
		writeFiles(t, ".", map[string][]byte{filepath.Base("README.md"): []byte(want)})
	} else if want != string(readme) {
		t.Error("README.md is not up to date: go test ./gen -run TestRulesTable -update")
	}
}
