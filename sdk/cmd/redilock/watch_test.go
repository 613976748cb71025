//go:build unix

package main_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// events starts redilock watch --json, and gives what it prints as short lines: event, owner, from, number.
func (b *bench) events(t *testing.T, args ...string) (<-chan string, *exec.Cmd, *lockedBuffer) {
	t.Helper()
	objects, cmd, errs := b.watch(t, args...)
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for o := range objects {
			line := fmt.Sprint(o["event"], " ", o["owner"], " ", o["from"], " ", o["waiting"])
			line = strings.TrimSpace(strings.ReplaceAll(line, " <nil>", ""))
			if o["weight"] != nil {
				line += fmt.Sprint(", ", o["weight"], " of ", o["used"], "/", o["limit"])
			}
			lines <- line
		}
	}()
	return lines, cmd, errs
}

// watch starts redilock watch --json, and gives what it prints.
func (b *bench) watch(t *testing.T, args ...string) (<-chan map[string]any, *exec.Cmd, *lockedBuffer) {
	t.Helper()
	cmd := b.command(t, append([]string{"watch", "--json", "-i", "20ms"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := new(lockedBuffer)
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	objects := make(chan map[string]any, 100)
	go func() {
		defer close(objects)
		for s := bufio.NewScanner(out); s.Scan(); {
			objects <- result{out: s.Text()}.objects(t)[0]
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	return objects, cmd, errs
}

func expect(t *testing.T, lines <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case line := <-lines:
			if line != w {
				t.Fatalf("got %q, want %q", line, w)
			}
		case <-time.After(patience):
			t.Fatalf("nothing came, want %q", w)
		}
	}
}

func testWatch(t *testing.T, b *bench) {
	ctx := t.Context()
	lines, cmd, errs := b.events(t, "seen")
	expect(t, lines, "free")
	first := b.lock(t, "one", "seen")
	expect(t, lines, "acquired one")
	second := b.queue(t, "two", "seen")
	expect(t, lines, "waiting 1")
	if err := first.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "handed two one", "waiting 0")
	if err := (<-second).Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "released two")
	b.rdb.Set(ctx, "seen", "a foreign token", 200*time.Millisecond)
	expect(t, lines, "acquired", "expired")

	// What is too quick to be seen is counted all the same: here, because it happens while nobody looks.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var stopped syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &stopped, syscall.WUNTRACED, nil); err != nil || !stopped.Stopped() {
		t.Fatal(err, stopped)
	}
	for range 3 {
		if err := b.lock(t, "quick", "seen").Unlock(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "missed")
	b.lock(t, "last", "seen")
	expect(t, lines, "acquired last")

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || errs.String() != "" {
		t.Errorf("exit status %d, stderr %q", code, errs)
	}
	b.run(t, "watch", "seen", "-i", "1ms").want(t, 125).says(t, "--interval")
}

func testWatchOutage(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	b.lock(t, "one", "seen")
	lines, cmd, errs := b.events(t, "seen")
	expect(t, lines, "held one")
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	// It goes on, and says so once: its end is ours to make.
	eventually(t, "it says that it tries again", func() bool { return strings.Contains(errs.String(), "trying again") })
	for range 3 { // each takes longer than one of its questions
		b.run(t, "inspect", "seen").want(t, 125).says(t, "cannot reach Redis at "+b.Addr())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if n := strings.Count(errs.String(), "trying again"); n != 1 || cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("exit status %d, stderr %q", cmd.ProcessState.ExitCode(), errs)
	}
}

func testTopOnce(t *testing.T, b *bench) {
	b.lock(t, "web1:42", "top:a")
	b.queue(t, "web2:7", "top:a")
	for _, args := range [][]string{{"top", "top:*"}, {"top", "top:*", "--once"}} {
		r := b.run(t, args...).want(t, 0)
		if got := figures(r.out); got != "NAME  HOLDER  FENCE  LEFT  WAITING\ntop:a  web1:42  FENCE  TIME  1\n" {
			t.Errorf("%v: %s", args, got)
		}
	}
	b.run(t, "top", "-i", "1ms").want(t, 125).says(t, "--interval")
}

// On a terminal there is the live table, until it is told to end. What it shows is tested with its model.
func testTopTerminal(t *testing.T, b *bench) {
	b.lock(t, "web1:42", "live:a")
	for _, test := range []struct {
		end  string
		code int
	}{{"q", 0}, {"\x03", 0}, {"TERM", 143}} {
		cmd := b.command(t, "top", "live:*")
		cmd.Env = append(cmd.Env, "TERM=xterm-256color")
		keys, screen, ends := onTerminal(t, cmd)
		eventually(t, "it shows the lock", func() bool {
			return strings.Contains(screen.String(), "live:a") && strings.Contains(screen.String(), "q quit")
		})
		if test.end == "TERM" {
			err := cmd.Process.Signal(syscall.SIGTERM)
			if err != nil {
				t.Fatal(err)
			}
		} else if _, err := io.WriteString(keys, test.end); err != nil {
			t.Fatal(err)
		}
		s := ends()
		// The screen that was there before comes back, and the cursor.
		if cmd.ProcessState.ExitCode() != test.code || !strings.Contains(s, "\x1b[?1049h") ||
			strings.LastIndex(s, "\x1b[?1049l") < strings.LastIndex(s, "live:a") || !strings.Contains(s, "\x1b[?25h") {
			t.Errorf("ended by %q: exit status %d, screen %q", test.end, cmd.ProcessState.ExitCode(), s)
		}
	}
}
