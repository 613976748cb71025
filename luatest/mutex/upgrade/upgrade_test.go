package upgrade_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// bothVersions generates, as a release would, the scripts of version 1 and beside them a version 2 that shares no fragment
// with it (testdata/upgrade): other arguments in another order, one more field in a reply, a wake mode and a word in a
// waiter's record that version 1 does not know. The changes are what becomes of their source files.
func bothVersions(t *testing.T, change1, change2 func(source string) string) []dist.Script {
	t.Helper()
	root := t.TempDir()
	write := func(from, to string, change func(string) string) {
		err := fs.WalkDir(os.DirFS(from), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(from, path))
			if err != nil {
				return err
			}
			file := filepath.Join(root, to, path)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			return os.WriteFile(file, []byte(change(string(text))), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("../../../lua/include", "lua/include", change1)
	write("../../../lua/mutex/v1", "lua/mutex/v1", change1)
	write("testdata/upgrade", "lua/mutex/v2", change2)
	files, err := gen.Render(gen.Options{
		Root: root, Source: "lua", Dist: "dist", GoDir: "sdk", GoRuntime: "example.com/sdk", Readme: "README.md",
		Released: "released.json", Generator: "upgrade_test.go",
	})
	if err != nil {
		t.Fatal(err)
	}
	made := fstest.MapFS{}
	for name, text := range files {
		if below, ok := strings.CutPrefix(name, "dist/"); ok {
			made[below] = &fstest.MapFile{Data: text}
		}
	}
	scripts, err := dist.LoadFS(made)
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

func asItIs(source string) string { return source }

// fleet is a service in the middle of a rolling upgrade: clients of both versions on one lock.
type fleet struct {
	engine  engine.Engine
	scripts map[string]string // verb and version → sha1
	keys    []string
}

// listened is the channel that somebody listens on; nobody does on the other.
const listened, unheard = "redilock:upgrade", "redilock:nobody"

func newFleet(t *testing.T, e engine.Engine, scripts []dist.Script) *fleet {
	t.Helper()
	f := &fleet{engine: e, scripts: map[string]string{}}
	for _, s := range scripts {
		sha1, err := e.Load(s.Source)
		if err != nil {
			t.Fatal(err)
		}
		f.scripts[s.Name+strconv.Itoa(s.Version)] = sha1
	}
	for _, suffix := range []string{"", ":redilock:fence", ":redilock:queue", ":redilock:waiters"} {
		key, err := scenario.KeyName("upgrade", suffix)
		if err != nil {
			t.Fatal(err)
		}
		f.keys = append(f.keys, key)
	}
	if err := e.Subscribe(listened); err != nil {
		t.Fatal(err)
	}
	return f
}

// wrong is what a fleet's call panics with when something is not as it has to be.
type wrong struct{ error }

func failf(format string, args ...any) { panic(wrong{fmt.Errorf(format, args...)}) }

// try gives what do panicked with.
func try(do func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case wrong:
			err = r
		default:
			panic(r)
		}
	}()
	do()
	return nil
}

func (f *fleet) call(verb string, version int, args ...string) resp.Reply {
	reply, err := f.engine.Call(f.scripts["mutex."+verb+strconv.Itoa(version)], f.keys, args)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		failf("%s of version %d %q: %w", verb, version, args, err)
	}
	return reply
}

func (f *fleet) acquire(version int, token string, lease, presence, fences int, wake, channel string) resp.Reply {
	n := strconv.Itoa
	if version == 2 {
		return f.call("acquire", 2, n(lease), token, n(fences), n(presence), channel, wake)
	}
	return f.call("acquire", 1, token, n(lease), n(presence), wake, channel, n(fences))
}

func (f *fleet) release(version int, token string) resp.Reply {
	if version == 2 {
		return f.call("release", 2, "", token)
	}
	return f.call("release", 1, token)
}

func (f *fleet) extend(version int, token string, lease int) resp.Reply {
	if version == 2 {
		return f.call("extend", 2, strconv.Itoa(lease), token)
	}
	return f.call("extend", 1, token, strconv.Itoa(lease))
}

// holder is who has the lock; empty: nobody.
func (f *fleet) holder() string {
	reply, err := f.engine.Do("GET", f.keys[0])
	if err != nil || reply.Err() != nil {
		failf("GET: %s, %w", reply, err)
	}
	return reply.Text
}

// queue is who stands in it, in order.
func (f *fleet) queue() []string {
	reply, err := f.engine.Do("ZRANGE", f.keys[2], "0", "-1")
	if err != nil || reply.Err() != nil {
		failf("ZRANGE: %s, %w", reply, err)
	}
	var tokens []string
	for _, item := range reply.Items {
		tokens = append(tokens, item.Text)
	}
	return tokens
}

