package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
	"golang.org/x/term"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/connect"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// app is what all commands share.
type app struct {
	Redis        string `env:"REDIS_URL" placeholder:"URL" help:"Where Redis is. Default: ${defaultURL}."`
	PasswordFile string `placeholder:"FILE" help:"FILE has the password in its first line (or set $$REDIS_PASSWORD)."`
	Prefix       string `env:"REDILOCK_PREFIX" placeholder:"TEXT" help:"Put TEXT before every lock name."`
	Owner        string `env:"REDILOCK_OWNER" placeholder:"TEXT" help:"What others see as the holder. Default: host:pid."`
	Verbose      int    `short:"v" type:"counter" help:"Say what happens, on stderr; -vv says more."`
	LogFormat    string `enum:"text,json" default:"text" placeholder:"text|json" help:"How it is said: text or json."`

	out stdout
	log *slog.Logger
}

// Exit statuses. Those of run are timeout(1)'s where it has them.
const (
	statusNo        = 1   // the answer is no: a check that fails, a question that was denied
	statusLost      = 123 // the lock was lost
	statusNotInTime = 124 // the lock was not to be had
	statusFailed    = 125 // redilock itself failed, or Redis
	statusCannotRun = 126 // the command was found, and cannot be run
	statusNotFound  = 127 // the command was not found
	statusSignal    = 128 // plus the signal that ended it
)

// exit is an error that says which exit status it is. Without err nothing is printed: all has been said.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// usage is the error of a command line that cannot be served.
func usage(format string, args ...any) error {
	return exit{statusFailed, fmt.Errorf(format, args...)}
}

func (a *app) url() string {
	if a.Redis == "" {
		return connect.Default
	}
	return a.Redis
}

func (a *app) address() string { return connect.Address(a.url()) }

// open makes the connection pool. Nothing is sent yet.
func (a *app) open() (redis.UniversalClient, error) {
	s := connect.Server{
		URL: a.url(), Password: os.Getenv("REDIS_PASSWORD"), SentinelPassword: os.Getenv("REDIS_SENTINEL_PASSWORD"),
	}
	if a.PasswordFile != "" {
		text, err := os.ReadFile(a.PasswordFile)
		if err != nil {
			return nil, usage("--password-file: %w", err)
		}
		s.Password, _, _ = strings.Cut(string(text), "\n")
		s.Password = strings.TrimSuffix(s.Password, "\r")
		if s.Password == "" {
			return nil, usage("--password-file: the first line of %s is empty", a.PasswordFile)
		}
	}
	rdb, err := s.Open()
	if err != nil {
		return nil, usage("--redis: %w", err)
	}
	return rdb, nil
}

// client makes the lock client, and what closes it and its connections.
func (a *app) client(opts ...redilock.Option) (*redilock.Client, func(), error) {
	rdb, err := a.open()
	if err != nil {
		return nil, nil, err
	}
	opts = append(opts, redilock.WithPrefix(a.Prefix))
	if a.Owner != "" {
		opts = append(opts, redilock.WithOwner(a.Owner))
	}
	if a.Verbose > 1 {
		opts = append(opts, redilock.WithLogger(a.log))
	}
	c, err := redilock.New(rdb, opts...)
	if err != nil {
		_ = rdb.Close()
		return nil, nil, err
	}
	return c, func() { _ = c.Close(); _ = rdb.Close() }, nil
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// interruptible gives a context that ends with the signals that ask a program to end.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-signals:
			cancel(interrupted{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// notify asks for signals, except those that we were started to ignore: by nohup(1), or in the background of a script.
// The command of run inherits that.
func notify(to chan<- os.Signal, signals ...os.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(to, s)
		}
	}
}

// stdout is standard output, which may be a terminal.
type stdout struct{ *os.File }

// terminal reports whether what is written can be drawn over.
func (o stdout) terminal() bool {
	return term.IsTerminal(int(o.Fd())) && os.Getenv("TERM") != "dumb"
}

// colour reports whether it should have colours, see no-color.org.
func (o stdout) colour() bool { return o.terminal() && os.Getenv("NO_COLOR") == "" }

// size is the terminal's, or that of a page.
func (o stdout) size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(o.Fd()))
	if err != nil || columns <= 0 {
		return 80, 25
	}
	return columns, rows
}
