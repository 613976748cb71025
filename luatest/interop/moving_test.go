package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// oldProcess is one that still runs python-redilock.
type oldProcess struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func startOld(t *testing.T, s *server.Server) *oldProcess {
	t.Helper()
	host, port := address(t, s)
	cmd := exec.CommandContext(t.Context(), built("venv/bin/python"), "workers/python/old_process.py", host, port)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	p := &oldProcess{t, in, bufio.NewScanner(out)}
	p.answer()
	return p
}

func (p *oldProcess) send(line string) {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Error(err)
	}
}

func (p *oldProcess) answer() string {
	if !p.out.Scan() {
		p.t.Error("python-redilock's process ended", p.out.Err())
	}
	return p.out.Text()
}

func (p *oldProcess) ask(line string) string {
	p.t.Helper()
	p.send(line)
	return p.answer()
}

// expect wants this answer.
func (p *oldProcess) expect(want, line string) {
	p.t.Helper()
	if got := p.ask(line); got != want {
		p.t.Errorf("python-redilock, %s: %s, not %s", strings.Fields(line)[0], got, want)
	}
}

// useCases is everything that one does with python-redilock, in Go. Each calls work once, under the lock.
func useCases(ctx context.Context, locks *redilock.Client, name string, work func() error) error {
	mylock := locks.Mutex(name, 5*time.Second) // DistributedLock(ttl=5)

	// with mylock(name): …
	err := mylock.Do(ctx, func(context.Context, *redilock.Lock) error { return work() })
	if err != nil {
		return err
	}

	// token = mylock.lock(name) … mylock.unlock(token). Another process unlocks it by locks.Attach(name, l.Token())
	l, err := mylock.Lock(ctx)
	if err != nil {
		return err
	}
	if err = errors.Join(work(), l.Unlock(ctx)); err != nil {
		return err
	}

	// mylock.lock(name, block=False)
	for l, err = mylock.TryLock(ctx); errors.Is(err, redilock.ErrHeld); l, err = mylock.TryLock(ctx) {
	}
	if err = errors.Join(err, work(), l.Unlock(ctx)); err != nil {
		return err
	}

	// mylock.lock(name, block=10)
	atMost, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if l, err = mylock.Lock(atMost); err != nil {
		return err
	}
	if err = errors.Join(work(), l.Unlock(ctx)); err != nil {
		return err
	}

	// mylock.lock(name, ttl=30, interval=1) … mylock.extend(token, 60); the interval is WithPollInterval's
	if l, err = locks.Mutex(name, 30*time.Second).Lock(ctx); err != nil {
		return err
	}
	return errors.Join(l.Extend(ctx, time.Minute), work(), l.Unlock(ctx))
}

func movingT(t *testing.T) (*server.Server, *redilock.Client) {
	t.Helper()
	if err := python.ready(); err != nil {
		missing(t, err)
		t.Skip(err)
	}
	s := server.StartT(t, server.Options{})
	locks, err := redilock.New(redisT(t, s), redilock.WithPollInterval(2*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { locks.Close() })
	return s, locks
}

// TestMovingWhileOldProcessesRun: the use cases in Go and in Python on the raw scripts, again and again on one name, while
// two processes of python-redilock work under it. No update of the counter is lost.
func TestMovingWhileOldProcessesRun(t *testing.T) {
	s, locks := movingT(t)
	const name, times, old = "moving", 5, 2
	counter := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(counter, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	running := make(chan *oldProcess, old)
	for range old {
		p := startOld(t, s)
		p.send("with " + name + " 5 " + counter)
		running <- p
	}
	work := func() error {
		text, err := os.ReadFile(counter)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		return os.WriteFile(counter, []byte(strconv.Itoa(n+1)), 0o600)
	}
	for range times {
		if err := useCases(t.Context(), locks, name, work); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), built("venv/bin/python"), filepath.Join(examples, "python/moving.py"),
			"redis://"+s.Addr(), name, counter)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "moved\n" {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for range old {
		if got := (<-running).answer(); got != "done" {
			t.Errorf("an old process said %q", got)
		}
	}
	text, err := os.ReadFile(counter)
	if want := strconv.Itoa(times*2*5 + old*100); err != nil || string(text) != want {
		t.Errorf("the counter is %s, not %s: updates were lost (%v)", text, want, err)
	}
}

// TestMovingOneByOne: each side heeds what the other holds, and Go unlocks what python-redilock locked.
func TestMovingOneByOne(t *testing.T) {
	s, locks := movingT(t)
	old := startOld(t, s)
	ctx := t.Context()
	for _, name := range []string{"report", "user:42", "a:b:c", "orders:{42}:pay"} {
		m := locks.Mutex(name, 10*time.Second)
		token := old.ask("lock " + name + " 10 True")
		if !strings.HasPrefix(token, "_LOCK:"+name+":") {
			t.Fatalf("%s: python-redilock did not get the lock", name)
		}
		if _, err := m.TryLock(ctx); !errors.Is(err, redilock.ErrHeld) {
			t.Errorf("%s: held by python-redilock, but TryLock says %v", name, err)
		}
		atMost, cancel := context.WithTimeout(ctx, 20*time.Millisecond) // block=0.02
		if _, err := m.Lock(atMost); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: held by python-redilock, but Lock says %v", name, err)
		}
		cancel()
		if strings.Contains(name, ":") {
			old.expect("False", "unlock "+token) // it cannot: it splits the token at every colon
		}
		theirs, err := locks.Attach(name, token)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(theirs.Extend(ctx, time.Minute), theirs.Unlock(ctx)); err != nil {
			t.Errorf("%s: Attach: %v", name, err)
		}
		ours, err := m.Lock(ctx) // not TryLock: the wait that ended above leaves the line in the background
		if err != nil {
			t.Fatalf("%s: unlocked, but: %v", name, err)
		}
		old.expect("False", "lock "+name+" 10 False")
		old.expect("False", "lock "+name+" 10 0.02")
		if err := ours.Unlock(ctx); err != nil {
			t.Error(err)
		}
		again := old.ask("lock " + name + " 10 1")
		if !strings.Contains(name, ":") {
			old.expect("True", "unlock "+again)
		}
	}
}
