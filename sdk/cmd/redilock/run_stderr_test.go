//go:build unix

package main_test

import (
	"bufio"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// full gives the writing end of a pipe that has no room and no reader that reads.
func full(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for size := 1 << 16; size > 0; size /= 2 {
		for {
			if _, err := w.Write(make([]byte, size)); err != nil {
				break
			}
			_ = w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		}
		_ = w.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	}
	return w
}

// blocking is the file as a child is to have it: os.Pipe gives one that does not block.
func blocking(t *testing.T, f *os.File) *os.File {
	t.Helper()
	if err := syscall.SetNonblock(int(f.Fd()), false); err != nil {
		t.Fatal(err)
	}
	return f
}

// A standard error that takes nothing holds up nothing: signals are passed, the lease is renewed, its loss ends the command.
func testRunStderrBlocked(t *testing.T, b *bench) {
	j := b.job(t, "blocked stderr", "trap 'exit 9' TERM"+sleeps, "-vv", "--ttl=500ms")
	j.Stderr = blocking(t, full(t))
	j.start(t)
	time.Sleep(time.Second) // two leases: they are renewed, or lost
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 9)

	j = b.job(t, "blocked stderr", "trap '' TERM"+sleeps, "-v", "--ttl=1s", "--kill-after=100ms")
	j.Stderr = blocking(t, full(t))
	j.start(t)
	if err := b.rdb.Set(t.Context(), "blocked stderr", "theirs", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	j.gone(t, 123)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the command went on for %v without its lock", took)
	}
}

// A standard error that was closed is no end: | head -n 1.
func testRunStderrClosed(t *testing.T, b *bench) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	j := b.job(t, "closed stderr", "exec 3>&-; sleep 0.3; echo done; exit 4", "-vv", "--ttl=1s")
	j.Stderr = blocking(t, w)
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.HasPrefix(line, "redilock: ") {
		t.Errorf("said %q (%v)", line, err)
	}
	r.Close()
	j.ends(t, 4).prints(t, "done\n")
	// The command's own SIGPIPE is as it was.
	b.run(t, "run", "pipe", "--", "sh", "-c", "yes | head -n 1; kill -PIPE $$").want(t, 128+13).prints(t, "y\n")
}

// A token that nobody takes is given back when acquire is told to end.
func testAcquireStdoutBlocked(t *testing.T, b *bench) {
	cmd := b.command(t, "acquire", "untaken")
	cmd.Stdout = blocking(t, full(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it holds the lock", func() bool { return b.rdb.Exists(t.Context(), "untaken").Val() == 1 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, cmd)
	if code := cmd.ProcessState.ExitCode(); code != 143 || b.rdb.Exists(t.Context(), "untaken").Val() != 0 {
		t.Errorf("exit status %d, %d locks", code, b.rdb.Exists(t.Context(), "untaken").Val())
	}
}
