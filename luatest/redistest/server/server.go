// Package server starts real Redis and Valkey servers for tests, each in a folder of its own and on a free loopback
// port, and stops them. A server never outlives the program that started it, however that ends.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// startTimeout bounds the wait for a server's first PONG, stopTimeout the wait for its end.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
	attempts     = 5 // another process may take the free port before the server does
)

// Options says how to start a server. The zero value is a redis-server on PATH that keeps nothing on disk.
type Options struct {
	Executable string   // a path, or a name on PATH; empty: redis-server
	UnixSocket bool     // listens on a Unix socket as well
	Password   string   // requirepass; empty: none
	Args       []string // more of the configuration, as a command line: "--maxmemory", "1mb"
	Env        []string // more of the environment: "NAME=value"
}

// Server is a running server.
type Server struct {
	options Options
	port    int
	dir     string
	path    string // the executable's
	name    string
	version string
	pid     int
	shell   *exec.Cmd
	hold    io.Closer     // closing it ends the server
	exited  chan struct{} // closed when the server has ended
}

// Start starts a server and waits until it answers. The context bounds the start, not the server's life.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Executable == "" {
		options.Executable = "redis-server"
	}
	path, err := exec.LookPath(options.Executable)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for range attempts {
		s := &Server{options: options}
		if err = s.start(ctx, path); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// StartT starts a server for a test, and stops it with it. It fails the test when the server does not start.
func StartT(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// guard runs a server until the shell's standard input ends, as it does when this program does, even by a crash; then
// it removes the folder, unless it is to be kept for a restart. A Ctrl-C goes to the shell too, which must outlive it.
const guard = `trap '' INT HUP TERM; dir=$1; shift; "$@" </dev/null & pid=$!; exec 3>&-
cat >/dev/null; kill -KILL $pid; wait $pid; [ -e "$dir/keep" ] || rm -rf "$dir"`

func (s *Server) start(ctx context.Context, path string) (err error) {
	if s.port, err = freePort(); err != nil {
		return err
	}
	// Not t.TempDir: the path of a Unix socket may have 104 bytes at the most.
	if s.dir, err = os.MkdirTemp("", "redilock"); err != nil {
		return err
	}
	return s.launch(ctx, path)
}

// launch starts the server on its port and in its folder.
func (s *Server) launch(ctx context.Context, path string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// The server holds the writing end: the reading end ends with it.
	alive, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	s.path = path
	s.shell = exec.Command("sh", append([]string{"-c", guard, "sh", s.dir, path}, s.arguments()...)...)
	s.shell.Env = append(os.Environ(), s.options.Env...)
	s.shell.Dir, s.shell.Stdout, s.shell.Stderr, s.shell.ExtraFiles = s.dir, log, log, []*os.File{writer}
	if s.hold, err = s.shell.StdinPipe(); err == nil {
		err = s.shell.Start()
	}
	if err = errors.Join(err, writer.Close()); err != nil {
		s.shell = nil
		return errors.Join(fmt.Errorf("server: %w", err), alive.Close())
	}
	s.exited = make(chan struct{})
	go func() {
		defer close(s.exited)
		defer alive.Close()
		_, _ = io.Copy(io.Discard, alive)
	}()
	return s.waitUntilReady(ctx)
}

func (s *Server) arguments() []string {
	args := []string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir, "--save", "", "--appendonly", "no",
		"--daemonize", "no", "--databases", "4096",
	}
	if s.options.UnixSocket {
		args = append(args, "--unixsocket", s.Socket(), "--unixsocketperm", "700")
	}
	if s.options.Password != "" {
		args = append(args, "--requirepass", s.options.Password)
	}
	return append(args, s.options.Args...)
}

// waitUntilReady asks for INFO until it is answered.
func (s *Server) waitUntilReady(ctx context.Context) error {
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		err := s.identify()
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-s.exited:
			return fmt.Errorf("server: %s ended at once: %s", s.options.Executable, s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("server: %s does not answer: %w (%w): %s",
				s.options.Executable, err, ctx.Err(), s.lastWords())
		}
	}
}

// identify reads the server's name, version and process from it, and makes sure that it is ours.
func (s *Server) identify() error {
	conn, err := resp.Dial("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.options.Password != "" {
		if reply, err := conn.Do("AUTH", s.options.Password); err != nil || reply.Err() != nil {
			return errors.Join(err, reply.Err())
		}
	}
	reply, err := conn.Do("INFO", "server")
	if err := errors.Join(err, reply.Err()); err != nil {
		return err
	}
	info := map[string]string{}
	for line := range strings.Lines(reply.Text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		info[name] = value
	}
	s.name, s.version = "redis", info["redis_version"]
	if v, ok := info["valkey_version"]; ok {
		s.name, s.version = "valkey", v
	}
	if s.version == "" {
		return fmt.Errorf("server: %s tells no version in INFO", s.options.Executable)
	}
	if s.pid, err = strconv.Atoi(info["process_id"]); err != nil {
		return fmt.Errorf("server: %s tells no process_id in INFO", s.options.Executable)
	}
	reply, err = conn.Do("CONFIG", "GET", "dir")
	if err := errors.Join(err, reply.Err()); err != nil {
		return err
	}
	if len(reply.Items) != 2 || filepath.Base(reply.Items[1].Text) != filepath.Base(s.dir) {
		return errors.New("server: another server took the port")
	}
	return nil
}

// lastWords is the end of the server's output.
func (s *Server) lastWords() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	if len(text) == 0 {
		return "it printed nothing"
	}
	return strings.TrimSpace(string(text[max(0, len(text)-500):]))
}

// Stop ends the server, as a crash would, and removes its folder. Stopping twice is fine.
func (s *Server) Stop() error { return errors.Join(s.kill(), os.RemoveAll(s.dir)) }

func (s *Server) kill() error {
	if s.shell == nil {
		return nil
	}
	err := s.hold.Close()
	timer := time.AfterFunc(stopTimeout, func() { _ = s.shell.Process.Kill() })
	_ = s.shell.Wait() // ends with the signal that the shell sent: no error of ours
	timer.Stop()
	<-s.exited
	s.shell = nil
	return err
}

// Restart ends the server, as a crash would, and starts it again at the same address with what it left on its disk. It
// is not for use at the same time as other methods.
func (s *Server) Restart(ctx context.Context) error {
	keep := filepath.Join(s.dir, "keep")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := errors.Join(s.kill(), os.Remove(keep)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return s.launch(ctx, s.path)
}

// Name is redis or valkey.
func (s *Server) Name() string { return s.name }

// Version is the server's own, such as 7.0.15.
func (s *Server) Version() string { return s.version }

// PID is the server's process.
func (s *Server) PID() int { return s.pid }

// Addr is where it listens: a loopback address with its port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Socket is the path of its Unix socket, if [Options.UnixSocket] asked for one.
func (s *Server) Socket() string { return filepath.Join(s.dir, "socket") }

// RedisOptions is what go-redis needs to connect: to the Unix socket if there is one.
func (s *Server) RedisOptions() *redis.Options {
	o := &redis.Options{Network: "tcp", Addr: s.Addr(), Password: s.options.Password}
	if s.options.UnixSocket {
		o.Network, o.Addr = "unix", s.Socket()
	}
	return o
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// Executable is the program that runs, for more of the same kind.
func (s *Server) Executable() string { return s.options.Executable }
