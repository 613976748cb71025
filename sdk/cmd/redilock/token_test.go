//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func testAcquire(t *testing.T, b *bench) {
	ctx := t.Context()
	r := b.run(t, "acquire", "job", "--ttl", "50s").want(t, 0)
	token := strings.TrimSuffix(r.out, "\n")
	if b.rdb.Get(ctx, "job").Val() != token || strings.Count(r.out, "\n") != 1 {
		t.Errorf("printed %q", r.out)
	}
	if ttl := b.rdb.PTTL(ctx, "job").Val(); ttl > 50*time.Second || ttl < 50*time.Second-patience {
		t.Errorf("the lease is %v", ttl)
	}
	// The process that took it is gone: the holder is the one that called it.
	host, _ := os.Hostname()
	b.run(t, "inspect", "job").want(t, 0).contains(t, fmt.Sprintf("job: held by %s:%d, ", host, os.Getpid()))

	b.run(t, "acquire", "-n", "job").want(t, 124).prints(t, "")
	b.run(t, "acquire", "-w", "0.05", "-E", "9", "job").want(t, 9).prints(t, "")

	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	b.run(t, "acquire", "filed", "--token-file", file).want(t, 0).prints(t, "")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if text, _ := os.ReadFile(file); string(text) != b.rdb.Get(ctx, "filed").Val()+"\n" {
		t.Errorf("the file holds %q", text)
	}

	for _, filed := range []bool{false, true} {
		name := fmt.Sprint("json-", filed)
		args := []string{"--owner", "me", "--prefix", "p:", "acquire", "--json", name}
		if filed {
			args = append(args, "--token-file", file)
		}
		got := b.run(t, args...).want(t, 0).objects(t)[0]
		s, err := b.client(t, "x").Inspect(ctx, "p:"+name)
		if err != nil || s.Owner != "me" {
			t.Fatal(s, err)
		}
		deadline, err := time.Parse(time.RFC3339, got["deadline"].(string))
		if err != nil || deadline.After(time.Now().Add(30*time.Second)) || time.Until(deadline) < 30*time.Second-patience {
			t.Errorf("the deadline is %v: %v", got["deadline"], err)
		}
		if got["name"] != "p:"+name || got["owner"] != "me" || got["fence"] != float64(s.Fence) {
			t.Errorf("got %v", got)
		}
		if token, ok := got["token"]; ok == filed || ok && token != b.rdb.Get(ctx, "p:"+name).Val() {
			t.Errorf("the token is there: %v; written to a file: %v", ok, filed)
		}
	}
}

// contains fails the test unless stdout has these words.
func (r result) contains(t *testing.T, words string) {
	t.Helper()
	if !strings.Contains(r.out, words) {
		t.Errorf("stdout is %q, want %q in it", r.out, words)
	}
}

// A lock that is handed over is so for a waiter's presence only, 6 s: acquire must raise it before it goes.
func testAcquireWaits(t *testing.T, b *bench) {
	l := b.lock(t, "first", "waited")
	done := make(chan result, 1)
	go func() { done <- b.run(t, "acquire", "waited", "-w", "1m", "--ttl", "50s", "--json") }()
	eventually(t, "it waits", func() bool { return b.queued(t, "waited") == 1 })
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := (<-done).want(t, 0).objects(t)[0]
	if got["fence"].(float64) <= float64(l.Fence()) || got["lease_ms"].(float64) < 10_000 {
		t.Errorf("got %v after fence %d", got, l.Fence())
	}
	if ttl := b.rdb.PTTL(t.Context(), "waited").Val(); ttl < 10*time.Second {
		t.Errorf("the lease is %v", ttl)
	}
}

// A wait that is cut short leaves nothing behind.
func testAcquireInterrupted(t *testing.T, b *bench) {
	b.lock(t, "first", "cut short")
	cmd := b.command(t, "acquire", "cut short")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.queued(t, "cut short") == 1 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 143 || b.queued(t, "cut short") != 0 {
		t.Errorf("exit status %d, %d wait", code, b.queued(t, "cut short"))
	}
}

// A token that cannot be handed over is of no use to anybody: the lock must not stay.
func testAcquireUntold(t *testing.T, b *bench) {
	end, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	end.Close()
	defer pipe.Close()
	cmd := b.command(t, "acquire", "untold")
	cmd.Stdout = pipe // that nobody reads
	finish(t, cmd).want(t, 125).says(t, "released again")
	dir := t.TempDir()
	b.run(t, "acquire", "untold", "--token-file", filepath.Join(dir, "missing", "file")).want(t, 125).says(t, "--token-file")
	b.run(t, "acquire", "untold", "--token-file", dir).want(t, 125).says(t, "no regular file")
	if b.rdb.Exists(t.Context(), "untold", "{untold}:redilock:queue").Val() != 0 {
		t.Error("the lock is left behind")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func testToken(t *testing.T, b *bench) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "token")
	b.run(t, "acquire", "t", "--ttl", "20s", "--token-file", file).want(t, 0)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(text))

	b.run(t, "extend", "t", "--ttl", "100s", "--token-file", file).want(t, 0).prints(t, "")
	if ttl := b.rdb.PTTL(ctx, "t").Val(); ttl < 100*time.Second-patience {
		t.Errorf("the lease is %v", ttl)
	}
	got := b.runWith(t, token, nil, "extend", "t", "--ttl", "1s", "--json", "--token-file", "-").want(t, 0).objects(t)[0]
	if got["name"] != "t" || got["fence"].(float64) < 1 || got["lease_ms"].(float64) < 20_000 || got["token"] != nil {
		t.Errorf("got %v: a lease is never shortened", got)
	}
	b.runWith(t, "", []string{"REDILOCK_TOKEN=" + token}, "extend", "t").want(t, 0)

	for _, bad := range []struct {
		input, words string
		args         []string
	}{
		{"", "REDILOCK_TOKEN", nil},
		{"", "no such file", []string{"--token-file", file + "x"}},
		{"", "does not hold a token", []string{"--token-file", "-"}},
		{token + "\n" + token, "does not hold a token", []string{"--token-file", "-"}},
		{strings.Repeat("x", 513), "512", []string{"--token-file", "-"}},
	} {
		for _, verb := range []string{"extend", "release"} {
			r := b.runWith(t, bad.input, nil, append([]string{verb, "t"}, bad.args...)...).want(t, 125)
			r.says(t, bad.words)
			if strings.Contains(r.errors, token) {
				t.Error("a token in an error")
			}
		}
	}
	for _, verb := range []string{"extend", "release"} {
		r := b.runWith(t, token+"x", nil, verb, "t", "--token-file", "-").want(t, 123)
		r.says(t, "lock lost")
		if strings.Contains(r.errors, token) {
			t.Error("a token in an error")
		}
	}
	b.run(t, "extend", "t", "--ttl", "0", "--token-file", file).want(t, 125).says(t, "TTL")

	next := b.queue(t, "next", "t")
	b.run(t, "release", "t", "--token-file", file).want(t, 0).prints(t, "")
	if l := <-next; l == nil {
		t.Error("the next in the queue did not get the lock")
	}
	b.run(t, "release", "t", "--token-file", file).want(t, 123)
}
