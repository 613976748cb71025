package semaphore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// caller calls the scripts of one primitive, for one name.
type caller struct {
	t      *testing.T
	engine engine.Engine
	sha1   map[string]string
	keys   []string
}

func newCaller(t *testing.T, e engine.Engine, p subject.Subject) *caller {
	t.Helper()
	scripts, err := p.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, engine: e, sha1: map[string]string{}}
	if c.keys, _, err = p.Keys("name"); err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if c.sha1[subject.Verb(script)], err = e.Load(script.Source); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// wants makes a call, and wants a reply with this tag, or an error with this code.
func (c *caller) wants(word, verb string, args ...string) {
	c.t.Helper()
	reply, err := c.engine.Call(c.sha1[verb], c.keys, args)
	if err != nil {
		c.t.Fatal(err)
	}
	got, _, _ := strings.Cut(reply.Text, " ")
	if reply.Kind == resp.KindArray && len(reply.Items) > 0 {
		got = reply.Items[0].Text
	}
	if got != word {
		c.t.Errorf("%s %q answers %s, not %s", verb, args, reply, word)
	}
}

// TestExclusion: a mutex and a semaphore on one name are never held at once, and what waits for the one is never handed the
// other.
func TestExclusion(t *testing.T) {
	t.Parallel()
	engines := map[string]func() (engine.Engine, error){
		"gopher-lua": func() (engine.Engine, error) { return engine.NewLua() }, "miniredis": engine.NewMiniredis,
	}
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			m, s := newCaller(t, e, mutex.Subject), newCaller(t, e, semaphore.Subject)

			m.wants("GRANTED", "acquire", "m", "10000")
			m.wants("QUEUED", "acquire", "n", "10000", "60000")
			for _, args := range [][]string{{"s", "10000", "2"}, {"s", "10000", "2", "1", "60000"}} {
				s.wants("WRONGTYPE", "acquire", args...)
			}
			s.wants("WRONGTYPE", "release", "m")
			s.wants("WRONGTYPE", "extend", "m", "10000")
			s.wants("WRONGTYPE", "shrink", "m", "1")
			s.wants("WRONGTYPE", "inspect")
			m.wants("RELEASED", "release", "m")
			s.wants("WRONGTYPE", "acquire", "s", "10000", "2")
			m.wants("RELEASED", "release", "n")

			s.wants("GRANTED", "acquire", "s", "10000", "2")
			s.wants("GRANTED", "acquire", "t", "10000", "2")
			s.wants("QUEUED", "acquire", "u", "10000", "2", "1", "60000")
			for _, args := range [][]string{{"m", "10000"}, {"m", "10000", "60000"}} {
				m.wants("WRONGTYPE", "acquire", args...)
			}
			m.wants("WRONGTYPE", "release", "s")
			m.wants("WRONGTYPE", "extend", "s", "10000")
			m.wants("WRONGTYPE", "inspect")
			for _, token := range []string{"s", "t"} {
				s.wants("RELEASED", "release", token)
				m.wants("WRONGTYPE", "acquire", "m", "10000")
			}
			s.wants("RELEASED", "release", "u")
			m.wants("GRANTED", "acquire", "m", "10000")
			m.wants("RELEASED", "release", "m")

			keys, err := e.Do("KEYS", "*")
			if err != nil || len(keys.Items) != 1 || !slices.Contains(m.keys, keys.Items[0].Text) {
				t.Errorf("more is left than the fence that both count on: %s, %v", keys, err)
			}
		})
	}
}
