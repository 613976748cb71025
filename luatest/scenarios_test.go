package luatest_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
	"github.com/zferentz/go-redilock/luatest/subjects"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// TestScenarios replays every scenario on every engine, each in an empty database.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, p := range subjects.All() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			replayed(t, p)
		})
	}
}

func replayed(t *testing.T, p subject.Subject) {
	scripts, err := p.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, f func(t *testing.T) func(t *testing.T, i int, s scenario.Scenario) engine.Engine) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayAll(t, p, scripts, all, f(t))
		})
	}
	run("gopher-lua", func(*testing.T) func(*testing.T, int, scenario.Scenario) engine.Engine {
		return func(t *testing.T, _ int, _ scenario.Scenario) engine.Engine {
			e, err := engine.NewLua()
			return engine.Opened(t, e, err)
		}
	})
	run("miniredis", func(*testing.T) func(*testing.T, int, scenario.Scenario) engine.Engine {
		return func(t *testing.T, _ int, _ scenario.Scenario) engine.Engine {
			e, err := engine.NewMiniredis()
			return engine.Opened(t, e, err)
		}
	})
	found := server.Executables()
	if len(found) == 0 {
		t.Run("real", func(t *testing.T) {
			noServer(t, p, "real servers", len(all), "no redis-server on PATH and none in "+server.EnvServers)
		})
	}
	for _, executable := range found {
		if executable.Err != nil {
			t.Run(filepath.Base(executable.Path), func(t *testing.T) {
				noServer(t, p, filepath.Base(executable.Path), len(all), executable.Err.Error())
			})
			continue
		}
		run(filepath.Base(executable.Path), func(t *testing.T) func(*testing.T, int, scenario.Scenario) engine.Engine {
			options := server.Options{Executable: executable.Path}
			shared := server.StartT(t, options)
			return func(t *testing.T, i int, s scenario.Scenario) engine.Engine {
				chosen := shared
				if s.Exclusive {
					chosen = server.StartT(t, options)
				}
				e, err := engine.NewReal(chosen, i)
				return engine.Opened(t, e, err)
			}
		})
	}
}

// section is of the closing table.
func section(p subject.Subject) string { return p.String() + " scenarios" }

// noServer notes in the table what was not proven, and skips or fails.
func noServer(t *testing.T, p subject.Subject, name string, scenarios int, why string) {
	t.Helper()
	row := testreport.Row{Section: section(p), Subject: name, Skipped: scenarios}
	row.Notes = []string{"NOT PROVEN HERE: " + why}
	if server.Required() {
		row.Failed, row.Skipped = row.Skipped, 0
	}
	testreport.Report(t, row)
	server.Missing(t, why)
}

// replayAll runs each scenario as a parallel subtest, and notes the outcome when the last has ended.
func replayAll(
	t *testing.T, p subject.Subject, scripts []dist.Script, all []scenario.Scenario,
	open func(t *testing.T, i int, s scenario.Scenario) engine.Engine,
) {
	probe := open(t, 0, scenario.Scenario{})
	var mu sync.Mutex
	row := testreport.Row{Section: section(p), Subject: probe.Name(), Version: probe.Version()}
	reasons := map[string]int{}
	var order []string
	t.Cleanup(func() {
		for _, reason := range order {
			row.Notes = append(row.Notes, fmt.Sprintf("%d skipped: %s", reasons[reason], reason))
		}
		testreport.Report(t, row)
	})
	for i, s := range all {
		if !s.RunsOn(probe.Kind()) {
			row.Skipped++
			if reasons[s.Reason]++; reasons[s.Reason] == 1 {
				order = append(order, s.Reason)
			}
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() {
				mu.Lock()
				defer mu.Unlock()
				if t.Failed() {
					row.Failed++
				} else {
					row.Passed++
				}
			})
			if err := scenario.Replay(open(t, i+1, s), scripts, s); err != nil {
				t.Error(err)
			}
		})
	}
}
