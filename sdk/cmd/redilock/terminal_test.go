//go:build unix

package main_test

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/creack/pty"
)

// onTerminal starts a command on a terminal of its own, and gives the terminal's other end: what is written to it is typed.
// ends waits for the command, and gives all that it has shown.
func onTerminal(t *testing.T, cmd *exec.Cmd) (keys *os.File, screen *lockedBuffer, ends func() string) {
	t.Helper()
	keys, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	screen = new(lockedBuffer)
	all := make(chan struct{})
	go func() {
		defer close(all)
		_, _ = io.Copy(screen, keys) // until nobody has the terminal any more: Linux says EIO then
	}()
	return keys, screen, func() string {
		t.Helper()
		waitFor(t, cmd)
		select {
		case <-all:
		case <-time.After(patience):
			t.Fatal("somebody still has the terminal")
		}
		return screen.String()
	}
}
