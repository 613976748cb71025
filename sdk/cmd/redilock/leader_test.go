//go:build unix

package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

func testLeader(t *testing.T, b *bench) {
	b.run(t, "leader", "election").want(t, 1).prints(t, "")
	b.run(t, "leader", "-v", "election").want(t, 1).says(t, "nobody leads")
	c, err := redilock.New(b.rdb)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	watch := b.command(t, "watch", "-i", "20ms", "election")
	var out lockedBuffer
	watch.Stdout = &out
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = watch.Process.Kill(); _ = watch.Wait() })
	for _, value := range []string{"10.0.0.1:8080", "10.0.0.2:80", "a /b\n\xff 3"} {
		l, err := c.Election("election", time.Minute).Campaign(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		b.run(t, "leader", "election").want(t, 0).prints(t, value+"\n")
		o := b.run(t, "leader", "--json", "election").want(t, 0).objects(t)[0]
		if o["value"] != value && o["value_base64"] == nil || o["fence"] != float64(l.Fence()) || o["since"] == nil {
			t.Errorf("%v", o)
		}
		if value != "a /b\n\xff 3" {
			eventually(t, "watch shows the change", func() bool { return strings.Contains(out.String(), value) })
		}
		if err := l.Resign(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.rdb.Set(t.Context(), "election", "a token of another library", time.Minute)
	b.run(t, "leader", "election").want(t, 125).says(t, "held by another program")
	b.rdb.Del(t.Context(), "election")
	b.run(t, "leader", "a}b").want(t, 125)
	b.run(t, "leader", "--redis=redis://127.0.0.1:1", "election").want(t, 125).says(t, "127.0.0.1:1")
}
