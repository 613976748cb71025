package faults

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
)

// endTimeout bounds the end of a worker that was asked to end: its client waits for the server no longer than that.
const endTimeout = 15 * time.Second

// process is a worker as its parent sees it.
type process struct {
	job
	cmd     *exec.Cmd
	machine *suspend.Machine // of one that sleeps
	stdin   io.Closer
	journal *journal
	read    chan struct{} // closed when its output has ended
	dead    bool
}

// spawn starts a worker.
func spawn(j job, r *journal) (*process, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	p := &process{job: j, cmd: exec.Command(os.Args[0]), journal: r, read: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if j.Sleeps {
		p.machine, err = suspend.Start(p.cmd)
	} else {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(p.read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) == nil { // a worker that is killed may leave half a line
				r.add(e)
			}
		}
	}()
	return p, nil
}

// signal sends a signal to the worker.
func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// kill ends the worker as a crash does.
func (p *process) kill() error {
	if p.dead {
		return nil
	}
	p.dead = true
	err := p.cmd.Process.Kill()
	<-p.read
	_ = p.cmd.Wait() // it was killed: no error of ours
	p.journal.add(event{Who: p.Who, What: killed})
	return err
}

// end asks the worker to end, and waits for it.
func (p *process) end() error {
	if p.dead {
		return nil
	}
	_ = p.stdin.Close()
	timer := time.AfterFunc(endTimeout, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	<-p.read
	p.dead = true
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("worker %d did not end within %v: %w", p.Who, endTimeout, err)
	}
	return nil
}

// endAll asks all workers to end, at the same time.
func endAll(workers []*process) error {
	var err error
	for _, p := range workers {
		if !p.dead {
			_ = p.stdin.Close()
		}
	}
	for _, p := range workers {
		err = errors.Join(err, p.end())
	}
	return err
}
