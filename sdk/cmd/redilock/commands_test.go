//go:build unix

package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// otherProgram lets the tests be seen to fail, with a redilock from before what they prove.
var otherProgram = flag.String("program", "", "test this redilock, which was built before")

var update = flag.Bool("update", false, "write what the command prints into testdata")

// TestCommands builds the command once and runs it, on every real server that there is.
func TestCommands(t *testing.T) {
	t.Parallel()
	program := *otherProgram
	if program == "" {
		program = build(t, ".", "redilock")
	}
	b := &bench{program: program}
	t.Run("help", func(t *testing.T) { testHelp(t, b) })
	t.Run("status_tables", func(t *testing.T) { testStatusTables(t, b) })
	t.Run("units", func(t *testing.T) { testUnits(t, b) })
	t.Run("manifests", func(t *testing.T) { testManifests(t, b) })
	t.Run("usage", func(t *testing.T) { testUsage(t, b) })
	t.Run("completion", func(t *testing.T) { testCompletion(t, b) })
	t.Run("export", func(t *testing.T) { testExport(t, b) })
	t.Run("version", func(t *testing.T) { testVersion(t, b) })
	t.Run("on", func(t *testing.T) {
		server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
			b := b.on(t, s)
			row := testreport.Row{Section: "commands", Subject: s.Name(), Version: s.Version()}
			var mu sync.Mutex
			t.Cleanup(func() { testreport.Report(t, row) })
			for _, test := range []struct {
				name string
				run  func(*testing.T, *bench)
			}{
				{"acquire", testAcquire},
				{"acquire_waits", testAcquireWaits},
				{"acquire_interrupted", testAcquireInterrupted},
				{"acquire_untold", testAcquireUntold},
				{"token", testToken},
				{"inspect", testInspect},
				{"ls", testLs},
				{"ls_walks", testLsWalks},
				{"ls_cluster", testLsCluster},
				{"watch", testWatch},
				{"leader", testLeader},
				{"semaphore_seen", testSemaphoreSeen},
				{"semaphore_watched", testSemaphoreWatched},
				{"break_semaphore", testBreakSemaphore},
				{"watch_outage", testWatchOutage},
				{"top_once", testTopOnce},
				{"top_terminal", testTopTerminal},
				{"exporter", testExporter},
				{"exporter_away", testExporterAway},
				{"break", testBreak},
				{"break_question", testBreakQuestion},
				{"break_no_lock", testBreakNoLock},
				{"scripts_check", testScriptsCheck},
				{"acl", testACL},
				{"acl_cluster", testACLCluster},
				{"connection", testConnection},
				{"run_status", testRunStatus},
				{"run_waits", testRunWaits},
				{"run_environment", testRunEnvironment},
				{"run_streams", testRunStreams},
				{"run_signals", testRunSignals},
				{"run_leaves_nothing", testRunLeavesNothing},
				{"run_nested", testRunNested},
				{"run_several", testRunSeveral},
				{"run_semaphore", testRunSemaphore},
				{"run_readers_writers", testRunReadersWriters},
				{"run_kinds", testRunKinds},
				{"run_replicas", testRunReplicas},
				{"run_counter", testRunCounter},
				{"run_stolen", testRunStolen},
				{"run_server_killed", testRunServerKilled},
				{"run_stopped", testRunStopped},
				{"run_killed", testRunKilled},
				{"run_max_hold", testRunMaxHold},
				{"run_extends", testRunExtends},
				{"run_terminal", testRunTerminal},
				{"run_bytes", testRunBytes},
				{"run_bytes_random", testRunBytesRandom},
				{"run_stderr_blocked", testRunStderrBlocked},
				{"run_stderr_closed", testRunStderrClosed},
				{"acquire_stdout_blocked", testAcquireStdoutBlocked},
				{"run_term_any_moment", testRunTermAnyMoment},
				{"run_under_nohup", testUnderNohup},
				{"run_other_groups", testRunOtherGroups},
				{"run_setsid", testRunSetsid},
				{"run_until_all_end", testRunUntilAllEnd},
				{"run_zombies", testRunZombies},
				{"run_guard_killed", testRunGuardKilled},
				{"run_script", testRunScript},
				{"run_silent_server", testRunSilentServer},
				{"run_hold_at_least", testRunHoldAtLeast},
				{"run_process_1", testRunProcess1},
				{"left", testLeft},
				{"documents", testDocuments},
				{"tls", testTLS},
				{"passwords", testPasswords},
			} {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					defer func() {
						mu.Lock()
						defer mu.Unlock()
						switch {
						case t.Failed():
							row.Failed++
						case t.Skipped():
							row.Skipped++
							row.Notes = append(row.Notes, "NOT PROVEN HERE: "+test.name)
						default:
							row.Passed++
						}
					}()
					test.run(t, b)
				})
			}
		})
	})
}

