package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// stopTimeout is how long a worker may take to end once its input has ended.
const stopTimeout = 10 * time.Second

// worker is a running contestant.
type worker struct {
	contestant contestant
	version    string
	busy       sync.Mutex // it does one thing after the other
	cmd        *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Scanner
}

// start runs the program and waits until it is ready.
func start(ctx context.Context, c contestant, host, port string) (*worker, error) {
	words := append(append([]string{}, c.command...), c.name, host, port)
	words = append(words, c.args...)
	w := &worker{contestant: c, cmd: exec.CommandContext(ctx, words[0], words[1:]...)}
	w.cmd.Stderr = os.Stderr
	w.cmd.WaitDelay = stopTimeout
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := w.read()
	version, ready := strings.CutPrefix(line, "ready ")
	if err != nil || !ready {
		return nil, errors.Join(fmt.Errorf("%s is not ready: it said %q: %w", c.name, line, err), w.stop())
	}
	w.version = version
	return w, nil
}

func (w *worker) read() (string, error) {
	if !w.out.Scan() {
		return "", fmt.Errorf("%s: its output ended: %w", w.contestant.name, errors.Join(w.out.Err(), io.EOF))
	}
	return w.out.Text(), nil
}

// answer is what a turn gave.
type answer struct {
	value, fence int64
	err          error
}

// turn lets the worker take one.
func (w *worker) turn(key, counter string) answer { return w.ask("turn " + key + " " + counter) }

// permit lets the worker take so many permits, and raise a counter at the server by as much while it has them. The value of
// its answer is what that came to.
func (w *worker) permit(key string, limit, weight int64, counter string) answer {
	return w.ask(fmt.Sprintf("permit %s %d %d %s", key, limit, weight, counter))
}

// hold lets the worker take the lock and keep it.
func (w *worker) hold(key string) answer { return w.ask("hold " + key) }

func (w *worker) ask(line string) answer {
	if _, err := fmt.Fprintln(w.in, line); err != nil {
		return answer{err: fmt.Errorf("%s: %w", w.contestant.name, err)}
	}
	line, err := w.read()
	if err != nil {
		return answer{err: err}
	}
	var a answer
	if _, err := fmt.Sscanf(line, "done %d %d", &a.value, &a.fence); err != nil {
		return answer{err: fmt.Errorf("%s: %s", w.contestant.name, strings.TrimPrefix(line, "fail "))}
	}
	return a
}

// stop ends its input, and so the program.
func (w *worker) stop() error {
	end := time.AfterFunc(stopTimeout, func() { _ = w.cmd.Process.Kill() })
	defer end.Stop()
	return errors.Join(w.in.Close(), w.cmd.Wait())
}
