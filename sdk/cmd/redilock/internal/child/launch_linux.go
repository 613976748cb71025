package child

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Launcher is a guard that waits for its command. To have it before the lock takes the start of a process out of the time
// for which the lock is held.
type Launcher struct {
	pid        int
	connection *os.File
	dead       *dead
}

// scope is where to find what the command started.
type scope struct {
	guard int
	dead  *dead
}

// Prepare starts a guard.
func Prepare() (*Launcher, error) {
	// Should the guard die before us, what is below it is ours to find and to reap.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	program := "/proc/self/exe" // the same program, even if its file was replaced meanwhile
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath(os.Args[0]); err != nil {
			return nil, err
		}
	}
	d := reap()
	// The guard's end keeps the number that it has here, one that was free: the command inherits our caller's files.
	syscall.ForkLock.Lock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
	}
	syscall.ForkLock.Unlock()
	if err != nil {
		return nil, err
	}
	d.mu.Lock() // or it may be reaped before it is wanted
	pid, err := syscall.ForkExec(program, []string{guardName, strconv.Itoa(pair[1])}, &syscall.ProcAttr{
		Env: []string{"GOMAXPROCS=2"}, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err == nil {
		d.wanted[pid] = nil
	}
	d.mu.Unlock()
	_ = syscall.Close(pair[1])
	l := &Launcher{pid: pid, connection: os.NewFile(uintptr(pair[0]), guardName), dead: d}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close ends a guard that is not needed, or whose command has ended, and reaps it: not every container has an init that
// would.
func (l *Launcher) Close() {
	l.connection.Close()
	if l.pid <= 0 {
		return
	}
	_ = syscall.Kill(l.pid, syscall.SIGKILL)
	for end := time.Now().Add(killLimit); !l.dead.reaped(l.pid) && time.Now().Before(end); {
		time.Sleep(time.Millisecond / 4)
	}
}

// Start starts the command.
func (l *Launcher) Start(c Command) (*Process, error) {
	in := gob.NewDecoder(l.connection)
	err := gob.NewEncoder(l.connection).Encode(c)
	var r report
	if err == nil {
		err = in.Decode(&r)
	}
	if err != nil {
		return nil, fmt.Errorf("the guard has ended: %w", errors.Join(err, l.end()))
	}
	if r.Errno != 0 {
		return nil, r.Errno
	}
	l.dead.want(r.PID)
	p := &Process{
		pid: r.PID, group: l.pid, events: make(chan Event), gone: make(chan struct{}), scope: scope{l.pid, l.dead},
	}
	go p.follow(in)
	return p, nil
}

// end waits until a guard that failed is gone, and with it the command that it may have started.
func (l *Launcher) end() error {
	_ = syscall.Kill(l.pid, syscall.SIGKILL)
	end := time.Now().Add(killLimit)
	for {
		left := below(os.Getpid())
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("process %d is left", left[0].pid)
		}
		for _, p := range left {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		time.Sleep(rekill)
	}
}

// follow passes on what the guard tells. When the guard dies before its time, which the command does not survive, what is
// left becomes ours.
func (p *Process) follow(in *gob.Decoder) {
	defer close(p.gone)
	ended := false
	end := func(code int) {
		if !ended {
			ended = true
			p.events <- Event{Code: code}
			close(p.events)
		}
	}
	for {
		var r report
		switch err := in.Decode(&r); {
		case err != nil:
			// A look into /proc may miss what moves at that moment. Who has no children has no descendants either: those
			// of the dead are ours.
			for !p.dead.reaped(p.guard) || !p.dead.childless() {
				if code, ok := p.dead.status(p.pid); ok {
					end(code)
				}
				time.Sleep(rekill / 4)
			}
			code, ok := p.dead.status(p.pid)
			if !ok {
				code = 128 + int(syscall.SIGKILL)
			}
			end(code)
			return
		case r.Gone:
			return
		case r.Ended:
			end(r.Code)
		case r.Stopped != 0 && !ended:
			p.events <- Event{Stopped: r.Stopped}
		}
	}
}

// list is what the command started, itself included.
func (p *Process) list() []process {
	if !p.dead.reaped(p.guard) {
		return below(p.guard)
	}
	return below(os.Getpid())
}

// others are what a signal to the groups does not reach. What is below a guard of another redilock gets its signals there.
func (p *Process) others() []int {
	own := p.group
	if pgid, err := syscall.Getpgid(p.pid); err == nil {
		own = pgid
	}
	guarded := make(map[int]bool)
	var pids []int
	for _, o := range p.list() { // parents come before their children
		if guarded[o.parent] || o.name == guardName {
			guarded[o.pid] = true
			continue
		}
		if o.group != p.group && o.group != own {
			pids = append(pids, o.pid)
		}
	}
	return pids
}

// Left lists what is left.
func (p *Process) Left() []Left { return p.each(0) }

// Kill kills everything that the command started, itself included, and gives back what was there.
func (p *Process) Kill() []Left { return p.each(syscall.SIGKILL) }

func (p *Process) each(sig syscall.Signal) []Left {
	var left []Left
	ours := syscall.Getpgrp()
	for _, o := range p.list() {
		if sig != 0 && o.group == o.pid && o.group != p.group && o.group != ours {
			_ = syscall.Kill(-o.group, sig) // all at once: nothing is forked in between
		}
		if o.pid == p.guard {
			continue
		}
		left = append(left, Left{PID: o.pid, Name: o.name, Denied: syscall.Kill(o.pid, sig) == syscall.EPERM})
	}
	return left
}

// dead are the children that were reaped here: the guard, and what it left to us when it died. Where this is process 1 of a
// container, the orphans of others are reaped too.
type dead struct {
	mu     sync.Mutex
	wanted map[int]*int // the status of a child that is asked for; nil: it lives
	none   bool         // there are no children
}

func reap() *dead {
	d := &dead{wanted: make(map[int]*int)}
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			switch {
			case err == syscall.EINTR:
			case err == nil && pid > 0:
				d.bury(pid, exitCode(status))
			default:
				d.mu.Lock()
				d.none = err == syscall.ECHILD
				d.mu.Unlock()
				<-children
			}
		}
	}()
	return d
}

func (d *dead) bury(pid, code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.none = false // until we know again
	if _, ok := d.wanted[pid]; ok {
		d.wanted[pid] = &code
	}
}

// want makes the status of a child be kept.
func (d *dead) want(pid int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted[pid] = nil
}

func (d *dead) status(pid int) (code int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.wanted[pid]; c != nil {
		return *c, true
	}
	return 0, false
}

// childless reports whether all children were reaped. It is for the time when none are started any more.
func (d *dead) childless() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.none
}

func (d *dead) reaped(pid int) bool {
	_, ok := d.status(pid)
	return ok
}
