package luatest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
	"github.com/zferentz/go-redilock/luatest/subjects"
)

// TestComplete checks that the scenarios show every promise, and every reply and error that the manifest declares.
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, p := range subjects.All() {
		t.Run(p.String(), func(t *testing.T) { complete(t, p) })
	}
}

func complete(t *testing.T, p subject.Subject) {
	scripts, err := p.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	shown, promises := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		for _, m := range s.Shows {
			promises[m] = true
		}
		for _, step := range flat(s.Steps) {
			if step.Call != "" {
				shown[step.Call+" "+firstWord(step.Reply)] = true
			}
		}
	}
	for _, m := range p.Promises {
		if !promises[m] {
			t.Errorf("no scenario shows %s", m)
		}
	}
	for _, script := range scripts {
		verb := subject.Verb(script)
		var words []string
		for _, reply := range script.Replies {
			words = append(words, reply.Tag)
		}
		for _, e := range script.Errors {
			words = append(words, e.Code)
		}
		for _, word := range words {
			silent := slices.Contains(p.Silent, verb+" "+word)
			if !shown[verb+" "+word] && !silent {
				t.Errorf("no scenario shows that %s answers %s", script.Name, word)
			}
			if shown[verb+" "+word] && silent {
				t.Errorf("a scenario shows that %s answers %s", script.Name, word)
			}
		}
	}
}

func flat(steps []scenario.Step) []scenario.Step {
	all := slices.Clone(steps)
	for _, step := range steps {
		all = append(all, flat(step.Steps)...)
	}
	return all
}

// firstWord is the tag, or the code of the error, that a call is expected to answer.
func firstWord(reply json.RawMessage) string {
	var items []json.RawMessage
	var text string
	if json.Unmarshal(reply, &items) == nil && len(items) > 0 {
		_ = json.Unmarshal(items[0], &text)
		return text
	}
	var failure struct {
		Error string `json:"error"`
		Code  string `json:"code"`
	}
	_ = json.Unmarshal(reply, &failure)
	code, _, _ := strings.Cut(failure.Error, " ")
	return code + failure.Code
}
