//go:build unix

package main_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// job is one redilock run, whose command is a line of shell in a folder of its own.
type job struct {
	*exec.Cmd
	b    *bench
	name string
	dir  string
	errs lockedBuffer
	out  bytes.Buffer
}

// job prepares redilock run with these flags. The shell's process group is in the file "group". What it says
// itself of the signals that it gets is of no interest.
func (b *bench) job(t *testing.T, name, script string, flags ...string) *job {
	t.Helper()
	script = "exec 3>&2 2>/dev/null; ps -o pgid= -p $$ >group\n" + script
	args := append(append([]string{"run"}, flags...), name, "--", "sh", "-c", script)
	j := &job{Cmd: b.command(t, args...), b: b, name: name, dir: t.TempDir()}
	j.Dir, j.Stdout, j.Stderr = j.dir, &j.out, &j.errs
	j.Env = append(j.Env, "REDILOCK="+b.program)
	return j
}

// start starts the job and returns when the command has made the file "ready".
func (j *job) start(t *testing.T) *job {
	t.Helper()
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command is ready", func() bool { return j.read(t, "ready") != "" })
	return j
}

// read gives the content of a file of the job, empty if there is none.
func (j *job) read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(j.dir, file))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// ends waits for the job's end, and fails the test unless it has this status, nothing is left of the command's group, and
// no key of the lock but its fence.
func (j *job) ends(t *testing.T, code int) result {
	t.Helper()
	r := j.gone(t, code)
	eventually(t, "the lock is free", func() bool { return j.b.rdb.Exists(t.Context(), j.name).Val() == 0 })
	keys, err := j.b.rdb.Keys(t.Context(), "{"+j.name+"}*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, ":redilock:fence") {
			t.Errorf("%s is left on the server", key)
		}
	}
	return r
}

// gone is ends for a lock that is somebody else's by now.
func (j *job) gone(t *testing.T, code int) result {
	t.Helper()
	if j.Process == nil {
		if err := j.Start(); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, j.Cmd)
	if group := strings.TrimSpace(j.read(t, "group")); group != "" {
		if n, err := strconv.Atoi(group); err != nil || !errors.Is(syscall.Kill(-n, 0), syscall.ESRCH) {
			t.Errorf("something is left of the command's group %s (%v)", group, err)
		}
	}
	return result{j.ProcessState.ExitCode(), j.out.String(), j.errs.String()}.want(t, code)
}

// waitFor waits for the end of a process, and fails the test if it does not come.
func waitFor(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	var exited *exec.ExitError
	switch {
	case !late.Stop():
		t.Fatalf("it has not ended within %v: %v", patience, cmd.Args)
	case err != nil && !errors.As(err, &exited):
		t.Fatal(err)
	}
}

// sleeps keeps a shell busy with short sleeps, between which it heeds its traps.
const sleeps = "\necho yes >ready\nwhile :; do sleep 0.02; done"

