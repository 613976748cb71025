//go:build unix

// Package child runs a command so that all of it can be told to end and be known to have ended, whatever process groups
// and sessions it makes; and lends it the terminal when it asks for it, as a shell does with a job.
//
// On Linux a guard, a second process of this program, starts the command. The guard leads the command's process group, so
// that the command is not its leader and setsid(1) stays in the foreground. It is a subreaper: every orphan of the command
// becomes its child, is reaped by it, and is found below it in /proc. It ends all of them when this process is gone, by
// kill -9 too. Elsewhere the command leads its group, and only that group is known.
package child

import (
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
	pid, group int
	events     chan Event
	gone       chan struct{}
	scope
}

// Left is a process that is still there.
type Left struct {
	PID    int
	Name   string // a few letters of its executable's name; "" where that is not known
	Denied bool   // a signal to it was refused: it runs as another user
}

// Events tells what becomes of the command. It has to be read; it is closed after the end.
func (p *Process) Events() <-chan Event { return p.events }

// Gone is closed when the command has ended and nothing that it started is left.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Group is the number of its process group.
func (p *Process) Group() int { return p.group }

// Signal sends a signal to the command's group, and to the group that the command itself has moved to. One that is stopped
// is continued for it, so that it can act on it. The error is EPERM if the command runs as another user by now.
func (p *Process) Signal(sig syscall.Signal) error {
	err := p.toGroups(sig)
	if ends(sig) {
		_ = p.toGroups(syscall.SIGCONT)
	}
	return err
}

func (p *Process) toGroups(sig syscall.Signal) error {
	_ = syscall.Kill(-p.group, sig) // a group that is gone needs no signal
	pgid, err := syscall.Getpgid(p.pid)
	switch {
	case err != nil: // it has ended: ESRCH
	case pgid != p.group && pgid != syscall.Getpgrp() && pgid > 1:
		err = syscall.Kill(-pgid, sig)
	default: // a group's signal counts as sent when one process of it got it
		err = syscall.Kill(p.pid, 0)
	}
	if err == syscall.ESRCH {
		return nil
	}
	return err
}

func ends(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// Terminate asks everything that the command started to end.
func (p *Process) Terminate() {
	_ = p.Signal(syscall.SIGTERM)
	for _, pid := range p.others() {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

const (
	// rekill is how soon what was killed is looked for again, in case it forked meanwhile.
	rekill = 20 * time.Millisecond
	// killLimit bounds the wait for the end of what was killed: a process of another user does not end, nor does one in
	// an uninterruptible call.
	killLimit = 2 * time.Second
)

// End ends what is left of a command that has ended, and was asked to end: it kills after patience, or when stop is closed.
// It gives back what did not end within 2 s of that.
func (p *Process) End(patience time.Duration, stop <-chan struct{}) []Left {
	if !isClosed(stop) && patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-p.gone:
			return nil
		case <-timer.C:
		case <-stop:
		}
	}
	began := time.Now()
	for {
		left := p.Kill()
		if time.Since(began) > killLimit/2 { // it forks faster than it is found: with its guard, then, all at once
			_ = syscall.Kill(-p.group, syscall.SIGKILL)
		}
		select {
		case <-p.gone:
			return nil
		case <-time.After(rekill):
		}
		if time.Since(began) > killLimit || len(left) > 0 && Denied(left) {
			return left
		}
	}
}

// Denied reports whether nothing is left but what cannot be killed.
func Denied(left []Left) bool {
	for _, l := range left {
		if !l.Denied {
			return false
		}
	}
	return true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// exitCode is a status as the shell has it.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// start starts a command. A script without #! is one of the shell's, as it is for execvp(3).
func start(c Command, sys *syscall.SysProcAttr) (pid int, err error) {
	attr := &syscall.ProcAttr{Env: c.Env, Files: []uintptr{0, 1, 2}, Sys: sys}
	pid, err = syscall.ForkExec(c.Path, c.Args, attr)
	if err == syscall.ENOEXEC {
		pid, err = syscall.ForkExec(shell, append([]string{shell, c.Path}, c.Args[1:]...), attr)
	}
	return pid, err
}

const shell = "/bin/sh"
