package fuzz

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Fixture is a server in memory with the scripts, used again for every input of a target: an input is one after the other.
type Fixture struct {
	Engine  *engine.Lua
	Scripts []dist.Script // with the SHA1 of what was loaded
	Start   time.Time     // the time of an empty server
}

// New makes a fixture for a subject, with old replaced by new in the source of the scripts: nothing, or a bug to be found.
func New(f testing.TB, p subject.Subject, old, new string) *Fixture {
	f.Helper()
	scripts, err := p.Scripts()
	if err != nil {
		f.Fatal(err)
	}
	e, err := engine.NewLua()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	found := old == ""
	for i := range scripts {
		s := &scripts[i]
		found = found || strings.Contains(s.Source, old)
		if s.SHA1, err = e.Load(replaced(s.Source, old, new)); err != nil {
			f.Fatal(err)
		}
	}
	if !found {
		f.Fatalf("no script has %q any more: change this test with them", old)
	}
	return &Fixture{Engine: e, Scripts: scripts, Start: e.Now()}
}

// Script is a script, by its verb.
func (w *Fixture) Script(t testing.TB, verb string) dist.Script {
	t.Helper()
	i := slices.IndexFunc(w.Scripts, func(s dist.Script) bool { return subject.Verb(s) == verb })
	if i < 0 {
		t.Fatalf("there is no script %s", verb)
	}
	return w.Scripts[i]
}

// Call calls it.
func (w *Fixture) Call(t testing.TB, verb string, keys []string, args ...string) resp.Reply {
	t.Helper()
	reply, err := w.Engine.Call(w.Script(t, verb).SHA1, keys, args)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// Do sends a command.
func (w *Fixture) Do(t testing.TB, words ...string) resp.Reply {
	t.Helper()
	reply, err := w.Engine.Do(words...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// State prints all that the server has.
func (w *Fixture) State(t testing.TB) string {
	t.Helper()
	names := w.Do(t, "KEYS", "*").Items
	slices.SortFunc(names, func(a, b resp.Reply) int { return strings.Compare(a.Text, b.Text) })
	var b strings.Builder
	for _, name := range names {
		kind := w.Do(t, "TYPE", name.Text).Text
		fmt.Fprintf(&b, "%q %s %s", name.Text, kind, w.Do(t, "PTTL", name.Text))
		for _, read := range [][]string{{"GET"}, {"HGETALL"}, {"ZRANGE", "0", "-1", "WITHSCORES"}} {
			if r := w.Do(t, append([]string{read[0], name.Text}, read[1:]...)...); r.Err() == nil {
				fmt.Fprintf(&b, " %s", r)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func replaced(source, old, new string) string {
	if old == "" {
		return source
	}
	return strings.ReplaceAll(source, old, new)
}

// Reset empties the server, and sets its clock back.
func (w *Fixture) Reset(t testing.TB) {
	t.Helper()
	if err := w.Engine.FlushAll(); err != nil {
		t.Fatal(err)
	}
	w.Engine.SetTime(w.Start)
}

// Spoil puts something into a key, over what is there or in its place: a string, a member, an element, or the field of a
// hash, in one of eight ways.
func Spoil(t testing.TB, w *Fixture, key string, kind uint8, field, content string) {
	t.Helper()
	switch kind % 8 {
	case 0:
		w.Do(t, "SET", key, content)
	case 1:
		w.Do(t, "DEL", key)
	case 2:
		w.Do(t, "HSET", key, field, content)
	case 3:
		w.Do(t, "DEL", key)
		w.Do(t, "HSET", key, field, content)
	case 4:
		w.Do(t, "ZADD", key, "0", content)
	case 5: // where the content is a number it is a score
		w.Do(t, "ZADD", key, content, "e")
	case 6:
		w.Do(t, "DEL", key)
		w.Do(t, "RPUSH", key, content)
	case 7:
		w.Do(t, "DEL", key)
		w.Do(t, "SADD", key, content)
	}
}