// build builds a program of this module in a folder that other users can read as well.
func build(t *testing.T, dir, name string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestMain undoes what nohup(1), or a shell that starts this in the background, makes us and our children ignore: tests
// send these signals.
func TestMain(m *testing.M) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(m.Run())
}

// bench is the command, and a server to run it on.
type bench struct {
	*server.Server
	program string
	url     string
	rdb     *redis.Client // the test's own connections
}

func (b *bench) on(t *testing.T, s *server.Server) *bench {
	t.Helper()
	rdb := redis.NewClient(s.RedisOptions())
	t.Cleanup(func() { _ = rdb.Close() })
	return &bench{Server: s, program: b.program, url: "redis://" + s.Addr(), rdb: rdb}
}

// another is the same on one more server of this kind, for this test alone.
func (b *bench) another(t *testing.T, o server.Options) *bench {
	t.Helper()
	o.Executable = b.Executable()
	return b.on(t, server.StartT(t, o))
}

// client is a lock client as another process would have it.
func (b *bench) client(t *testing.T, owner string) *redilock.Client {
	t.Helper()
	c, err := redilock.New(b.rdb, redilock.WithOwner(owner))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// lock takes a lock for as long as the test runs.
func (b *bench) lock(t *testing.T, owner, name string) *redilock.Lock {
	t.Helper()
	l, err := b.client(t, owner).Mutex(name, time.Minute).TryLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// queue lets a client wait for a lock. What comes of it is sent.
func (b *bench) queue(t *testing.T, owner, name string) <-chan *redilock.Lock {
	t.Helper()
	got := make(chan *redilock.Lock, 1)
	before, c := b.queued(t, name), b.client(t, owner)
	go func() {
		l, _ := c.Mutex(name, time.Minute).Lock(t.Context())
		got <- l
	}()
	eventually(t, "it waits", func() bool { return b.queued(t, name) > before })
	return got
}

func (b *bench) queued(t *testing.T, name string) int64 {
	t.Helper()
	s, err := b.client(t, "test").Inspect(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.Queued
}

// command makes a call of the program, with an environment of its own.
func (b *bench) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.program, args...)
	cmd.WaitDelay = patience // what is left, and should not be, may hold its files open
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if b.url != "" {
		cmd.Env = append(cmd.Env, "REDIS_URL="+b.url)
	}
	return cmd
}

// result is what became of a call.
type result struct {
	code        int
	out, errors string
}

// run calls the program.
func (b *bench) run(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, b.command(t, args...))
}

// runWith calls the program with standard input and more of an environment.
func (b *bench) runWith(t *testing.T, input string, env []string, args ...string) result {
	t.Helper()
	cmd := b.command(t, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(cmd.Env, env...)
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, cmd)
	if strings.Contains(errs.String(), "goroutine ") {
		t.Errorf("a stack trace:\n%s", errs.String())
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// want fails the test unless the exit status is code. Success says nothing on stderr, trouble one line.
func (r result) want(t *testing.T, code int) result {
	t.Helper()
	lines := strings.Count(r.errors, "\n")
	if r.code != code || code == 0 && lines != 0 || lines > 1 {
		t.Errorf("exit status %d, want %d; stdout:\n%sstderr:\n%s", r.code, code, r.out, r.errors)
	}
	return r
}

// says fails the test unless stderr has these words.
func (r result) says(t *testing.T, words string) {
	t.Helper()
	if !strings.Contains(r.errors, words) {
		t.Errorf("stderr is %q, want %q in it", r.errors, words)
	}
}

// prints fails the test unless stdout is this.
func (r result) prints(t *testing.T, want string) {
	t.Helper()
	if d := cmp.Diff(want, r.out); d != "" {
		t.Errorf("stdout (-want +got):\n%s", d)
	}
}

// objects reads stdout as a JSON object a line.
func (r result) objects(t *testing.T) []map[string]any {
	t.Helper()
	var list []map[string]any
	for d := json.NewDecoder(strings.NewReader(r.out)); ; {
		var o map[string]any
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%v in %s", err, r.out)
		}
		list = append(list, o)
	}
}

// patience is how long a test waits for what is sure to come.
const patience = 30 * time.Second

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// golden holds text against a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}
