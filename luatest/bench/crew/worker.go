package crew

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// Words of the conversation between a worker process and whoever started it.
const (
	wordReady = "ready"
	wordHeld  = "held"
)

// worker is what runs inside one process.
type worker struct {
	task   Task
	client contestant.Client
	shared *Shared
	out    *bufio.Writer

	mu     sync.Mutex
	report Report
}

// Finder gives the contestant of a name, nil if there is none.
type Finder func(p contestant.Primitive, name string) *contestant.Contestant

// Work does a task that it is given as JSON: the main function of a worker process. It returns when the report is
// written and its standard input has ended, and exits at once if that ends before the report.
func Work(text string, find Finder) error {
	var task Task
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	w := &worker{task: task, out: bufio.NewWriter(os.Stdout)}
	var err error
	if w.shared, err = openShared(task.Shared); err != nil {
		return err
	}
	if task.Kind != Ping {
		c := find(task.Primitive, task.Contestant)
		if c == nil {
			return fmt.Errorf("no %s of %q here", task.Primitive, task.Contestant)
		}
		o := contestant.Options{
			Addr: task.Addr, TTL: task.TTL, Retry: task.Retry, AutoExtend: task.Auto, Limit: task.Limit,
		}
		if w.client, err = c.New(o); err != nil {
			return err
		}
		if err := w.connect(); err != nil {
			return err
		}
	}
	if err := w.say(wordReady); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	if line, _ := in.ReadString('\n'); line == "" {
		return nil // whoever started it is gone
	}
	ended := make(chan struct{})
	reported := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		select {
		case <-reported:
			close(ended)
		default:
			os.Exit(1)
		}
	}()
	switch task.Kind {
	case Turns:
		w.turns()
	case Baton:
		w.baton()
	case Ping:
		w.ping()
	case Await:
		w.await()
	case Hold:
		err = w.hold()
	case Fill:
		w.fill()
	default:
		err = fmt.Errorf("unknown kind %q", task.Kind)
	}
	if err != nil {
		return err
	}
	line, err := json.Marshal(&w.report)
	if err != nil {
		return err
	}
	close(reported)
	if err := w.say(string(line)); err != nil {
		return err
	}
	<-ended // what is held is held until then
	return nil
}

func (w *worker) say(line string) error {
	_, err := w.out.WriteString(line + "\n")
	return errors.Join(err, w.out.Flush())
}

// connect makes the first connection and loads the scripts.
func (w *worker) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	l, err := w.client.Lock(ctx, w.task.Name+":connect:"+strconv.Itoa(w.task.First))
	if err != nil {
		return err
	}
	return l.Unlock(ctx)
}

func (w *worker) name(i int) string {
	if w.task.Same {
		return w.task.Name
	}
	return w.task.Name + ":" + strconv.Itoa(w.task.First+i)
}

func (w *worker) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Errors++
	if w.report.Error == "" {
		w.report.Error = err.Error()
	}
}

// usage is what the process has used so far.
type usage struct{ cpu, rss float64 }

func usageNow() usage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return usage{}
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return usage{seconds(u.Utime) + seconds(u.Stime), residentSet()}
}

// residentSet is the process's memory in bytes, 0 where there is no /proc.
func residentSet() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize())
}
