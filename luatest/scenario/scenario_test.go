package scenario_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with its arguments as they are, and with kinds of replies for some words.
var echo = []dist.Script{{
	Name: "test.echo", Version: 1,
	Keys: []dist.Key{{Name: "lock"}, {Name: "fence", Suffix: ":f"}},
	Source: `local all = {}
for i, text in ipairs(ARGV) do
  all[i] = tonumber(text) or text
  if text == 'nil' then all[i] = redis.call('GET', KEYS[1]) end
  if text == 'ok' then all[i] = redis.status_reply('OK') end
end
if ARGV[1] == 'err' then return redis.error_reply('CODE text') end
return all
`,
}}

func replay(t *testing.T, steps string) error {
	t.Helper()
	all, err := scenario.Load(file(`{"name": "n", "title": "t", "shows": ["M1"], "steps": [` + steps + `,
		 {"state": []}]}`))
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.NewLua()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	scripts := echo
	if scripts[0].SHA1, err = e.Load(scripts[0].Source); err != nil {
		t.Fatal(err)
	}
	return scenario.Replay(e, scripts, all[0])
}

func file(scenarios string) fstest.MapFS {
	text := `{"primitive": "test", "version": 1, "scenarios": [` + scenarios + `]}`
	return fstest.MapFS{"a.json": {Data: []byte(text)}}
}

func TestMatches(t *testing.T) {
	for _, steps := range []string{
		`{"call": "echo", "args": ["a", 7, "nil"], "reply": ["a", 7, null]}`,
		`{"call": "echo", "args": ["ok"], "reply": [{"status": "OK"}]}`,
		`{"call": "echo", "args": ["err"], "reply": {"error": "CODE text"}}`,
		`{"call": "echo", "args": ["err"], "reply": {"code": "CODE"}}`,
		`{"call": "echo", "args": [7], "reply": [{"integer": {"min": 7, "max": 7, "bind": "f"}}]},
		 {"call": "echo", "args": [{"var": "f"}, 8], "reply": [{"var": "f"}, {"integer": {"above": "f"}}]},
		 {"call": "echo", "args": [{"join": ["a", {"var": "f"}]}], "reply": [{"join": ["a7"]}]}`,
		`{"call": "echo", "args": [{"hex": "00ff"}, {"text": "ab", "times": 2}], "reply": [{"hex": "00ff"}, "abab"]}`,
		`{"call": "echo", "args": [{"key": "lock"}, {"key": "fence"}], "reply": ["n", "{n}:f"]}`,
		`{"repeat": 2, "as": "i", "steps": [{"call": "echo", "args": [{"var": "i"}], "reply": [{"var": "i"}]}]}`,
		`{"call": "echo", "keys": ["x"], "args": [], "reply": {"any": true}}`,
		`{"do": ["SET", "k", 1]}, {"do": ["DEL", "k"], "reply": 1}`,
	} {
		if err := replay(t, steps); err != nil {
			t.Errorf("%s: %v", steps, err)
		}
	}
}

func TestMismatches(t *testing.T) {
	for steps, want := range map[string]string{
		`{"call": "echo", "args": ["a"],
		 "reply": ["b"]}`: `element 1: expected "b", got "a"`,
		`{"call": "echo", "args": ["a"], "reply": ["a", 1]}`:                    `expected ["a", 1], got ["a"]`,
		`{"call": "echo", "args": ["7"], "reply": ["7"]}`:                       `expected "7", got 7`,
		`{"call": "echo", "args": ["a"], "reply": [null]}`:                      `expected null, got "a"`,
		`{"call": "echo", "args": ["ok"], "reply": ["OK"]}`:                     `expected "OK", got +OK`,
		`{"call": "echo", "args": ["err"], "reply": {"any": true}}`:             `got -CODE text`,
		`{"call": "echo", "args": ["err"], "reply": {"error": "CODE"}}`:         `got -CODE text`,
		`{"call": "echo", "args": ["a"], "reply": {"code": "CODE"}}`:            `got ["a"]`,
		`{"call": "echo", "args": [7], "reply": [{"integer": {"min": 8}}]}`:     `got 7`,
		`{"call": "echo", "args": [7], "reply": [{"integer": {"max": 6}}]}`:     `got 7`,
		`{"call": "echo", "args": [7], "reply": [{"integer": {"above": "f"}}]}`: `no integer is bound to "f"`,
		`{"call": "echo", "args": [{"var": "f"}], "reply": []}`:                 `nothing is bound to "f"`,
		`{"call": "echo", "args": [{"key": "none"}], "reply": []}`:              `"none" is no key`,
		`{"call": "echo", "args": ["a"]}`:                                       `says not what the call answers`,
		`{"call": "none", "args": []}`:                                          `no script test.none`,
		`{"do": ["SET", "k", "v", "PX", 90]}, {"do": ["INCR", "k"]}`:            `pttl 90: "v"`,
		`{"do": ["SET", "k",
		 "v"]}`: `expected the keys [], got ["k"]`,
		`{"do": ["SET", "k", "v"]}, {"state": [{"key": "k", "type": "hash"}]}`:          `expected type hash, got string`,
		`{"do": ["SET", "k", "v"]}, {"state": [{"key": "k", "type": "string"}]}`:        `says not what PTTL answers`,
		`{"subscribe": ["c"]}, {"messages": {"channel": "c", "payloads": ["x"]}}`:       `expected ["x"], got []`,
		`{"repeat": 2, "as": "i", "steps": [{"do": ["SET", "k", "v"], "reply": "no"}]}`: `step 1.1`,
	} {
		err := replay(t, steps)
		var failure *scenario.Failure
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a failure with %s", steps, err, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	const state = `{"state": []}`
	for text, want := range map[string]string{
		`{"name": "n", "shows": ["M1"],
		 "steps": [` + state + `]}`: "a name and a title",
		`{"name": "n", "title": "t",
		 "steps": [` + state + `]}`: "none of M1 to M10",
		`{"name": "n", "title": "t", "shows": ["M11"],
		 "steps": [` + state + `]}`: `"M11"`,
		`{"name": "n", "title": "t", "shows": ["M1"],
		 "steps": [{"advance_ms": 1}]}`: "last step",
		`{"name": "n", "title": "t", "shows": ["M1"], "steps": [{"why": "x"},
		 ` + state + `]}`: "0 actions",
		`{"name": "n", "title": "t", "shows": ["M1"], "engines": ["real"],
		 "steps": [` + state + `]}`: "says not why",
		`{"name": "n", "title": "t", "shows": ["M1"], "reason": "r", "engines": ["x"], "steps": [` + state + `]}`: `"x"`,
		`{"name": "n", "title": "t", "shows": ["M1"],
		 "stepps": []}`: "stepps",
		`{"name": "a", "title": "t", "shows": ["M1"], "steps": [{"subscribe": ["c"]}, ` + state + `]},
		 {"name": "b", "title": "t", "shows": ["M1"], "steps": [{"subscribe": ["c"]}, ` + state + `]}`: "as a does",
		`{"name": "n", "title": "t", "shows": ["M1"], "steps": [` + state + `]},
		 {"name": "n", "title": "t", "shows": ["M1"], "steps": [` + state + `]}`: "taken",
	} {
		if _, err := scenario.Load(file(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %s", text, err, want)
		}
	}
}
