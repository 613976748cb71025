//go:build unix

package main_test

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// The lock is taken away: the command is told to end, and is ended if it does not.
func testRunStolen(t *testing.T, b *bench) {
	for name, trap := range map[string]string{
		"heeds TERM":   "trap 'echo told >>got; exit 0' TERM",
		"ignores TERM": "trap 'echo told >>got' TERM",
	} {
		name = "stolen, " + name
		j := b.job(t, name, trap+sleeps, "--ttl=3s", "--kill-after=300ms").start(t)
		if err := b.rdb.Set(t.Context(), name, "somebody else", time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		j.gone(t, 123).says(t, "took the lock away")
		if got := j.read(t, "got"); got != "told\n" {
			t.Errorf("%s: the command got %q", name, got)
		}
		if v := b.rdb.Get(t.Context(), name).Val(); v != "somebody else" {
			t.Errorf("%s: the key of somebody else is now %q", name, v)
		}
	}
}

// The server goes away: the command has ended before its lease has.
func testRunServerKilled(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	j := b.job(t, "a", "trap 'echo told >>got; exit 0' TERM"+sleeps, "--ttl=1s", "--kill-after=300ms").start(t)
	killed := time.Now()
	if err := syscall.Kill(b.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	j.gone(t, 123).says(t, "could not be renewed")
	const look = 100 * time.Millisecond // until this test sees it
	if took := time.Since(killed); took > time.Second+look {
		t.Errorf("the command was there %v after the server had gone, its lease was 1s", took)
	}
	if got := j.read(t, "got"); got != "told\n" {
		t.Errorf("the command got %q", got)
	}
}

// redilock itself is stopped until its lease is over and somebody else has the lock. When it is continued the command
// ends at once.
func testRunStopped(t *testing.T, b *bench) {
	j := b.job(t, "paused", "trap '' TERM"+sleeps, "--ttl=1s").start(t)
	if err := j.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	l, err := b.client(t, "next").Mutex("paused", time.Minute).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	j.gone(t, 123)
	if err := l.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
}

// redilock is killed: the command does not outlive it, and the lock frees itself.
func testRunKilled(t *testing.T, b *bench) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, NOT PROVEN: only Linux kills a command with its parent")
	}
	j := b.job(t, "killed", "trap '' TERM"+sleeps, "--ttl=1s").start(t)
	if err := j.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	group, err := strconv.Atoi(strings.TrimSpace(j.read(t, "group")))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command is gone", func() bool { return errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) })
	waitFor(t, j.Cmd)
	eventually(t, "the lock is free", func() bool { return b.rdb.Exists(t.Context(), "killed").Val() == 0 })
}

func testRunMaxHold(t *testing.T, b *bench) {
	began := time.Now()
	j := b.job(t, "max", "trap 'echo told >>got; exit 0' TERM"+sleeps, "--ttl=500ms", "--max-hold=1s", "--kill-after=100ms")
	j.start(t).ends(t, 123).says(t, "maximum of 1.0s")
	if took := time.Since(began); took < 800*time.Millisecond || took > 10*time.Second {
		t.Errorf("it held for %v, its maximum is 1s", took)
	}
}

// The lease is extended for as long as the command runs.
func testRunExtends(t *testing.T, b *bench) {
	b.job(t, "extends", "sleep 1.5; exit 3", "--ttl=500ms").ends(t, 3)
}

// On a terminal a Ctrl-C reaches the command once, whether it reads the terminal, and so has it, or not.
func testRunTerminal(t *testing.T, b *bench) {
	for name, work := range map[string]string{
		"sleeps": "while :; do sleep 0.02; done",
		"reads":  "while :; do cat >>lines; done",
	} {
		dir := t.TempDir()
		cmd := b.command(t, "run", "terminal", "--", "sh", "-c",
			`trap "echo got >>got" INT; trap "exit 7" TERM; echo yes >ready; `+work)
		cmd.Dir = dir
		keys, _, ends := onTerminal(t, cmd)
		j := &job{dir: dir}
		eventually(t, "the command is ready", func() bool { return j.read(t, "ready") != "" })
		// A signal that comes before the shell has started cat again would leave cat to read for ever: it reads a line
		// first.
		lines := 0
		reads := func() {
			if name != "reads" {
				return
			}
			lines++
			if _, err := io.WriteString(keys, "a line\n"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it has the terminal", func() bool { return strings.Count(j.read(t, "lines"), "\n") >= lines })
		}
		for n := 1; n <= 2; n++ {
			reads()
			if _, err := io.WriteString(keys, "\x03"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it gets the Ctrl-C", func() bool { return strings.Count(j.read(t, "got"), "got") >= n })
		}
		reads()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ends()
		if got := strings.Count(j.read(t, "got"), "got"); got != 2 || cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("%s: %d signals for two Ctrl-C, exit status %d", name, got, cmd.ProcessState.ExitCode())
		}
	}
}
