//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal lends the controlling terminal to a command. The command starts in the background: a Ctrl-C then goes to our
// own group, with whatever else the shell put there (a pipeline), and we pass it on once. Only when the command wants to
// read, or to set the terminal up, does it get it, and with it every Ctrl-C of its own.
type Terminal struct {
	tty   *os.File // nil: there is none
	group int      // ours
	lent  bool     // the command had it at some time
}

// OpenTerminal finds the controlling terminal, if there is one. It is to be called after the command was started.
func OpenTerminal() *Terminal {
	t := &Terminal{group: syscall.Getpgrp()}
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		t.tty = tty
		// To take the terminal back from the background would stop us. Not before the start: a child inherits it.
		signal.Ignore(syscall.SIGTTOU)
	}
	return t
}

// Close takes the terminal back, should the command still have it.
func (t *Terminal) Close(p *Process) {
	if t.tty == nil {
		return
	}
	if foreground := t.foreground(); t.lent && foreground != t.group && syscall.Kill(-foreground, 0) != nil {
		t.set(t.group) // a shell that was killed has left it to a group of its own that is gone
	}
	t.take(p)
	_ = t.tty.Close()
}

func (t *Terminal) foreground() int {
	group, err := unix.IoctlGetInt(int(t.tty.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

func (t *Terminal) set(group int) {
	_ = unix.IoctlSetPointerInt(int(t.tty.Fd()), unix.TIOCSPGRP, group)
}

// lend gives the terminal to the command, if it is ours to give.
func (t *Terminal) lend(p *Process) bool {
	if t.foreground() != t.group {
		return false
	}
	t.set(p.Group())
	t.lent = true
	return true
}

// take makes the terminal ours again, and reports whether the command had it.
func (t *Terminal) take(p *Process) bool {
	if t.foreground() != p.Group() {
		return false
	}
	t.set(t.group)
	return true
}

// Stopped deals with a command that was stopped. It gets the terminal if that is what it wants; on a Ctrl-Z we stop as
// well, with our whole group, so that the shell sees a job that stopped. It returns when the command may go on, which is
// for the caller to say: time has passed, and a lock may have been lost meanwhile.
func (t *Terminal) Stopped(p *Process, sig syscall.Signal) (mayContinue bool) {
	if t.tty == nil {
		return false
	}
	switch sig {
	case syscall.SIGTTIN, syscall.SIGTTOU:
		if t.lend(p) {
			return true
		}
		t.suspend(sig) // we are in the background ourselves, until the shell says otherwise
		t.lend(p)
		return true
	case syscall.SIGTSTP:
		had := t.take(p)
		t.suspend(sig)
		if had {
			t.lend(p)
		}
		return true
	default:
		return false // somebody else's SIGSTOP, and theirs to end
	}
}

// suspend stops our process group and returns when it is continued. A group that no shell cares for cannot be stopped
// so: then it returns at once.
func (t *Terminal) suspend(sig syscall.Signal) {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	stopGroup(sig, func() {
		select {
		case <-continued:
		case <-time.After(stopGrace):
		}
	})
}

// stopGrace is how long a stop signal to ourselves may take to have its effect.
const stopGrace = 100 * time.Millisecond

// Continue lets a command that was stopped go on.
func (t *Terminal) Continue(p *Process) { _ = syscall.Kill(-p.group, syscall.SIGCONT) }
