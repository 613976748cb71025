package luatest_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/server"
	"github.com/zferentz/go-redilock/luatest/summary"
)

// bothVersions generates, as a release would, the scripts of version 1 and beside them a version 2 whose acquire is
// another (testdata/upgrade): it has its arguments in another order and one more field in its reply.
func bothVersions(t *testing.T) []dist.Script {
	t.Helper()
	root := t.TempDir()
	v1 := os.DirFS("../lua/mutex/v1")
	for _, version := range []string{"1", "2"} {
		err := fs.WalkDir(v1, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(v1, path)
			if err == nil && version == "2" && path == "acquire.lua" {
				text, err = os.ReadFile("testdata/upgrade/acquire.lua")
			}
			if err != nil {
				return err
			}
			file := filepath.Join(root, "lua/mutex/v"+version, path)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			made := strings.Replace(string(text), "---@version 1", "---@version "+version, 1)
			return os.WriteFile(file, []byte(made), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
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

// fleet is a service in the middle of a rolling upgrade: clients of both versions on one lock.
type fleet struct {
	t       *testing.T
	engine  engine.Engine
	scripts map[string]string // verb and version → sha1
	keys    []string
}

func newFleet(t *testing.T, e engine.Engine, scripts []dist.Script) *fleet {
	t.Helper()
	f := &fleet{t: t, engine: e, scripts: map[string]string{}}
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
	return f
}

func (f *fleet) call(verb string, version int, args ...string) resp.Reply {
	f.t.Helper()
	sha1, ok := f.scripts["mutex."+verb+strconv.Itoa(version)]
	if !ok {
		f.t.Fatalf("no script %s of version %d", verb, version)
	}
	reply, err := f.engine.Call(sha1, f.keys, args)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		f.t.Fatal(verb, version, args, err)
	}
	return reply
}

func (f *fleet) acquire(version int, token string, lease, presence int) resp.Reply {
	f.t.Helper()
	if version == 2 {
		return f.call("acquire", 2, strconv.Itoa(lease), token, strconv.Itoa(presence))
	}
	return f.call("acquire", 1, token, strconv.Itoa(lease), strconv.Itoa(presence))
}

// expect wants a reply with this tag, and gives its first field.
func (f *fleet) expect(tag string, got resp.Reply) int64 {
	f.t.Helper()
	if got.Items[0].Text != tag {
		f.t.Fatalf("expected %s, got %s", tag, got)
	}
	if len(got.Items) < 2 {
		return 0
	}
	return got.Items[1].Integer
}

// TestRollingUpgrade: two versions of a script on one name exclude each other, stand in one line, hand over to each other,
// and share one series of fences, so that a service can be upgraded one process after the other.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	scripts := bothVersions(t)
	t.Run("gopher-lua", func(t *testing.T) {
		t.Parallel()
		e, err := engine.NewLua()
		upgrade(t, newFleet(t, opened(t, e, err), scripts))
	})
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		e, err := engine.NewMiniredis()
		upgrade(t, newFleet(t, opened(t, e, err), scripts))
	})
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		e, err := engine.NewReal(s, 0)
		upgrade(t, newFleet(t, opened(t, e, err), scripts))
	})
}

func upgrade(t *testing.T, f *fleet) {
	fence := int64(0)
	grown := func(got int64) {
		t.Helper()
		if got <= fence {
			t.Fatalf("the fence %d after %d", got, fence)
		}
		fence = got
	}
	const lease, presence = 60000, 60000
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		older, newer := order[0], order[1]
		grown(f.expect("GRANTED", f.acquire(older, "a", lease, 0)))
		f.expect("HELD", f.acquire(newer, "b", lease, 0))
		f.expect("QUEUED", f.acquire(newer, "b", lease, presence))
		f.expect("QUEUED", f.acquire(older, "c", lease, presence))
		f.expect("QUEUED", f.acquire(newer, "d", lease, presence))
		f.expect("EXTENDED", f.call("extend", newer, "a", strconv.Itoa(lease)))
		for i, who := range []string{"a", "b", "c"} {
			next := []string{"b", "c", "d"}[i]
			f.expect("RELEASED", f.call("release", []int{older, newer}[i%2], who))
			f.expect("HELD", f.acquire(older, "late", lease, 0))
			grown(f.expect("GRANTED", f.acquire([]int{newer, older}[i%2], next, lease, 0)))
		}
		f.expect("RELEASED", f.call("release", older, "d"))
	}
	summary.Report(t, summary.Row{
		Section: "rolling upgrade", Subject: f.engine.Name(), Version: f.engine.Version(), Passed: 1,
	})
}

// believers runs clients of both versions at random, and reports when two of them believe at once that they hold the lock,
// or when a fence does not grow.
func believers(t *testing.T, scripts []dist.Script, seed uint64, steps int) error {
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f := newFleet(t, e, scripts)
	random := rand.New(rand.NewPCG(seed, 0))
	until, fences, highest := map[int]time.Time{}, map[int]int64{}, int64(0)
	for step := range steps {
		who := random.IntN(6)
		version, token := 1+who%2, fmt.Sprintf("token%d", who)
		switch random.IntN(4) {
		case 0:
			f.call("release", version, token)
			delete(until, who)
			delete(fences, who)
		case 1:
			if err := e.Advance(time.Duration(random.IntN(20)) * time.Millisecond); err != nil {
				t.Fatal(err)
			}
		default:
			got := f.acquire(version, token, 1+random.IntN(50), random.IntN(2)*100)
			if got.Items[0].Text != "GRANTED" {
				continue
			}
			fence := got.Items[1].Integer
			if fence <= highest && fence != fences[who] {
				return fmt.Errorf("step %d: %s got the fence %d after %d", step, token, fence, highest)
			}
			fences[who], highest = fence, max(highest, fence)
			until[who] = e.Now().Add(time.Duration(got.Items[2].Integer) * time.Millisecond)
		}
		maps.DeleteFunc(until, func(_ int, end time.Time) bool { return !end.After(e.Now()) })
		if len(until) > 1 {
			return fmt.Errorf("step %d: %v believe that they hold the lock", step, slices.Sorted(maps.Keys(until)))
		}
	}
	return nil
}

func TestRollingUpgradeAtRandom(t *testing.T) {
	t.Parallel()
	scripts := bothVersions(t)
	for seed := range uint64(20) {
		if err := believers(t, scripts, seed, 500); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	// The check finds a version 2 that does not heed the lock of version 1.
	for i, s := range scripts {
		if s.Name == "mutex.acquire" && s.Version == 2 {
			scripts[i].Source = strings.Replace(s.Source, "token, 'NX', 'PX'", "token, 'PX'", 1)
		}
	}
	if err := believers(t, scripts, 1, 500); err == nil {
		t.Error("a version 2 that takes the lock away was not found out")
	}
}
