//go:build unix

package main_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func onlyLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, NOT PROVEN: only Linux finds what left the command's group")
	}
}

// pid reads a process number that the job wrote.
func (j *job) pid(t *testing.T, file string) int {
	t.Helper()
	eventually(t, "the number is in "+file, func() bool { return strings.HasSuffix(j.read(t, file), "\n") })
	pid, err := strconv.Atoi(strings.TrimSpace(j.read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// A signal at any moment from the start on ends redilock and its command, and leaves no lock.
func testRunTermAnyMoment(t *testing.T, b *bench) {
	runs := number(t, "REDILOCK_TERM_RUNS", 100)
	window := time.Duration(number(t, "REDILOCK_TERM_WINDOW_MS", 20)) * time.Millisecond
	seed := uint64(number(t, "REDILOCK_SEED", 1))
	var workers sync.WaitGroup
	next := make(chan int)
	var mu sync.Mutex
	before := 0
	for w := range 4 {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for i := range next {
				name := fmt.Sprintf("moment %d", i)
				mark := fmt.Sprintf("%d", 1_000_000+i)
				cmd := b.command(t, "run", name, "--", "sleep", mark)
				if err := cmd.Start(); err != nil {
					t.Error(err)
					continue
				}
				time.Sleep(time.Duration(r.Int64N(int64(window))))
				_ = cmd.Process.Signal(syscall.SIGTERM)
				late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
				_ = cmd.Wait()
				status := cmd.ProcessState.Sys().(syscall.WaitStatus)
				bySignal := status.Signaled() && status.Signal() == syscall.SIGTERM
				if !late.Stop() || !bySignal && status.ExitStatus() != 128+15 {
					t.Errorf("run %d: ended by %v", i, cmd.ProcessState)
				}
				mu.Lock()
				if bySignal {
					before++
				}
				mu.Unlock()
				if left := b.rdb.Exists(t.Context(), name, "{"+name+"}:redilock:queue").Val(); left != 0 {
					t.Errorf("run %d: the lock is left", i)
				}
				if out, _ := exec.Command("pgrep", "-f", "^sleep "+mark+"$").Output(); len(out) > 0 {
					t.Errorf("run %d: the command is left: %s", i, out)
				}
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	workers.Wait()
	t.Logf("%d runs, %d ended before redilock listened", runs, before)
}

// The tests of signals work where signals were ignored before they began: under nohup, or in the background of a script.
func testUnderNohup(t *testing.T, b *bench) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `trap '' INT HUP QUIT; exec "$@"`, "sh", os.Args[0],
		"-test.run=^TestCommands$/^on$/./^(run_signals|run_waits)$", "-test.timeout=5m", "-program="+b.program)
	cmd.Env = append(os.Environ(), "REDILOCK_SERVERS="+b.Executable())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v: %s", err, out)
	}
}

// What the command started in groups of its own is gone when the lock is free.
func testRunOtherGroups(t *testing.T, b *bench) {
	onlyLinux(t)
	j := b.job(t, "timeout", `timeout 300 sh -c 'echo $$ >inner; echo yes >ready; sleep 301'; echo x`, "-k1s").start(t)
	inner := j.pid(t, "inner")
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if j.ends(t, 128+15); alive(inner) {
		t.Error("what timeout ran goes on")
	}
	for name, script := range map[string]string{
		"job control": `sleep 302 & echo $! >inner`,
		"daemon":      `(setsid sh -c 'echo $$ >inner; exec sleep 303' &)`,
		"late daemon": `(sh -c 'echo $$ >inner; sleep 0.02; exec setsid sleep 304' &)`,
	} {
		script = "set -m; " + script + "; while [ ! -s inner ]; do sleep 0.01; done; exit 3"
		cmd := b.command(t, "run", "-k1s", name, "--", "bash", "-c", script)
		j := &job{Cmd: cmd, b: b, name: name, dir: t.TempDir()}
		j.Dir, j.Stdout, j.Stderr = j.dir, &j.out, &j.errs
		j.ends(t, 3)
		if alive(j.pid(t, "inner")) {
			t.Errorf("%s: it goes on", name)
		}
	}
	// When the lock is lost, those in other groups are asked first, and then killed.
	j = b.job(t, "lost groups", `trap 'exit 0' TERM
setsid sh -c 'echo $$ >inner; trap "echo told >>got; sleep 305" TERM; echo yes >ready; while :; do sleep 0.02; done' & wait`,
		"--ttl=2s", "-k500ms").start(t)
	inner = j.pid(t, "inner")
	if err := b.rdb.Set(t.Context(), "lost groups", "theirs", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	j.gone(t, 123)
	if got := j.read(t, "got"); alive(inner) || !strings.HasPrefix(got, "told") {
		t.Errorf("it is there: %v, it got %q", alive(inner), got)
	}
}

// setsid stays in the foreground, and gets its signals.
func testRunSetsid(t *testing.T, b *bench) {
	onlyLinux(t)
	b.run(t, "run", "setsid", "--", "setsid", "sh", "-c", "sleep 0.2; exit 6").want(t, 6)
	cmd := b.command(t, "run", "setsid", "--", "setsid", "sh", "-c",
		"trap 'exit 9' TERM; echo yes >ready; while :; do sleep 0.02; done")
	j := &job{Cmd: cmd, b: b, name: "setsid", dir: t.TempDir()}
	j.Dir, j.Stdout, j.Stderr = j.dir, &j.out, &j.errs
	j.start(t)
	if b.rdb.Exists(t.Context(), "setsid").Val() != 1 {
		t.Error("it runs without the lock")
	}
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 9)
}

// With --until-all-end a daemon goes on, and the lock is held as long as it does.
func testRunUntilAllEnd(t *testing.T, b *bench) {
	j := b.job(t, "until all end", "(sh -c 'echo $$ >inner; sleep 0.5; echo done >end' &); exit 5", "--until-all-end")
	if j.ends(t, 5); j.read(t, "end") != "done\n" {
		t.Error("it did not go on")
	}
	j = b.job(t, "until all end", "(sh -c 'echo $$ >inner; exec sleep 306' &); exit 5", "--until-all-end", "-k1s")
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	inner := j.pid(t, "inner")
	time.Sleep(100 * time.Millisecond)
	if !alive(inner) || b.rdb.Exists(t.Context(), "until all end").Val() != 1 {
		t.Error("it is not waited for")
	}
	if err := j.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 5)
}

// Orphans are reaped while the command runs.
func testRunZombies(t *testing.T, b *bench) {
	onlyLinux(t)
	j := b.job(t, "zombies", `for i in $(seq 100); do (sleep .01 &); done; sleep 1
for f in /proc/[0-9]*/stat; do read -r l <$f; echo "$l"; done 2>/dev/null | grep -c "^[0-9]* (sleep) Z" >count; true`)
	j.ends(t, 0)
	// Others on this machine may have some for a moment.
	if n, _ := strconv.Atoi(strings.TrimSpace(j.read(t, "count"))); n > 20 {
		t.Errorf("%d zombies", n)
	}
}

// Without its guard the command ends, with all that it started, and the lock is released.
func testRunGuardKilled(t *testing.T, b *bench) {
	onlyLinux(t)
	j := b.job(t, "guarded", "setsid sleep 307 & echo $! >inner"+sleeps, "-k200ms").start(t)
	inner, guard := j.pid(t, "inner"), j.pid(t, "group")
	if err := syscall.Kill(guard, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if j.ends(t, 128+9); alive(inner) {
		t.Error("what it started goes on")
	}
}

// A script without #! is one of the shell's.
func testRunScript(t *testing.T, b *bench) {
	dir := t.TempDir()
	for file, text := range map[string]string{"plain": "echo \"$0 $1\"; exit 3\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	plain := filepath.Join(dir, "plain")
	b.run(t, "run", "script", "--", plain, "an arg").want(t, 3).prints(t, plain+" an arg\n")
	b.run(t, "run", "script", "--", filepath.Join(dir, "empty")).want(t, 0)
	cmd := b.command(t, "run", "script", "--", "plain", "x")
	cmd.Env = append(cmd.Env, "PATH="+dir+":/usr/bin:/bin")
	finish(t, cmd).want(t, 3).prints(t, plain+" x\n")
	cmd = b.command(t, "run", "script", "--", "true") // without any PATH
	cmd.Env = []string{"REDIS_URL=" + b.url}
	finish(t, cmd).want(t, 0)
}

// As process 1 of a container redilock gets its signals, passes the exit status on, and reaps what others leave to it.
func testRunProcess1(t *testing.T, b *bench) {
	onlyLinux(t)
	if exec.Command("unshare", "--pid", "--fork", "true").Run() != nil {
		t.Skip("SKIPPED, NOT PROVEN: a pid namespace takes root")
	}
	inside := func(script string) *job {
		cmd := b.command(t, "--pid", "--fork", "--mount-proc", b.program, "run", "-k1s", "process 1", "--",
			"sh", "-c", script)
		unshare, err := exec.LookPath("unshare")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path = unshare
		j := &job{Cmd: cmd, b: b, name: "process 1", dir: t.TempDir()}
		j.Dir, j.Stdout, j.Stderr = j.dir, &j.out, &j.errs
		return j
	}
	inside(`echo $PPID; cat /proc/1/comm; exit 7`).ends(t, 7).contains(t, "redilock")
	inside("kill -TERM $$").ends(t, 128+15)
	inside("(setsid sleep 308 &); exit 0").ends(t, 0)
	inside("for i in $(seq 50); do (sleep .01 &); done; sleep 1; cat /proc/[0-9]*/stat | grep -c ') Z'; true").
		ends(t, 0).prints(t, "0\n")
	j := inside("trap 'exit 9' TERM; echo yes >ready; while :; do sleep 0.02; done").start(t)
	// unshare itself is no process 1; its child is.
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(j.Process.Pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	if err := syscall.Kill(first, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	j.ends(t, 9)
	// Killed, it takes all of the container with it.
	j = inside("(setsid sh -c 'exec sleep 309' &); echo yes >ready; sleep 310").start(t)
	out, _ = exec.Command("pgrep", "-P", strconv.Itoa(j.Process.Pid)).Output()
	first, _ = strconv.Atoi(strings.TrimSpace(string(out)))
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, j.Cmd)
	eventually(t, "nothing is left", func() bool { return exec.Command("pgrep", "-f", "^sleep 309$").Run() != nil })
	b.rdb.Del(t.Context(), "process 1")
}
