//go:build unix

package main_test

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// A server that does not answer is not one that says "held", and nobody waits for it longer than for a lock.
func testRunSilentServer(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	b.run(t, "run", "ready", "--", "true").want(t, 0)
	stop := func(sig syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(b.PID(), sig); err != nil {
			t.Fatal(err)
		}
	}
	stop(syscall.SIGSTOP)
	defer stop(syscall.SIGCONT)
	const grace = 3 * time.Second // for a slow machine, and to find out
	for _, test := range []struct {
		flags  []string
		atMost time.Duration
	}{
		{[]string{"run", "-w1"}, time.Second}, {[]string{"run", "-w50ms"}, time.Second},
		{[]string{"run", "-n"}, 3 * time.Second}, {[]string{"run", "-w0"}, 3 * time.Second},
		{[]string{"acquire", "-w1"}, time.Second}, {[]string{"acquire", "-n"}, 3 * time.Second},
	} {
		args := append(slices.Clone(test.flags), "silent")
		if test.flags[0] == "run" {
			args = append(args, "--", "echo", "ran")
		}
		began := time.Now()
		r := b.run(t, args...).want(t, 125)
		r.says(t, "no answer from Redis at "+b.Addr())
		if took := time.Since(began); took > test.atMost+grace || r.out != "" {
			t.Errorf("%v took %v, printed %q", test.flags, took, r.out)
		}
	}
	// Others are in its way, and then it falls silent.
	stop(syscall.SIGCONT)
	b.lock(t, "other", "held and silent")
	j := b.job(t, "held and silent", "echo ran", "-w3s")
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.queued(t, "held and silent") == 1 })
	stop(syscall.SIGSTOP)
	j.gone(t, 125).says(t, "no answer")
	// A signal ends the wait for an answer, too.
	j = b.job(t, "silent", "echo ran")
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.gone(t, 128+15)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

// A short job keeps its lock for a while; a signal ends redilock, and a crash does, and neither frees the lock early.
func testRunHoldAtLeast(t *testing.T, b *bench) {
	const atLeast = 2 * time.Second
	left := func(name string) time.Duration { return b.rdb.PTTL(t.Context(), name).Val() }
	began := time.Now()
	b.job(t, "tick", "exit 3", "--hold-at-least=2s", "--ttl=1s").ends(t, 3)
	if took := time.Since(began); took < atLeast {
		t.Errorf("the lock was free after %v", took)
	}
	for name, sig := range map[string]syscall.Signal{"tick, TERM": syscall.SIGTERM, "tick, KILL": syscall.SIGKILL} {
		j := b.job(t, name, "echo yes >ready", "--hold-at-least=20s", "--ttl=1s").start(t)
		time.Sleep(200 * time.Millisecond)
		if err := j.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		want := 0 // the command's
		if sig == syscall.SIGKILL {
			want = -1
		}
		waitFor(t, j.Cmd)
		if code := j.ProcessState.ExitCode(); code != want {
			t.Errorf("%s: exit status %d", name, code)
		}
		if d := left(name); d < 5*time.Second || d > 20*time.Second {
			t.Errorf("%s: the lease is %v", name, d)
		}
	}
	b.run(t, "run", "--hold-at-least=-1s", "x", "--", "true").want(t, 125).says(t, "--hold-at-least")
	b.run(t, "run", "--hold-at-least=9s", "--max-hold=8s", "x", "--", "true").want(t, 125).says(t, "--max-hold")
}
