package diff

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// Engines is a test that holds every engine to every other: so many sequences, or as many as REDILOCK_SEQUENCES says, from
// REDILOCK_SEED (0) on.
func (p *Plan) Engines(t *testing.T, sequences int) {
	first, n := uint64(testreport.Size(t, "REDILOCK_SEED", 0)), uint64(testreport.Size(t, "REDILOCK_SEQUENCES", sequences))
	scripts, err := p.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	teams := make([]Team, min(2, runtime.GOMAXPROCS(0)))
	for _, executable := range server.Executables() {
		if executable.Err != nil {
			p.missing(t, filepath.Base(executable.Path), executable.Err.Error())
			continue
		}
		for i := range teams {
			s := server.StartT(t, server.Options{Executable: executable.Path})
			runner, err := p.NewReal(s, scripts)
			teams[i] = Join(t, teams[i], runner, err)
		}
	}
	if len(teams[0]) == 0 {
		p.missing(t, "real servers", "no redis-server on PATH and none in "+server.EnvServers)
	}
	for i := range teams {
		for _, open := range []func() (engine.Engine, error){newLua, engine.NewMiniredis} {
			e, err := open()
			if err != nil {
				t.Fatal(err)
			}
			runner, err := p.NewMemory(e, scripts)
			teams[i] = Join(t, teams[i], runner, err)
		}
	}
	var names []string
	for _, runner := range teams[0] {
		names = append(names, title(runner))
	}
	start := time.Now()
	var done atomic.Int64
	stop := testreport.Progress("diff "+p.Subject.String(), &done, int(n), "sequences")
	err = p.Run(teams, first, n, &done)
	stop()

	row := testreport.Row{Section: "sequences", Passed: int(done.Load())}
	row.Subject = fmt.Sprintf("%s, %d engines", p.Subject, len(names))
	row.Notes = []string{strings.Join(names, ", ") + ": the same replies, messages and keys"}
	for i, d := range Deviations {
		row.Notes = append(row.Notes, fmt.Sprintf("%d not compared on %s: %s", p.Excused(first, n, i), d.Kind, d.Why))
	}
	if err != nil {
		row.Failed, row.Notes = 1, row.Notes[1:]
		fail(t, err)
	}
	testreport.Report(t, row)
	t.Logf("%d sequences on %s in %v", done.Load(), strings.Join(names, ", "), time.Since(start).Round(time.Millisecond))
}

func newLua() (engine.Engine, error) { return engine.NewLua() }

// Join puts a runner into a team, and closes it with the test.
func Join(t *testing.T, team Team, runner Runner, err error) Team {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := runner.Close(); err != nil {
			t.Error(err)
		}
	})
	return append(team, runner)
}

// missing notes in the table what was not compared, and skips or fails a subtest of its own.
func (p *Plan) missing(t *testing.T, name, why string) {
	t.Helper()
	row := testreport.Row{Section: "sequences", Subject: p.Subject.String() + ", " + name, Skipped: 1}
	row.Notes = []string{"NOT PROVEN HERE: " + why}
	if server.Required() {
		row.Failed, row.Skipped = 1, 0
	}
	testreport.Report(t, row)
	t.Run(name, func(t *testing.T) { server.Missing(t, why) })
}

// fail reports the differences, each with the scenario that shows it.
func fail(t *testing.T, err error) {
	t.Helper()
	var found *Found
	for _, err := range unjoin(err) {
		if !errors.As(err, &found) {
			t.Error(err)
			continue
		}
		text, err := found.Scenario()
		if err != nil {
			t.Error(err)
		}
		t.Errorf("%v\nas a scenario, to be replayed from luatest/scenarios:\n%s", found, text)
	}
}

func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
