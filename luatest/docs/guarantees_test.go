package docs_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/docs"
)

// TestGuarantees: every sentence of the README's guarantees and limits has a row in luatest/GUARANTEES.md, and every proof
// that a row names is there.
func TestGuarantees(t *testing.T) {
	t.Parallel()
	readme, err := docs.Read(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := docs.Read(filepath.Join(root, "luatest/GUARANTEES.md"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := table.Claims()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range judge(readme, claims) {
		t.Error(problem)
	}
}

func judge(readme *docs.Page, claims []docs.Claim) []error {
	// What says only where to read on.
	without := []string{
		"In this order", "[What proves each]", "Every lock on one Redis has these", "See the operators' page",
	}
	var problems []error
	var all []string
	for _, section := range []string{"Guarantees", "Limits"} {
		for _, item := range readme.Section(section) {
			all = append(all, docs.Sentences(item)...)
		}
	}
	if len(all) < 20 {
		problems = append(problems, fmt.Errorf("only %d sentences were found", len(all)))
	}
	for _, sentence := range all {
		claimed := slices.ContainsFunc(claims, func(c docs.Claim) bool { return strings.Contains(sentence, c.Quote) })
		if !claimed && !slices.ContainsFunc(without, func(w string) bool { return strings.HasPrefix(sentence, w) }) {
			problems = append(problems, fmt.Errorf("no row of luatest/GUARANTEES.md is of %q", sentence))
		}
	}
	for _, c := range claims {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, c.Quote) }) {
			problems = append(problems, fmt.Errorf("line %d: no sentence has %q", c.Line, c.Quote))
		}
		if len(c.Proofs) == 0 {
			problems = append(problems, fmt.Errorf("line %d: nothing proves %q", c.Line, c.Quote))
		}
		for _, proof := range c.Proofs {
			if err := exists(proof); err != nil {
				problems = append(problems, fmt.Errorf("line %d: %w", c.Line, err))
			}
		}
	}
	return problems
}

// exists finds "row NAME", "FOLDER TestName", "FOLDER TestName/part" and "FILE text".
func exists(proof string) error {
	where, what, _ := strings.Cut(proof, " ")
	if where == "row" {
		_, err := os.Stat(filepath.Join(root, "luatest/faults/testdata/records", what+".json"))
		return err
	}
	patterns := []string{filepath.Join(root, where)}
	name, part, _ := strings.Cut(what, "/")
	wants := []string{what}
	if path.Ext(where) == "" {
		patterns = append(patterns, filepath.Join(root, where, "*_test.go"))
		wants = []string{"\nfunc " + name + "("}
		if part != "" {
			wants = append(wants, `"`+part+`"`)
		}
	}
	var text strings.Builder
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range found {
			if part, err := os.ReadFile(file); err == nil {
				text.Write(part)
			}
		}
	}
	for _, want := range wants {
		if what == "" || !strings.Contains(text.String(), want) {
			return fmt.Errorf("%s has no %s", where, strings.TrimSpace(want))
		}
	}
	return nil
}

// TestGuaranteesFound: a sentence without a row, a row without a sentence, and a proof that is not there are noticed.
func TestGuaranteesFound(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	const text = "## Guarantees\n\n1. **A.** Locks are\n   locks. It holds.\n\n## Limits\n\n- None. Not one; see x.\n\n" +
		"## Other\n\nNo.\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := docs.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, item := range append(p.Section("Guarantees"), p.Section("Limits")...) {
		found = append(found, docs.Sentences(item)...)
	}
	if want := []string{"**A.** Locks are locks.", "It holds.", "None.", "Not one; see x."}; !slices.Equal(found, want) {
		t.Errorf("sentences: %q", found)
	}
	got := fmt.Sprint(judge(p, []docs.Claim{
		{Line: 1, Quote: "Locks are locks", Proofs: []string{"row flushall", "row nothing", "luatest/docs TestNothing"}},
		{Line: 2, Quote: "It falls", Proofs: []string{
			"luatest/docs TestGuaranteesFound", "luatest/docs TestMarks/no" + "part",
		}},
		{Line: 3, Quote: "None"},
	}))
	for _, want := range []string{
		"nothing.json", "luatest/docs has no func TestNothing(", `line 2: no sentence has "It falls"`, "no \"no" + "part\"",
		`line 3: nothing proves`, `is of "It holds."`, `is of "Not one; see x."`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not noticed: %s", want)
		}
	}
	if strings.Contains(got, "flushall") || strings.Contains(got, "No.") {
		t.Error(got)
	}
}
