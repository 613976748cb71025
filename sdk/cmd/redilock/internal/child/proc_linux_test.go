package child

import (
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// What is below a process is found, the dead left out.
func TestBelow(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60 & sh -c 'sleep 60 & wait' & (exit 0) & read x; kill 0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	names := func() []string {
		var names []string
		for _, p := range below(cmd.Process.Pid) {
			names = append(names, p.name)
			if p.group != cmd.Process.Pid {
				t.Errorf("%+v is not of the group %d", p, cmd.Process.Pid)
			}
		}
		slices.Sort(names)
		return names
	}
	for end := time.Now().Add(20 * time.Second); !slices.Equal(names(), []string{"sh", "sleep", "sleep"}); {
		if time.Now().After(end) {
			t.Fatalf("found %q", names())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A name may hold anything.
func TestParse(t *testing.T) {
	t.Parallel()
	p, ok := parse([]byte("7 (a) b (c) S 5 6 7 0"))
	if want := (process{parent: 5, group: 6, name: "a) b (c"}); !ok || p != want {
		t.Errorf("got %+v", p)
	}
	for _, text := range []string{"", "7", "7 (dead) Z 5 6", "7 (x) S", ")("} {
		if p, ok := parse([]byte(text)); ok {
			t.Errorf("%q: %+v", text, p)
		}
	}
}
