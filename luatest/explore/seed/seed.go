// Package seed plants known bugs in scripts, and replays what was found of them, for the tests of the worlds that package
// explore searches.
package seed

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Plant edits the scripts of these verbs, which have a space between them. Edits are pairs: what is there, what is there
// instead. Each must be possible in each of the scripts.
func Plant(t testing.TB, scripts []dist.Script, verbs string, edits []string) []dist.Script {
	t.Helper()
	scripts = slices.Clone(scripts)
	for _, verb := range strings.Fields(verbs) {
		i := slices.IndexFunc(scripts, func(d dist.Script) bool { return subject.Verb(d) == verb })
		if i < 0 {
			t.Fatalf("there is no script %q", verb)
		}
		d := &scripts[i]
		for k := 0; k < len(edits); k += 2 {
			changed := strings.ReplaceAll(d.Source, edits[k], edits[k+1])
			if changed == d.Source {
				t.Fatalf("%s has no %q", d.File, edits[k])
			}
			d.Source = changed
		}
		sum := sha1.Sum([]byte(d.Source))
		d.SHA1 = hex.EncodeToString(sum[:])
	}
	return scripts
}

// Replay replays a file of one scenario, which must pass without the bug and, unless nothing shows it there, fail with it.
func Replay(t testing.TB, open func() (engine.Engine, error), text []byte, wrong, right []dist.Script, shows bool) {
	t.Helper()
	replay := func(scripts []dist.Script, s scenario.Scenario) error {
		e, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = e.Close() }()
		return scenario.Replay(e, scripts, s)
	}
	all, err := scenario.Load(fstest.MapFS{"violation.json": {Data: text}})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var failure *scenario.Failure
	if err := replay(wrong, all[0]); shows && !errors.As(err, &failure) {
		t.Errorf("the scenario passes with the bug: %v\n%s", err, text)
	}
	if err := replay(right, all[0]); err != nil {
		t.Errorf("the scenario fails without the bug: %v\n%s", err, text)
	}
}
