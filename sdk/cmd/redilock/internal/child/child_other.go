//go:build unix && !linux

package child

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func adopt() {}

func descendants() []int { return nil }

// stopGroup stops our process group by sig, which Go has a handler for: so the stop itself is one that has none. Should
// nobody be there to continue us, it does nothing.
func stopGroup(sig syscall.Signal, wait func()) {
	ours, err := unix.Getsid(0)
	theirs, err2 := unix.Getsid(syscall.Getppid())
	if err != nil || err2 != nil || ours != theirs {
		return
	}
	_ = syscall.Kill(0, sig)
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	wait()
}
