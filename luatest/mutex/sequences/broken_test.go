package sequences_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zferentz/go-redilock/luatest/diff"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/mutex/sequences"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// TestDifferenceIsFound breaks one of two engines, and has the difference found, cut down to a few steps, and written as
// a scenario that the sound engine passes and the broken one does not.
func TestDifferenceIsFound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		script   string // whose source has old replaced by new
		old, new string
		engine   func(engine.Engine) engine.Engine // nil: sound
		steps    int                               // that show it, at the most
		calls    string                            // that are among them, in this order
	}{
		{
			name: "a fence is a string", script: "mutex.acquire",
			old: "return {'GRANTED', f, lease, owned}", new: "return {'GRANTED', string.format('%.0f', f), lease, owned}",
			steps: 1, calls: "acquire",
		},
		{
			name: "release takes any token", script: "mutex.release",
			old: "if holder == token then", new: "if holder then",
			steps: 2, calls: "release",
		},
		{
			name: "extend shortens a lease", script: "mutex.extend",
			old: "if left < lease then", new: "if left ~= lease then",
			steps: 3, calls: "acquire extend",
		},
		{
			name: "a record is left behind", script: "mutex.release",
			old: "redis.pcall('HDEL', waiters, who)", new: "local _ = who",
			steps: 3, calls: "acquire release",
		},
		{
			name: "a waiter is told a fence too low", script: "mutex.release",
			old: "string.format(' %.0f %d %d', g.fence,", new: "string.format(' %.0f %d %d', g.fence - 1,",
			steps: 4, calls: "release",
		},
		{
			name: "a grant owns a number of the last one", script: "mutex.acquire",
			old: "math.min(wish, ago)", new: "math.min(wish, ago + 1)",
			steps: 2, calls: "acquire",
		},
		{
			name: "a wake mode of a later version is dead", script: "mutex.release",
			old: "~= 0 or wake ~= 'push'", new: "~= 0 or wake == 'poll' or wake == 'broadcast'",
			steps: 4, calls: "release",
		},
		{name: "a server counts time up", engine: slow, steps: 3, calls: "inspect"},
		{name: "a server prints a number with an exponent", engine: exponents, steps: 1, calls: "acquire"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scripts := load(t)
			broken := changed(t, scripts, test.script, test.old, test.new)
			if test.engine == nil {
				test.engine = func(e engine.Engine) engine.Engine { return e }
			}
			open := func(e engine.Engine, scripts []dist.Script) diff.Runner {
				runner, err := plan(t).NewMemory(e, scripts)
				return diff.Join(t, nil, runner, err)[0]
			}
			team := diff.Team{open(lua(t), scripts), open(test.engine(lua(t)), broken)}
			err := plan(t).Run([]diff.Team{team}, 0, 2000, nil)
			var found *diff.Found
			if !errors.As(err, &found) {
				t.Fatalf("not found: %v", err)
			}
			var calls []string
			for _, step := range found.Sequence {
				if step.Call != "" {
					calls = append(calls, step.Call)
				}
			}
			if len(found.Sequence) > test.steps || !strings.Contains(strings.Join(calls, " "), test.calls) {
				t.Errorf("not cut down to %d steps with %s: %+q", test.steps, test.calls, found.Sequence)
			}
			text, err := found.Scenario()
			if err != nil {
				t.Fatal(err)
			}
			all, err := scenario.Load(fstest.MapFS{"found.json": {Data: text}})
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			sound, other := lua(t), test.engine(lua(t))
			defer sound.Close()
			defer other.Close()
			if err := scenario.Replay(sound, scripts, all[0]); err != nil {
				t.Errorf("the sound engine fails: %v\n%s", err, text)
			}
			err = scenario.Replay(other, broken, all[0])
			var failure *scenario.Failure
			if !errors.As(err, &failure) {
				t.Errorf("the broken engine does not fail: %v\n%s", err, text)
			}
		})
	}
}

func lua(t *testing.T) *engine.Lua {
	t.Helper()
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestDifferenceIsFoundOnServers breaks a script on each real server.
func TestDifferenceIsFoundOnServers(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		scripts := load(t)
		broken := changed(t, scripts, "mutex.extend", "if left < lease then", "if left ~= lease then")
		runner, err := plan(t).NewReal(s, broken)
		team := diff.Join(t, nil, runner, err)
		runner, err = plan(t).NewMemory(lua(t), scripts)
		team = diff.Join(t, team, runner, err)
		var found *diff.Found
		if err := plan(t).Run([]diff.Team{team}, 0, 2000, nil); !errors.As(err, &found) || len(found.Sequence) > 3 {
			t.Errorf("not found, or not cut down to three steps: %v", err)
		}
	})
}

