package model

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/meaning"
	"github.com/zferentz/go-redilock/luatest/mutex"
)

// envProofs asks for the proofs that take minutes; mage mutate sets it.
const envProofs = "REDILOCK_PROOFS"

// TestExcusedMutants runs the quick worlds with each mutant that no scenario notices, and wants it noticed where its excuse
// says so, and only there. The other proofs cannot tell: diff has all engines run the same script, and linear sees calls of
// the SDK, whose order such a mutant does not change.
func TestExcusedMutants(t *testing.T) {
	excuses, err := meaning.Excuses(mutex.Subject)
	if err != nil {
		t.Fatal(err)
	}
	scripts, all := load(t), mutants(t)
	if os.Getenv(envProofs) == "" {
		t.Skip("mage mutate runs the model's worlds with every excused mutant")
	}
	if worlds := worldsThatNotice(t, scripts); len(worlds) > 0 {
		t.Fatalf("the sound scripts do not pass, so a world that fails says nothing: %v", worlds)
	}
	for _, e := range excuses {
		i := slices.IndexFunc(all, func(m meaning.Mutant) bool { return m.Name == e.Name })
		if i < 0 {
			t.Fatalf("there is no mutant %s", e.Name)
		}
		planted, err := all[i].Plant(scripts)
		if err != nil {
			t.Fatal(err)
		}
		worlds := worldsThatNotice(t, planted)
		t.Logf("%s: noticed by the model's worlds [%s]; %s", e.Name, strings.Join(worlds, ", "), e.Reason)
		if (len(worlds) > 0) != (e.Proof == "model") {
			t.Errorf("%s: its excuse says that the proof which notices it is %s", e.Name, e.Proof)
		}
	}
	// A mutant that the scenarios notice too, to see that the worlds would tell.
	i := slices.IndexFunc(all, func(m meaning.Mutant) bool { return m.Name == "poll-goes-to-tail" })
	planted, err := all[i].Plant(scripts)
	if err != nil {
		t.Fatal(err)
	}
	if worlds := worldsThatNotice(t, planted); len(worlds) == 0 {
		t.Error("no world notices that a poll goes to the tail")
	}
}

func mutants(t *testing.T) []meaning.Mutant {
	t.Helper()
	all, err := meaning.All(mutex.Subject)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// worldsThatNotice names the worlds that have a violation, up to the first.
func worldsThatNotice(t *testing.T, scripts []dist.Script) []string {
	t.Helper()
	for _, c := range Configs() {
		r, err := Search(t.Context(), scripts, c, explore.Options{Depth: c.Depth})
		if err != nil {
			t.Fatal(err)
		}
		if r.Violation != nil {
			return []string{c.Name + ": " + r.Violation.Fault.Error()}
		}
	}
	return nil
}
