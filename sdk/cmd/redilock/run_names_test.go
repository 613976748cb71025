//go:build unix

package main_test

import (
	"strings"
	"testing"
	"time"
)

// several prepares redilock run with several names. The command is a line of shell.
func (b *bench) several(t *testing.T, names []string, script string, flags ...string) *job {
	t.Helper()
	j := b.job(t, "several", script, flags...)
	args := append([]string{}, j.Args[:2+len(flags)]...)
	for _, name := range names {
		args = append(args, "-a", name)
	}
	j.Args = append(args, j.Args[len(flags)+3:]...)
	return j
}

func testRunSeveral(t *testing.T, b *bench) {
	names := []string{"stock", "orders", "a b, \xff"}
	const show = `echo "$REDILOCK_NAME|$REDILOCK_NAME_2|$REDILOCK_NAME_3|$REDILOCK_NAME_4"
[ "$REDILOCK_FENCE" -gt 0 ] && [ "$REDILOCK_FENCE_2" -gt 0 ] &&
[ -n "$REDILOCK_TOKEN_3" ] && [ -n "$REDILOCK_DEADLINE" ] && echo numbers`
	j := b.several(t, names, show, "--pass-token")
	j.Env = append(j.Env, "REDILOCK_NAME_4=of another", "REDILOCK_NAMES=not ours")
	j.ends(t, 0).prints(t, strings.Join(names, "|")+"|\nnumbers\n")

	// One of them is taken: none is.
	l := b.lock(t, "web1:42", "orders")
	b.several(t, names, "echo ran", "-n").ends(t, 124).prints(t, "")
	b.several(t, names, "echo ran", "-n", "-v").ends(t, 124).says(t, "lock=orders")
	for _, name := range []string{"stock", names[2]} {
		if b.rdb.Exists(t.Context(), name).Val() != 0 {
			t.Errorf("%q is held", name)
		}
	}
	waits := b.several(t, names, "echo ran")
	if err := waits.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.queued(t, "orders") == 1 })
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	waits.ends(t, 0).prints(t, "ran\n")

	// The first that is lost ends the command, and the others are given back.
	lost := b.several(t, names, sleeps, "--ttl=2s").start(t)
	if err := b.rdb.Set(t.Context(), "orders", "stolen", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	lost.ends(t, 123).says(t, `lost "stock, orders, `)
	eventually(t, "the others are free", func() bool { return b.rdb.Exists(t.Context(), "stock").Val() == 0 })
	b.rdb.Del(t.Context(), "orders")

	// Opposite orders, and one inside of the other.
	back := b.several(t, []string{"orders", "stock"}, "echo ran")
	b.several(t, []string{"stock", "orders"}, "echo ran").ends(t, 0)
	back.ends(t, 0)
	nested := b.several(t, []string{"stock", "orders"}, `"$REDILOCK" run -a orders -a other -- true 2>&3`)
	nested.ends(t, 125).says(t, `"orders" is held by the redilock run around this one`)

	// What is the command's, and what is not.
	for _, test := range []struct {
		args string
		code int
		text string
	}{
		{"run -a x -a y -- echo -- z", 0, "-- z\n"}, {"run -a x -- echo -a z", 0, "-a z\n"},
		{"run -a x y -- echo z", 0, "z\n"}, {"run -a x -- env -- echo z", 0, "z\n"},
		{"run -a x -a x -- echo", 125, "named twice"}, {"run -a x", 125, "no command"},
		{"run -a x --", 125, "no command"}, {"run", 125, "no lock"},
	} {
		r := b.run(t, strings.Fields(test.args)...).want(t, test.code)
		if !strings.Contains(r.out+r.errors, test.text) {
			t.Errorf("%s: %q, %q", test.args, r.out, r.errors)
		}
	}
}