// TestDeviations fails when an engine does not differ any more where it is excused: then the excuse has to go.
func TestDeviations(t *testing.T) {
	t.Parallel()
	scripts := load(t)
	mini, err := engine.NewMiniredis()
	if err != nil {
		t.Fatal(err)
	}
	runner, err := plan(t).NewMemory(mini, scripts)
	team := diff.Join(t, nil, runner, err)
	runner, err = plan(t).NewMemory(lua(t), scripts)
	team = diff.Join(t, team, runner, err)
	for i, step := range [][]string{
		{"ZADD", "{diff}:redilock:queue", "100000000", "w"},
	} {
		s := diff.Sequence{
			{Do: []string{"SET", "diff", "x"}}, {Do: step}, {Call: "acquire", Args: []string{"a", "1000", "1000"}},
			{Do: []string{"DEL", "diff", "{diff}:redilock:queue"}}, {Call: "acquire", Args: []string{"a", "1000"}},
		}
		var outcomes []diff.Outcome
		for _, runner := range team {
			got, err := runner.Run([]diff.Sequence{s})
			if err != nil {
				t.Fatal(err)
			}
			outcomes = append(outcomes, got...)
		}
		if s.Difference(outcomes[0], outcomes[1]) == nil {
			t.Errorf("%s does as a server does now: %s", diff.Deviations[i].Kind, diff.Deviations[i].Why)
		}
	}
}

// changed gives the scripts with a piece of one replaced, wherever it is in it.
func changed(t *testing.T, scripts []dist.Script, name, old, new string) []dist.Script {
	t.Helper()
	if name == "" {
		return scripts
	}
	var all []dist.Script
	for _, s := range scripts {
		if s.Name == name {
			if !strings.Contains(s.Source, old) {
				t.Fatalf("%s has no %q any more: change this test with it", name, old)
			}
			s.Source = strings.ReplaceAll(s.Source, old, new)
			compiled, err := sandbox.Compile(s.Source)
			if err != nil {
				t.Fatal(err)
			}
			s.SHA1 = compiled.SHA1
		}
		all = append(all, s)
	}
	return all
}

// tampered is an engine whose replies pass through a function.
type tampered struct {
	engine.Engine
	reply func(resp.Reply) resp.Reply
}

func (e tampered) Call(sha1 string, keys, args []string) (resp.Reply, error) {
	reply, err := e.Engine.Call(sha1, keys, args)
	return e.reply(reply), err
}

// slow tells of every lease inspected one millisecond too much.
func slow(e engine.Engine) engine.Engine {
	return tampered{e, func(r resp.Reply) resp.Reply {
		if len(r.Items) == 7 && r.Items[2].Integer > 0 {
			r.Items[2].Integer++
		}
		return r
	}}
}

// exponents makes of a large integer what a %.14g would.
func exponents(e engine.Engine) engine.Engine {
	return tampered{e, func(r resp.Reply) resp.Reply {
		for i, item := range r.Items {
			if item.Kind == resp.KindInteger && math.Abs(float64(item.Integer)) > 1e14 {
				r.Items[i] = resp.String(fmt.Sprintf("%.14g", float64(item.Integer)))
			}
		}
		return r
	}}
}

// TestEngines holds every engine to every other.
func TestEngines(t *testing.T) { plan(t).Engines(t, 2000) }

func plan(t *testing.T) *diff.Plan {
	t.Helper()
	p, err := sequences.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func load(t *testing.T) []dist.Script {
	t.Helper()
	scripts, err := mutex.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

// TestMinimise cuts a long sequence down to the two steps that matter, in their order, and those to what matters in them.
func TestMinimise(t *testing.T) {
	t.Parallel()
	s := sequences.Generate(1)
	s = append(append(s, diff.Step{Call: "acquire", Args: []string{"a", "1", "2", "poll", ""}}), sequences.Generate(2)...)
	s = append(append(s, diff.Step{Call: "extend", Args: []string{"a", "7"}}), sequences.Generate(3)...)
	tries := 0
	got := diff.Minimise(s, func(s diff.Sequence) bool {
		tries++
		acquired := false
		for _, step := range s {
			if step.Call == "acquire" && len(step.Args) > 1 && step.Args[1] == "1" {
				acquired = true
			}
			if acquired && step.Call == "extend" && len(step.Args) > 1 && step.Args[1] == "7" {
				return true
			}
		}
		return false
	})
	want := diff.Sequence{{Call: "acquire", Args: []string{"a", "1"}}, {Call: "extend", Args: []string{"a", "7"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+q", got)
	}
	if tries > len(s)*len(s) {
		t.Errorf("%d tries for %d steps", tries, len(s))
	}
}

// TestVariant shows that a real server runs the bytes of lua/dist, behind one line that is always the same.
func TestVariant(t *testing.T) {
	t.Parallel()
	prelude := diff.Variant("")
	if strings.ContainsAny(prelude, "\n\r") {
		t.Error("the prelude moves the lines of the script behind it")
	}
	for _, s := range load(t) {
		if diff.Variant(s.Source) != prelude+s.Source {
			t.Errorf("%s is changed", s.Name)
		}
	}
}
