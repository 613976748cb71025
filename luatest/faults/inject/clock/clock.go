// Package clock moves the wall clock of a server that a test starts. The server's monotonic clock stays as it is.
package clock

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed testdata/clock.c
var source []byte

// Clock is the wall clock of the servers that are started with its Env.
type Clock struct {
	shim, file string
	total      time.Duration
}

// New makes one, with what it needs in the folder dir. The error is exec.ErrNotFound where there is no C compiler.
func New(dir string) (*Clock, error) {
	c := &Clock{shim: filepath.Join(dir, "clock.so"), file: filepath.Join(dir, "clock")}
	cc, err := exec.LookPath("cc")
	if err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	text := filepath.Join(dir, "clock.c")
	if err := os.WriteFile(text, source, 0o600); err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-O1", "-o", c.shim, text).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("clock: %w: %s", err, out)
	}
	return c, c.Move(0)
}

// Env is what to add to a server's environment.
func (c *Clock) Env() []string { return []string{"LD_PRELOAD=" + c.shim, "REDILOCK_CLOCK=" + c.file} }

// Total is how far the clock is from that of the machine.
func (c *Clock) Total() time.Duration { return c.total }

// Move moves the clock by so much, at once.
func (c *Clock) Move(by time.Duration) error {
	f, err := os.OpenFile(c.file, os.O_CREATE|os.O_WRONLY, 0o600) // in place: the server has it mapped
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	defer f.Close()
	c.total += by
	if _, err := f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(c.total.Microseconds())), 0); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	return nil
}
