//go:build unix && !linux

package child

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// scope is empty here: what has left the command's group is not known.
type scope struct{}

// Launcher starts a command.
type Launcher struct{}

// RunGuard reports false: there are no guards here.
func RunGuard() bool { return false }

// Prepare does nothing here.
func Prepare() (*Launcher, error) { return new(Launcher), nil }

// Close does nothing here.
func (*Launcher) Close() {}

// Start starts the command.
func (*Launcher) Start(c Command) (*Process, error) {
	pid, err := start(c, &syscall.SysProcAttr{Setpgid: true})
	if err != nil {
		return nil, err
	}
	p := &Process{pid: pid, group: pid, events: make(chan Event), gone: make(chan struct{})}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	defer close(p.gone)
	p.events <- p.ended()
	close(p.events)
	for syscall.Kill(-p.group, 0) != syscall.ESRCH { // nothing tells when a process ends that is no child of ours
		time.Sleep(poll)
	}
}

const poll = 5 * time.Millisecond

func (p *Process) ended() Event {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // somebody else reaped it: it is gone, and nobody knows how
			return Event{Code: lostStatus}
		case status.Stopped():
			p.events <- Event{Stopped: status.StopSignal()}
		default:
			return Event{Code: exitCode(status)}
		}
	}
}

// lostStatus is for a command whose status nobody knows.
const lostStatus = 255

func (p *Process) others() []int { return nil }

// Left lists what is left: the group, if there is one.
func (p *Process) Left() []Left {
	err := syscall.Kill(-p.group, 0)
	if err == syscall.ESRCH {
		return nil
	}
	return []Left{{PID: p.group, Denied: err == syscall.EPERM}}
}

// Kill kills the group, and gives back what was there.
func (p *Process) Kill() []Left {
	left := p.Left()
	_ = syscall.Kill(-p.group, syscall.SIGKILL)
	return left
}

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
