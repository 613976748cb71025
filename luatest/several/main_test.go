package several_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// jobEnv makes the test binary a worker.
const jobEnv = "REDILOCK_SEVERAL_JOB"

// job is what a worker does until its standard input ends.
type job struct {
	Kind    string // multi or election
	Addr    string
	Who     int
	TTL     time.Duration
	Callers int
	Names   []string
	Value   string
}

// report is one line of a worker's standard output. Times are nanoseconds of the machine's clock.
type report struct {
	Who    int
	Names  []string `json:",omitempty"`
	Fence  int64    `json:",omitempty"`
	From   int64    `json:",omitempty"` // held, or led, from
	To     int64    `json:",omitempty"` // to
	Waited int64    `json:",omitempty"`
	Event  string   `json:",omitempty"` // began, leads, resigns
	Err    string   `json:",omitempty"`
}

func TestMain(m *testing.M) {
	text := os.Getenv(jobEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	rdb := redis.NewClient(&redis.Options{
		Addr: j.Addr, ReadTimeout: j.TTL / 3, WriteTimeout: j.TTL / 3, DialTimeout: j.TTL / 3,
	})
	c, err := redilock.New(rdb, redilock.WithPollInterval(50*time.Millisecond))
	if err != nil {
		panic(err)
	}
	out := &output{encoder: json.NewEncoder(os.Stdout)}
	switch j.Kind {
	case "multi":
		j.multi(ctx, c, out)
	case "election":
		resign := make(chan os.Signal, 10)
		signal.Notify(resign, syscall.SIGUSR1)
		j.election(ctx, c, out, resign)
	}
	_ = c.Close()
}

// output is a worker's standard output.
type output struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

func (o *output) tell(r report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.encoder.Encode(r)
}

// process is a worker.
type process struct {
	*exec.Cmd
	stdin io.Closer
	done  chan struct{} // closed when all that it said was read
}

// start starts a worker. Its reports go to hear, one after the other.
func start(t *testing.T, j job, hear func(report)) *process {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(os.Args[0]), done: make(chan struct{})}
	p.Env = append(os.Environ(), jobEnv+"="+string(text))
	p.Stderr = os.Stderr
	if p.stdin, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var r report
			if json.Unmarshal(lines.Bytes(), &r) == nil { // the last line of one that was killed may be a half
				hear(r)
			}
		}
	}()
	return p
}

// end lets a worker end, and waits for it.
func (p *process) end(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		t.Errorf("worker %d does not end", p.Process.Pid)
		_ = p.Process.Kill()
		<-p.done
	}
	_ = p.Wait()
}

// kill kills a worker.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.done
	_ = p.Wait()
}

// quantile of some durations in nanoseconds.
func quantile(all []int64, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return time.Duration(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))])
}

func figures(all []int64) string {
	return fmt.Sprintf("p50 %v, p99 %v, max %v of %d", quantile(all, .5).Round(10*time.Microsecond),
		quantile(all, .99).Round(10*time.Microsecond), quantile(all, 1).Round(10*time.Microsecond), len(all))
}
