package suspend_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

func TestMain(m *testing.M) {
	if os.Getenv("SUSPEND_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("SUSPEND_TEST_CHILD") == "busy" {
		for range 4 * runtime.GOMAXPROCS(0) {
			go func() {
				for {
					clock(unix.CLOCK_MONOTONIC) // a system call: the vDSO is changed under nobody's feet
					runtime.Gosched()
				}
			}()
		}
	}
	if err := suspend.Enter(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	start := time.Now()
	raw := clock(unix.CLOCK_MONOTONIC)
	wall := start.Round(0)
	boot := suspend.Boottime()
	for range time.Tick(5 * time.Millisecond) {
		fmt.Println(int64(suspend.Boottime()), int64(time.Since(start)), int64(clock(unix.CLOCK_MONOTONIC)-raw),
			int64(suspend.Boottime()-boot), int64(time.Now().Round(0).Sub(wall)))
	}
}

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// A process hands its clocks over while all its processors are busy reading them.
func TestBusyStart(t *testing.T) {
	t.Parallel()
	for range 20 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "SUSPEND_TEST_CHILD=busy")
		cmd.Stderr = os.Stderr
		_, err := suspend.Start(cmd)
		if errors.Is(err, errors.ErrUnsupported) {
			testreport.Skip(t, "no machine can be put to sleep here")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait()
	}
}

// A process that slept finds its monotonic clock where it was, the runtime's and the system call's, and all others gone on.
func TestSleep(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SUSPEND_TEST_CHILD=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	m, err := suspend.Start(cmd)
	if errors.Is(err, errors.ErrUnsupported) {
		testreport.Skip(t, "no machine can be put to sleep here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var reading struct{ at, since, raw, boot, wall time.Duration }
	lines := bufio.NewScanner(out)
	next := func() {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the process has ended")
		}
		_, err := fmt.Sscan(lines.Text(), &reading.at, &reading.since, &reading.raw, &reading.boot, &reading.wall)
		if err != nil {
			t.Fatal(err)
		}
	}
	var slept time.Duration
	for round := range 3 {
		next()
		before := reading
		if err := m.Sleep(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond) // what it misses
		d, woke, err := m.Wake()
		if err != nil {
			t.Fatal(err)
		}
		slept += d
		for reading.at < woke {
			next()
		}
		apart := func() (worst time.Duration) { // from what is right, with what passes between two readings
			return max((reading.boot - reading.since - slept).Abs(), (reading.boot - reading.raw - slept).Abs(),
				(reading.wall - reading.boot).Abs())
		}
		const slack = 100 * time.Millisecond
		for tries := 0; apart() > slack && tries < 100; tries++ { // a busy machine tears them apart now and then
			next()
		}
		if apart() > slack {
			t.Errorf("round %d: it slept %v in all, and reads %+v", round, slept, reading)
		}
		if reading.since < before.since {
			t.Errorf("round %d: the clock went back", round)
		}
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
