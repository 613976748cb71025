//go:build linux

package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How redilock ends, and where what it ran has gone.
var (
	endings = []string{"TERM", "loss", "kill -9", "plain end"}
	places  = []struct{ kind, title string }{
		{"same", "same group"}, {"own", "own group"}, {"setsid", "setsid"}, {"double", "double fork"},
		{"root", "became root"},
	}
)

// What a cell of the table can say.
const (
	nothing   = "nothing"
	waited    = "nothing: it is waited for"
	becameAll = "all that became root"
)

// forest is what testLeft needs to run trees.
type forest struct {
	*bench
	tree, setuid string // programs
	processes    int
}

// testLeft produces the table in README.md beside this file: what is left one second after redilock's end, read from /proc.
func testLeft(t *testing.T, b *bench) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED, NOT PROVEN: what became root is made by root")
	}
	f := &forest{bench: b, tree: build(t, "./testdata/tree", "tree"), processes: number(t, "REDILOCK_LEFT_PROCESSES", 12)}
	f.setuid = f.tree + "-root"
	if err := errors.Join(copyFile(f.tree, f.setuid), os.Chmod(f.setuid, 0o755|fs.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	runs := number(t, "REDILOCK_LEFT_RUNS", len(endings)*len(places))
	seed := uint64(number(t, "REDILOCK_SEED", 1))
	var mu sync.Mutex
	seen := make(map[[2]string]map[string]int)
	var workers sync.WaitGroup
	next := make(chan int)
	for range 8 { // most of the time they wait
		workers.Go(func() {
			for i := range next {
				ending, kind := endings[i%len(endings)], places[i/len(endings)%len(places)].kind
				says := f.run(t, i, ending, kind, rand.New(rand.NewPCG(seed, uint64(i))))
				mu.Lock()
				if seen[[2]string{ending, kind}] == nil {
					seen[[2]string{ending, kind}] = make(map[string]int)
				}
				seen[[2]string{ending, kind}][says]++
				mu.Unlock()
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	workers.Wait()
	var table strings.Builder
	table.WriteString("| redilock ends by |")
	for _, p := range places {
		table.WriteString(" " + p.title + " |")
	}
	table.WriteString("\n|---|" + strings.Repeat("---|", len(places)) + "\n")
	for _, ending := range endings {
		table.WriteString("| " + ending + " |")
		for _, p := range places {
			var says []string
			for s := range seen[[2]string{ending, p.kind}] {
				says = append(says, s)
			}
			slices.Sort(says)
			table.WriteString(" " + strings.Join(says, " or ") + " |")
		}
		table.WriteByte('\n')
	}
	section(t, "README.md", "what is left", table.String())
	t.Logf("%d runs with %d processes each", runs, f.processes)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// run runs one tree to its end, and says what is left of it.
func (f *forest) run(t *testing.T, i int, ending, kind string, r *rand.Rand) string {
	const nobody = 65534
	mark, name := fmt.Sprintf("REDILOCK_TREE=%d-%d", os.Getpid(), i), fmt.Sprintf("left %d", i)
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	if err := errors.Join(os.WriteFile(ready, nil, 0o666), os.Chmod(ready, 0o666), os.Chmod(dir, 0o777)); err != nil {
		t.Error(err)
		return "an error"
	}
	flags := []string{"run", "--ttl=20s", "--kill-after=200ms"}
	if ending == "loss" {
		flags = []string{"run", "--ttl=2s", "--kill-after=300ms"}
	}
	cmd := exec.Command(f.program, append(flags, name, "--", f.tree, kind, strconv.Itoa(f.processes),
		strconv.FormatUint(r.Uint64(), 10))...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "REDIS_URL=" + f.url, mark, "FIRST=yes", "READY=" + ready, "SETUID=" + f.setuid,
	}
	if ending == "plain end" {
		cmd.Env = append(cmd.Env, "END=yes")
	}
	errs := newTail(t, filepath.Join(dir, "stderr")) // a pipe would be held open by what is left
	cmd.Dir, cmd.Stderr = "/", errs.File
	if kind == "root" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return "an error"
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	defer func() { kill9(marked(mark)) }()
	started := func() int { info, _ := os.Stat(ready); return int(info.Size()) }
	enough := 1 + r.IntN(f.processes)
	if kind == "root" {
		enough = f.processes // else some did not become root yet
	}
	for end := time.Now().Add(patience); started() < enough && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	want := 128 + 15
	switch ending {
	case "TERM":
		_ = cmd.Process.Signal(syscall.SIGTERM)
	case "loss":
		want = 123
		if err := f.rdb.Set(t.Context(), name, "theirs", time.Minute).Err(); err != nil {
			t.Error(err)
		}
	case "kill -9":
		want = -1
		_ = cmd.Process.Kill()
	case "plain end":
		want = 0
	}
	says := nothing
	if kind == "root" && (ending == "TERM" || ending == "plain end") {
		says = waited
		for end := time.Now().Add(patience); !strings.Contains(errs.String(), "is kept until it ends"); {
			time.Sleep(10 * time.Millisecond)
			if time.Now().After(end) {
				t.Errorf("%s, %s: no warning in %q", ending, kind, errs.String())
				break
			}
		}
		if f.rdb.Exists(t.Context(), name).Val() != 1 || isDone(done) {
			t.Errorf("%s, %s: the lock was not kept", ending, kind)
		}
		kill9(owned(marked(mark), 0))
	}
	select {
	case <-done:
	case <-time.After(patience):
		t.Errorf("%s, %s: redilock has not ended; it says %q", ending, kind, errs.String())
		return "an error"
	}
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Errorf("%s, %s: exit status %d, want %d; it says %q", ending, kind, code, want, errs.String())
	}
	free := f.rdb.Exists(t.Context(), name).Val() == 0
	if !free && (ending == "TERM" || ending == "plain end") {
		t.Errorf("%s, %s: the lock is left", ending, kind)
	}
	time.Sleep(time.Second)
	left := marked(mark)
	root := owned(left, 0)
	switch {
	case len(left) == 0:
		return says
	case kind == "root" && len(root) == len(left):
		return becameAll
	default:
		began := time.Now()
		for len(marked(mark)) > len(root) && time.Since(began) < patience {
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%s, %s, run %d: left are %v, and after %v more %v; it says %q", ending, kind, i, left,
			time.Since(began), marked(mark), errs.String())
		return "some"
	}
}

// tail is a file that is read while others write to it.
type tail struct{ *os.File }

func newTail(t *testing.T, name string) tail {
	f, err := os.Create(name)
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() { f.Close() })
	return tail{f}
}

func (f tail) String() string {
	text, _ := os.ReadFile(f.Name())
	return string(text)
}

func isDone(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// marked finds the living processes that have a variable in their environment.
func marked(mark string) []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// A dead one has no environment any more.
		env, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if err == nil && slices.ContainsFunc(bytes.Split(env, []byte{0}), func(v []byte) bool { return string(v) == mark }) {
			found = append(found, pid)
		}
	}
	return found
}

// owned are those of a user.
func owned(pids []int, uid uint32) []int {
	return slices.DeleteFunc(slices.Clone(pids), func(pid int) bool {
		info, err := os.Stat("/proc/" + strconv.Itoa(pid))
		return err != nil || info.Sys().(*syscall.Stat_t).Uid != uid
	})
}

func kill9(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
