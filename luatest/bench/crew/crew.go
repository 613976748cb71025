package crew

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// Argument is the first one of a worker process; the second is its task.
const Argument = "worker"

// patience bounds the start of a worker process.
const patience = 30 * time.Second

// Crew is a number of worker processes that stand at the gate.
type Crew struct {
	task    Task
	shared  *Shared
	members []*member
}

type member struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors *tail
	first  int
}

// Gather starts processes for the workers of a task, and waits until each is ready.
func Gather(ctx context.Context, c *contestant.Contestant, task Task, processes int, shared *Shared) (*Crew, error) {
	shared.reset()
	host, port, err := net.SplitHostPort(task.Addr)
	if err != nil {
		return nil, err
	}
	task.Primitive, task.Contestant, task.Host, task.Shared = c.Primitive, c.Name, host, shared.path
	if task.Port, err = strconv.Atoi(port); err != nil {
		return nil, err
	}
	crew := &Crew{task: task, shared: shared}
	processes = min(processes, task.Workers)
	for i := range processes {
		t := task
		t.First = i * task.Workers / processes
		t.Workers = (i+1)*task.Workers/processes - t.First
		if task.Lone {
			t.First, t.Workers = i, 1+i*(task.Workers-2)
		}
		m, err := start(ctx, c, t)
		if err != nil {
			return nil, errors.Join(err, crew.Stop())
		}
		crew.members = append(crew.members, m)
	}
	for _, m := range crew.members {
		if err := m.expect(wordReady, patience); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", c.Name, err), crew.Stop())
		}
	}
	return crew, nil
}

func start(ctx context.Context, c *contestant.Contestant, task Task) (*member, error) {
	text, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := []string{self, Argument}
	if c.Command != nil {
		command = c.Command
	}
	m := &member{errors: new(tail), first: task.First}
	m.cmd = exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], string(text))...)
	m.cmd.Stderr = m.errors
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	m.out = bufio.NewReaderSize(out, 1<<16)
	return m, m.cmd.Start()
}

// expect reads a word, and kills a process that does not say it.
func (m *member) expect(word string, within time.Duration) error {
	timer := time.AfterFunc(within, func() { _ = m.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := m.out.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != word {
		return fmt.Errorf("a worker said %q instead of %q: %w %s", line, word, err, m.errors)
	}
	return nil
}

// Go opens the gate.
func (c *Crew) Go() error {
	for _, m := range c.members {
		if _, err := io.WriteString(m.in, "go\n"); err != nil {
			return fmt.Errorf("a worker is gone: %w %s", err, m.errors)
		}
	}
	return nil
}

// Held waits until every process of Hold has its locks.
func (c *Crew) Held() error {
	for _, m := range c.members {
		if err := m.expect(wordHeld, patience+time.Duration(c.task.Workers)*500*time.Microsecond); err != nil {
			return err
		}
	}
	return nil
}

// Report waits for the reports and makes one of them.
func (c *Crew) Report() (Report, error) {
	reports, err := c.Reports()
	if err != nil {
		return Report{}, err
	}
	return Merge(reports), nil
}

// Reports waits for the reports, one of each process.
func (c *Crew) Reports() ([]Report, error) {
	reports := make([]Report, len(c.members))
	failures := make([]error, len(c.members))
	limit := c.task.Warmup + c.task.Window + c.task.Drain + patience
	var reading sync.WaitGroup
	for i, m := range c.members {
		reading.Go(func() {
			timer := time.AfterFunc(limit, func() { _ = m.cmd.Process.Kill() })
			defer timer.Stop()
			line, err := m.out.ReadBytes('\n')
			if err == nil {
				err = json.Unmarshal(line, &reports[i])
			}
			if err != nil {
				failures[i] = fmt.Errorf("%s: a worker's report: %w %s", c.task.Contestant, err, m.errors)
			}
		})
	}
	reading.Wait()
	return reports, errors.Join(failures...)
}

// Kill ends the processes as a crash does, and returns when they are gone.
func (c *Crew) Kill() {
	for _, m := range c.members {
		_ = m.cmd.Process.Kill()
	}
	_ = c.Stop()
}

// Stop ends the processes.
func (c *Crew) Stop() error {
	for _, m := range c.members {
		_ = m.in.Close()
	}
	for _, m := range c.members {
		timer := time.AfterFunc(patience, func() { _ = m.cmd.Process.Kill() })
		_ = m.cmd.Wait() // killed or not: what counts is the report
		timer.Stop()
	}
	c.members = nil
	return nil
}

// tail keeps the end of what a process wrote on its standard error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-600):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
