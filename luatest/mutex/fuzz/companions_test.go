package fuzz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/fuzz"
)

// calls are one of each kind: a newcomer that waits and one that does not, the holder, its heirs, a waiter.
var calls = []string{
	"acquire d 1000", "acquire d 1000 5000", "acquire d 1000 5000 push redilock:d 64", "acquire a 20000",
	"acquire b 1000 5000", "extend a 20000", "extend b 20000", "release a",
	"release a redilock:a s 1000 1000 push", "release b",
	"release b redilock:b s 1000 1000", "release d", "inspect", "inspect 1", "release a redilock:a s 1000 1000 push 64",
	"acquire d 1000 0 poll . 64",
}

// mostFences is the range of the argument fences.
const mostFences = 64

// FuzzCompanions calls the scripts while a key of the lock holds whatever another program may have put there. Each answers
// a reply that it declares, or an error with a code; and an error means that nobody was granted the lock (M9).
func FuzzCompanions(f *testing.F) {
	w := newFixture(f, "", "")
	contents := []string{
		"", "x", "5", "9007199254740991", "99999999999999999999", "nan", "1e3", "-1", "1\x002", "inf",
		"1 2 3 poll ", "1767225660123 5000 64 push c", "1767225660123 5000 99 shard c", "1767225660123 5000 1 push;x c",
		"1767225660123 0 1 poll ", "1767225660123 5000 0 poll ", "1767225660123 99999999999999999999 1 poll ",
		"99999999999999999999 5000 1 poll ", "1767225600123446", "1767225601123446", "1767225601123456.5",
	}
	for way := range uint8(4) {
		for i, content := range contents {
			f.Add(way, uint8(i), uint8(i/3), uint16(0xffff), content)
		}
	}
	f.Fuzz(func(t *testing.T, way, key, kind uint8, chosen uint16, content string) {
		if err := checkCompanions(t, w, way, key, kind, chosen, content); err != nil {
			t.Error(err)
		}
	})
}

// checkCompanions makes those calls whose bit is chosen, each in a fixture of its own.
func checkCompanions(t testing.TB, w *fixture, way, key, kind uint8, chosen uint16, content string) error {
	for i, line := range calls {
		if chosen&(1<<i) == 0 {
			continue
		}
		w.reset(t, way)
		fuzz.Spoil(t, w.Fixture, keys[key%4], kind, "b", content)
		words := strings.Fields(line)
		before, held := w.holder(t)
		last := w.counter(t)
		reply := w.Call(t, words[0], keys, words[1:]...)
		if err := fuzz.WellFormed(w.Script(t, words[0]), words[1:], reply); err != nil {
			return err
		}
		if after, now := w.holder(t); reply.Err() != nil && now && (!held || after != before) {
			return fmt.Errorf("%s: answered %s, and %q has the lock", line, reply, after)
		}
		if err := w.checkNumbers(t, w.Script(t, words[0]), words[1:], reply, last, mostFences); err != nil {
			return err
		}
	}
	return nil
}
