package fuzz_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// counter is the last number given out, as far as the key says: 0 where it holds no counter.
func (w *fixture) counter(t testing.TB) int64 {
	t.Helper()
	text := w.Do(t, "GET", keys[1]).Text
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0
	}
	return n
}

// checkNumbers says what is wrong with the numbers that a reply gives to a grant: the last of them is what the counter holds
// now, there are 1 to most, and none was given out before, where last is the counter's last number. A repeat gives one.
func (w *fixture) checkNumbers(t testing.TB, s dist.Script, args []string, r resp.Reply, last int64, most int) error {
	t.Helper()
	fence, fences, ok := numbers(s, r)
	if !ok {
		return nil
	}
	switch {
	case fences < 1 || fences > int64(most):
		return fmt.Errorf("%s %q: %d numbers, at most %d: %s", s.Name, args, fences, most, r)
	case fence != w.counter(t):
		return fmt.Errorf("%s %q: the counter holds %d: %s", s.Name, args, w.counter(t), r)
	case fence < last, fence == last && fences != 1, fence > last && fence-fences < last:
		return fmt.Errorf("%s %q: a number was given out already, the last was %d: %s", s.Name, args, last, r)
	}
	return nil
}

// numbers are the fields fence and fences of a reply that has both.
func numbers(s dist.Script, r resp.Reply) (fence, fences int64, ok bool) {
	if r.Kind != resp.KindArray {
		return 0, 0, false
	}
	for _, declared := range s.Replies {
		if declared.Tag != r.Items[0].Text {
			continue
		}
		for i, field := range declared.Fields {
			switch field.Name {
			case "fence":
				fence = r.Items[i+1].Integer
			case "fences":
				fences, ok = r.Items[i+1].Integer, true
			}
		}
	}
	return fence, fences, ok
}