func testRunStatus(t *testing.T, b *bench) {
	for _, test := range []struct {
		script string
		code   int
	}{
		{"true", 0}, {"exit 1", 1}, {"exit 7", 7}, {"exit 255", 255}, {"exit 123", 123},
		{"kill -TERM $$", 128 + 15}, {"kill -KILL $$", 128 + 9}, {"kill -HUP $$", 128 + 1},
	} {
		r := b.job(t, "status "+test.script, test.script).ends(t, test.code)
		if r.errors != "" {
			t.Errorf("%s: stderr is the command's own, and has %q", test.script, r.errors)
		}
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	lost := filepath.Join(dir, "lost")
	if err := errors.Join(os.WriteFile(plain, []byte("true\n"), 0o644),
		os.WriteFile(lost, []byte("#!/nowhere/interpreter\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	b.run(t, "run", "n", "--", plain).want(t, 126).says(t, plain) // it may not be run
	b.run(t, "run", "n", "--", dir).want(t, 126)
	b.run(t, "run", "n", "--", filepath.Join(dir, "none")).want(t, 127)
	b.run(t, "run", "n", "--", "no-such-command-anywhere").want(t, 127).says(t, "not found")
	b.run(t, "run", "n", "--", lost).want(t, 127)
	b.run(t, "run", "n").want(t, 125).says(t, "no command")
	b.run(t, "run", "a}b", "--", "true").want(t, 125)
	b.run(t, "run", "--ttl=1ms", "n", "--", "true").want(t, 125).says(t, "--ttl")
	b.run(t, "run", "--ttl=1s", "--kill-after=2s", "n", "--", "true").want(t, 125).says(t, "--kill-after")
	b.run(t, "run", "--max-hold=1ms", "n", "--", "true").want(t, 125).says(t, "--max-hold")
	b.run(t, "run", "-n", "-w1s", "n", "--", "true").want(t, 125)
	b.run(t, "run", "--redis=redis://127.0.0.1:1", "n", "--", "true").want(t, 125).says(t, "127.0.0.1:1")
}

func testRunWaits(t *testing.T, b *bench) {
	l := b.lock(t, "web1:42", "taken")
	for _, test := range []struct {
		flags []string
		code  int
	}{
		{[]string{"-n"}, 124}, {[]string{"--no-wait"}, 124}, {[]string{"-w", "0.05"}, 124}, {[]string{"--wait=50ms"}, 124},
		{[]string{"-n", "-E", "75"}, 75}, {[]string{"-w50ms", "--conflict-exit-code=0"}, 0},
	} {
		j := b.job(t, "taken", "echo ran", test.flags...)
		if err := j.Start(); err != nil {
			t.Fatal(err)
		}
		if r := j.gone(t, test.code); r.out != "" || r.errors != "" {
			t.Errorf("%v: it ran, or said %q", test.flags, r.errors)
		}
	}
	b.run(t, "run", "-v", "-n", "taken", "--", "true").want(t, 124).says(t, "not obtained")

	j := b.job(t, "taken", "echo ran", "-w", "30s")
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.queued(t, "taken") == 1 })
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 0).prints(t, "ran\n")

	// One that is told to end while it waits leaves no place behind.
	l = b.lock(t, "web1:42", "taken")
	j = b.job(t, "taken", "echo ran")
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.queued(t, "taken") == 1 })
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.gone(t, 128+15).prints(t, "")
	if n := b.queued(t, "taken"); n != 0 {
		t.Errorf("%d are left in the queue", n)
	}
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func testRunEnvironment(t *testing.T, b *bench) {
	const show = `echo "$REDILOCK_NAME|$REDILOCK_FENCE|$REDILOCK_DEADLINE|$REDILOCK_TOKEN"`
	before := time.Now()
	r := b.job(t, "env", show, "--ttl=20s").ends(t, 0)
	f := strings.Split(strings.TrimSpace(r.out), "|")
	fence, _ := strconv.ParseInt(f[1], 10, 64)
	deadline, err := time.Parse(time.RFC3339, f[2])
	if f[0] != "env" || fence <= 0 || f[3] != "" || err != nil ||
		deadline.Before(before.Add(15*time.Second)) || deadline.After(time.Now().Add(20*time.Second)) {
		t.Errorf("the command sees %q (%v)", f, err)
	}
	r = b.job(t, "env", show+`; "$REDILOCK" extend "$REDILOCK_NAME" --ttl=60s`, "--pass-token").ends(t, 0)
	if !strings.Contains(r.out, "/") {
		t.Errorf("the command sees no token: %q", r.out)
	}
	// With a prefix, the name that the command sees is the one to name.
	j := b.job(t, "env", `"$REDILOCK" extend "$REDILOCK_NAME" --ttl=60s >/dev/null`, "--pass-token")
	j.Env = append(j.Env, "REDILOCK_PREFIX=p:")
	j.ends(t, 0)
}

func testRunStreams(t *testing.T, b *bench) {
	data := make([]byte, 1<<20)
	_, _ = rand.Read(data)
	cmd := b.command(t, "run", "-vv", "streams", "--", "cat")
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = bytes.NewReader(data), &out
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), data) {
		t.Errorf("%d bytes went in, %d others came out", len(data), out.Len())
	}
}

func testRunSignals(t *testing.T, b *bench) {
	for name, sig := range map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
	} {
		// The shell inside it is of the same group, and gets the signal too.
		j := b.job(t, "signal "+name, fmt.Sprintf(`trap 'echo outer >>got; exit 42' %[1]s
sh -c "trap 'echo inner >>got; exit' %[1]s`, name)+sleeps+`"; exit 1`).start(t)
		if err := j.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		r := j.ends(t, 42)
		got := strings.Fields(j.read(t, "got"))
		if slices.Compare(got, []string{"inner", "outer"}) != 0 {
			t.Errorf("%s: the group got %q (%s)", name, got, r.errors)
		}
	}
	j := b.job(t, "signal none", sleeps).start(t)
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 128+15)
}

func testRunLeavesNothing(t *testing.T, b *bench) {
	j := b.job(t, "forks", "sleep 1000 & (trap '' TERM; sleep 1000) & exit 5", "--kill-after=100ms")
	j.ends(t, 5)
}

func testRunNested(t *testing.T, b *bench) {
	b.job(t, "outer", `"$REDILOCK" run inner -- sh -c 'exit 9'`).ends(t, 9)
	r := b.job(t, "outer", `"$REDILOCK" run outer -- true 2>&3`).ends(t, 125)
	r.says(t, "held by the redilock run around this one")
	b.job(t, "outer", `"$REDILOCK" run -n outer -- true`).ends(t, 124)
}

// Twenty processes add to one number, each time under the lock: read, add, write.
func testRunCounter(t *testing.T, b *bench) {
	const processes = 20
	turns := 50
	if testing.Short() || b.Executable() != server.Executables()[0].Path {
		turns = 3
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "count")
	if err := os.WriteFile(file, []byte("0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var all []*exec.Cmd
	for range processes {
		cmd := b.command(t)
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `for i in $(seq ` + strconv.Itoa(turns) + `); do
"$REDILOCK" run counter -- sh -c 'read n <count; echo $((n + 1)) >count' || exit 1; done`}
		cmd.Dir, cmd.Env = dir, append(cmd.Env, "REDILOCK="+b.program)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(file)
	if got, want := strings.TrimSpace(string(text)), strconv.Itoa(processes*turns); err != nil || got != want {
		t.Errorf("the file says %s, want %s (%v)", got, want, err)
	}
}
