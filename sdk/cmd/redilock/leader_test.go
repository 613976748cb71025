//go:build unix

package main_test

import (
	"encoding/base64"
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
	watched, cmd, _ := b.watch(t, "election")
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	told := func(event, value string, fence int64) {
		t.Helper()
		var o map[string]any
		select {
		case o = <-watched:
		case <-time.After(patience):
		}
		if o["event"] != event || fence > 0 && o["fence"] != float64(fence) ||
			value != "" && o["owner"] != value && o["owner_base64"] != base64.StdEncoding.EncodeToString([]byte(value)) {
			t.Errorf("watch tells %v, want %s %q, fence %d", o, event, value, fence)
		}
	}
	told("free", "", 0)
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
		told("acquired", value, l.Fence())
		if err := l.Resign(t.Context()); err != nil {
			t.Fatal(err)
		}
		told("released", value, l.Fence())
	}

	// The next one waits: it takes over, and nobody is asked again who leads.
	one, err := c.Election("election", time.Minute).Campaign(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	told("acquired", "one", one.Fence())
	next := make(chan *redilock.Leadership, 1)
	go func() {
		l, _ := b.client(t, "two").Election("election", time.Minute).Campaign(t.Context(), "two")
		next <- l
	}()
	told("waiting", "", 0)
	if err := one.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
	two := <-next
	told("handed", "two", two.Fence())
	told("waiting", "", 0)
	if two.Fence() <= one.Fence() {
		t.Errorf("fence %d after %d", two.Fence(), one.Fence())
	}
	if err := two.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.rdb.Set(t.Context(), "election", "a token of another library", time.Minute)
	b.run(t, "leader", "election").want(t, 125).says(t, "held by another program")
	b.rdb.Del(t.Context(), "election")
	b.run(t, "leader", "a}b").want(t, 125)
	b.run(t, "leader", "--redis=redis://127.0.0.1:1", "election").want(t, 125).says(t, "127.0.0.1:1")
}
