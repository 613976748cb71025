//go:build unix

// Package child runs a command in a process group of its own, so that all of it can be told to end and be known to have
// ended; and lends it the terminal when it asks for it, as a shell does with a job.
package child

import (
	"runtime"
	"syscall"
	"time"
)

// Command is what to run.
type Command struct {
	Path string   // of the executable
	Args []string // the first is the name that it sees
	Env  []string
}

// Event is what became of the command: it stopped, or it ended.
type Event struct {
	Stopped syscall.Signal // that stopped it; 0: it ended
	Code    int            // its exit status; 128 + the signal that ended it
}

// Process is a command that was started. Its standard files are ours.
type Process struct {
	pid    int
	events chan Event
}

// Start starts a command. On Linux it is killed when this program dies, however it dies.
func Start(c Command) (*Process, error) {
	adopt()
	started := make(chan error)
	p := &Process{events: make(chan Event)}
	// A death signal comes when the thread that started the command ends, so that thread has to last: it waits.
	go func() {
		runtime.LockOSThread()
		pid, err := syscall.ForkExec(c.Path, c.Args, &syscall.ProcAttr{
			Env: c.Env, Files: []uintptr{0, 1, 2}, Sys: attributes(),
		})
		p.pid = pid
		started <- err
		if err == nil {
			p.wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Process) wait() {
	defer close(p.events)
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil: // somebody else reaped it: it is gone, and nobody knows how
			p.events <- Event{Code: 255}
			return
		case status.Stopped():
			p.events <- Event{Stopped: status.StopSignal()}
		case status.Signaled():
			p.events <- Event{Code: 128 + int(status.Signal())}
			return
		default:
			p.events <- Event{Code: status.ExitStatus()}
			return
		}
	}
}

// Events tells what becomes of the command. It has to be read; it is closed after the end.
func (p *Process) Events() <-chan Event { return p.events }

// Group is the number of its process group.
func (p *Process) Group() int { return p.pid }

// Signal sends a signal to the whole group. One that is stopped is continued for it, so that it can heed it.
func (p *Process) Signal(sig syscall.Signal) {
	_ = syscall.Kill(-p.pid, sig) // a group that is gone needs no signal
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		_ = syscall.Kill(-p.pid, syscall.SIGCONT)
	}
}

// Kill ends the group at once; on Linux also what its processes started in other groups of this session, such as the
// command of a redilock inside this one.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	for _, pid := range descendants() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// Alive reports whether anything is left of the group. It is for the time after the command's own end: before, it would
// take its exit status away.
func (p *Process) Alive() bool {
	var status syscall.WaitStatus
	for { // the dead whose parents are dead are ours to bury
		if pid, err := syscall.Wait4(-p.pid, &status, syscall.WNOHANG, nil); err != nil || pid <= 0 {
			break
		}
	}
	return syscall.Kill(-p.pid, 0) != syscall.ESRCH
}

// Sweep ends what the command left of its group when it ended: asks, and after patience kills. It reports whether there
// was anything. It kills early when stop is closed.
func (p *Process) Sweep(patience time.Duration, stop <-chan struct{}) bool {
	if !p.Alive() {
		return false
	}
	p.Signal(syscall.SIGTERM)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	// Nothing tells when a process ends that is no child of ours.
	look := time.NewTicker(sweepPoll)
	defer look.Stop()
	for p.Alive() {
		select {
		case <-look.C:
			continue
		case <-deadline.C:
		case <-stop:
		}
		p.killAll()
		break
	}
	return true
}

const (
	sweepPoll = 5 * time.Millisecond
	// sweepLimit bounds the wait for the end of what was killed: a process in an uninterruptible call does not end.
	sweepLimit = 2 * time.Second
)

// killAll kills until nothing is left.
func (p *Process) killAll() {
	for end := time.Now().Add(sweepLimit); time.Now().Before(end); time.Sleep(sweepPoll) {
		p.Kill()
		if !p.Alive() && len(descendants()) == 0 {
			return
		}
	}
}

// Finish kills whatever is left of a command that has ended, and waits for it, 2 s at the most.
func (p *Process) Finish() { p.killAll() }
