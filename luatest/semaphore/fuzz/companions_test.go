package fuzz_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/fuzz"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// calls are one of each kind: newcomers that wait and that do not, a holder, its heirs, a waiter.
var calls = []string{
	"acquire d 1000 3", "acquire d 1000 3 2 5000", "acquire d 1000 3 1 5000 push redilock:d 64", "acquire a 20000 3 2",
	"acquire b 1000 3 2 5000", "extend a 20000", "extend a 20000 2 3", "release a",
	"release a redilock:a s 1000 3 1 1000 push", "release b", "release b redilock:b s 1000 3 1 1000", "release d", "inspect",
	"shrink a 1", "shrink e 1 redilock:b", "release e",
}

// FuzzCompanions calls the scripts while a key holds whatever another program may have put there. Each answers a reply that
// it declares, or an error with a code; and an error means that its caller was granted nothing (M9). The sum of the records
// is never too little for those that there are, unless somebody wrote it so.
func FuzzCompanions(f *testing.F) {
	w := newFixture(f, "", "")
	contents := []string{
		"", "x", "5", "9007199254740991", "99999999999999999999", "nan", "1e3", "-1", "1\x002", "inf", "1 1 3 0 0",
		"5 1 3 7 2",
		"1767225600123456 2 3", "1767225600123456 0 3", "99999999999999999999 99999999999999999999 1",
		"1767225600123456 2 3;more",
		"1 2 3 1 3 poll ", "1767225660123 5000 64 1 3 push c", "1767225660123 5000 99 9 3 shard c",
		"1767225660123 0 1 1 3 poll ",
		"1767225660123 5000 1 1 3 push;x c", "99999999999999999999 5000 1 1 3 poll ", "1767225600123446",
		"1767225601123456.5",
	}
	for way := range uint8(4) {
		for i, content := range contents {
			f.Add(way, uint8(i), uint8(i/3), uint16(0xffff), content)
			f.Add(way, uint8(3), uint8(i/2), uint16(0xffff), content)
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
		held := w.holds(t, words[1%len(words)])
		reply := w.Call(t, words[0], keys, words[1:]...)
		if err := fuzz.WellFormed(w.Script(t, words[0]), words[1:], reply); err != nil {
			return err
		}
		if words[0] != "inspect" && reply.Err() != nil && !held && w.holds(t, words[1]) {
			return fmt.Errorf("%s: answered %s, and it holds", line, reply)
		}
		if key%4 == 1 {
			if err := w.checkSum(t, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSum holds the empty field to the records of those that hold.
func (w *fixture) checkSum(t testing.TB, line string) error {
	t.Helper()
	if w.Do(t, "EXISTS", keys[0]).Integer == 0 || w.Do(t, "HEXISTS", keys[3], "").Integer == 0 {
		return nil
	}
	sum := strings.Fields(w.Do(t, "HGET", keys[3], "").Text)
	used, count := 0, 0
	holders := w.Do(t, "ZRANGE", keys[0], "0", "-1")
	if holders.Kind != resp.KindArray {
		return nil // another program has the name
	}
	for _, holder := range holders.Items {
		record := strings.Fields(w.Do(t, "HGET", keys[3], holder.Text).Text)
		if len(record) != 3 {
			return fmt.Errorf("%s: %q holds, and its record is %q", line, holder.Text, record)
		}
		weight, _ := strconv.Atoi(record[1])
		used, count = used+weight, count+1
	}
	if len(sum) != 5 || sum[0] != strconv.Itoa(used) || sum[1] != strconv.Itoa(count) {
		return fmt.Errorf("%s: %d permits of %d records, and the empty field says %q", line, used, count, sum)
	}
	return nil
}
