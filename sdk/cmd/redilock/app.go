package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
	"golang.org/x/term"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/connect"
)

// app is what all commands share.
type app struct {
	Redis  string `env:"REDIS_URL" placeholder:"URL" help:"Where Redis is."`
	Prefix string `placeholder:"TEXT" help:"Put TEXT before every lock name."`

	out stdout
}

// statusFailed is the exit status when redilock itself, or Redis, failed.
const statusFailed = 125

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

func (a *app) open() (redis.UniversalClient, error) {
	rdb, err := connect.Server{URL: a.url()}.Open()
	if err != nil {
		return nil, usage("--redis: %w", err)
	}
	return rdb, nil
}

// explain gives an error its exit status, and its words where those of a library are not enough.
func (a *app) explain(err error) error {
	var e exit
	if err == nil || errors.As(err, &e) {
		return err
	}
	return exit{statusFailed, err}
}

// stdout is standard output, which may be a terminal.
type stdout struct{ *os.File }

// terminal reports whether what is written can be drawn over.
func (o stdout) terminal() bool {
	return term.IsTerminal(int(o.Fd())) && os.Getenv("TERM") != "dumb"
}

// size is the terminal's, or that of a page.
func (o stdout) size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(o.Fd()))
	if err != nil || columns <= 0 {
		return 80, 25
	}
	return columns, rows
}