// expect wants a reply with this tag, and gives its fields.
func expect(tag string, got resp.Reply) []resp.Reply {
	if got.Items[0].Text != tag {
		failf("expected %s, got %s", tag, got)
	}
	return got.Items[1:]
}

// TestRollingUpgrade: two versions of a script on one name exclude each other, stand in one queue, hand over to each other,
// and share one series of fences, so that a service can be upgraded one process after the other.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	scripts := bothVersions(t, asItIs, asItIs)
	run := func(t *testing.T, e engine.Engine, err error) {
		e = engine.Opened(t, e, err)
		if err := try(newFleet(t, e, scripts).upgrade); err != nil {
			t.Fatal(err)
		}
		testreport.Report(t, testreport.Row{Section: "rolling upgrade", Subject: e.Name(), Version: e.Version(), Passed: 1})
	}
	t.Run("gopher-lua", func(t *testing.T) {
		t.Parallel()
		e, err := engine.NewLua()
		run(t, e, err)
	})
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		e, err := engine.NewMiniredis()
		run(t, e, err)
	})
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		e, err := engine.NewReal(s, 0)
		run(t, e, err)
	})
}

// member is a client of the fleet.
type member struct {
	token         string
	version       int
	wake, channel string
}

// upgrade rolls through a fleet that began with version 1: after each round one more member has version 2. In each round
// the first member takes the lock and the others wait; every one of them has it, in their order, whoever releases it.
func (f *fleet) upgrade() {
	members := []member{
		{"a", 1, "poll", ""}, {"b", 1, "push", listened}, {"c", 1, "broadcast", unheard}, {"d", 1, "broadcast", listened},
		{"e", 1, "poll", ""}, {"f", 1, "push", listened},
	}
	later := []member{
		{"a", 2, "poll", ""}, {"b", 2, "shard", unheard}, {"c", 2, "shard", listened}, {"d", 2, "push", listened},
		{"e", 2, "broadcast", unheard}, {"f", 2, "poll", listened},
	}
	var last int64
	const lease, presence = 60000, 50000
	for upgraded := range len(members) + 1 {
		for start := range members {
			f.round(append(slices.Clone(members[start:]), members[:start]...), lease, presence, &last)
		}
		if upgraded < len(members) {
			members[upgraded] = later[upgraded]
		}
	}
}

func (f *fleet) round(members []member, lease, presence int, last *int64) {
	// granted checks that the numbers of a grant are its own, and remembers the last.
	granted := func(m member, reply resp.Reply) {
		fields := expect("GRANTED", reply)
		if fence, fences := fields[0].Integer, fields[2].Integer; fence-fences < *last {
			failf("%v has %d numbers up to %d after %d", m, fences, fence, *last)
		}
		*last = fields[0].Integer
	}
	first := members[0]
	granted(first, f.acquire(first.version, first.token, lease, 0, 3, "poll", ""))
	for i, m := range members[1:] {
		expect("HELD", f.acquire(m.version, "passer-by", lease, 0, 1, "poll", ""))
		fields := expect("QUEUED", f.acquire(m.version, m.token, lease, presence, 3, m.wake, m.channel))
		if fields[1].Integer != int64(i+1) {
			failf("%v stands at %d, not at %d", m, fields[1].Integer, i+1)
		}
	}
	for i, m := range members[1:] {
		before := members[i]
		expect("EXTENDED", f.extend(before.version, before.token, lease))
		expect("NOTHELD", f.extend(before.version, m.token, lease))
		expect("RELEASED", f.release(before.version, before.token))
		if f.holder() != m.token {
			failf("%v released, and %q has the lock, not %v", before, f.holder(), m)
		}
		f.message(m)
		granted(m, f.acquire(m.version, m.token, lease, presence, 3, m.wake, m.channel))
	}
	end := members[len(members)-1]
	expect("RELEASED", f.release(end.version, end.token))
	if f.holder() != "" {
		failf("nobody waits, and %q has the lock", f.holder())
	}
}

// message wants a waiter that listens told of its grant, as both versions read it: from the right.
func (f *fleet) message(m member) {
	want := 0
	if m.wake != "poll" && m.channel == listened {
		want = 1
	}
	got, err := f.engine.Messages(listened, want)
	if err != nil || len(got) != want {
		failf("%v was sent %q, %w", m, got, err)
	}
	for _, message := range got {
		words := strings.Fields(message)
		if len(words) != 4 || words[0] != m.token {
			failf("%v was sent %q", m, message)
		}
	}
}
