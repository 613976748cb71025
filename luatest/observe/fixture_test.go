// Package observe proves the exporter, its page, the dashboard and the alerts with a real browser and a real Prometheus.
// It is a module of its own, so that what it needs comes near nobody's go.mod.
package observe

import (
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

var (
	long        = flag.Bool("long", false, "also what takes minutes: real alerts, a million keys")
	screenshots = flag.String("screenshots", "", "keep pictures of the page in this folder")
)

// patience is how long a test waits for what is sure to come.
const patience = 60 * time.Second

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// need gives a program, or skips the test; where everything is required, its absence is a failure.
func need(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if server.Required() {
		t.Fatalf("there is no %s", strings.Join(names, ", "))
	}
	t.Skipf("NOT PROVEN HERE: there is no %s", strings.Join(names, ", "))
	return ""
}

var command = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "observe")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "redilock")
	build := exec.Command("go", "build", "-o", program, "./sdk/cmd/redilock")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return program, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if program, err := command(); err == nil {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// world is a real server and an exporter of it.
type world struct {
	server *server.Server
	rdb    *redis.Client
	base   string // of the exporter's URLs
	pid    int
}

func newWorld(t *testing.T, args ...string) *world {
	t.Helper()
	w := &world{server: server.StartT(t, server.Options{Executable: need(t, "redis-server", "valkey-server")})}
	w.rdb = redis.NewClient(w.server.RedisOptions())
	t.Cleanup(func() { _ = w.rdb.Close() })
	w.expose(t, args...)
	return w
}

// expose starts an exporter.
func (w *world) expose(t *testing.T, args ...string) {
	t.Helper()
	program, err := command()
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	w.base = "http://" + address
	all := append([]string{"--redis", "redis://" + w.server.Addr(), "exporter", "--listen", address}, args...)
	w.pid = start(t, exec.Command(program, all...))
	eventually(t, "the exporter answers", func() bool { return status(w.base+"/healthz") == http.StatusOK })
}

// exposes reports whether the exporter has a series that begins so, and is not 0.
func (w *world) exposes(series string) bool {
	_, text := fetch(w.base + "/metrics")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, series) && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			return true
		}
	}
	return false
}

// client is a lock client as another process would have it.
func (w *world) client(t *testing.T, owner string, opts ...redilock.Option) *redilock.Client {
	t.Helper()
	c, err := redilock.New(w.rdb, append(opts, redilock.WithOwner(owner))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func lock(t *testing.T, c *redilock.Client, name string, ttl time.Duration) *redilock.Lock {
	t.Helper()
	l, err := c.Mutex(name, ttl).TryLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// permits takes some of a semaphore of 5.
func permits(t *testing.T, c *redilock.Client, name string, weight int64) *redilock.Lock {
	t.Helper()
	l, err := c.Semaphore(name, 5, 10*time.Minute).TryAcquire(t.Context(), weight)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start runs a program until the test ends.
func start(t *testing.T, cmd *exec.Cmd) (pid int) {
	t.Helper()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		killer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		killer.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), out.String())
		}
	})
	return cmd.Process.Pid
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func fetch(url string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

func status(url string) int {
	s, _ := fetch(url)
	return s
}
