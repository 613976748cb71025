package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
	"golang.org/x/term"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/connect"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// app is what all commands share.
type app struct {
	Redis        string `env:"REDIS_URL" placeholder:"URL" help:"Where Redis is. Default: ${defaultURL}."`
	PasswordFile string `placeholder:"FILE" help:"FILE has the password in its first line (or set $$REDIS_PASSWORD)."`
	CACert       string `name:"cacert" env:"REDIS_CACERT" placeholder:"FILE" help:"${caHelp}"`
	Cert         string `env:"REDIS_CERT" placeholder:"FILE" help:"With TLS: our certificate, in PEM."`
	Key          string `env:"REDIS_KEY" placeholder:"FILE" help:"With TLS: its key. Default: in the file of --cert."`
	SNI          string `name:"sni" env:"REDIS_SNI" placeholder:"HOST" help:"${sniHelp}"`
	Prefix       string `env:"REDILOCK_PREFIX" placeholder:"TEXT" help:"Put TEXT before every lock name."`
	Owner        string `env:"REDILOCK_OWNER" placeholder:"TEXT" help:"What others see as the holder. Default: host:pid."`
	Verbose      int    `short:"v" type:"counter" help:"Say what happens, on stderr; -vv says more."`
	LogFormat    string `enum:"text,json" default:"text" placeholder:"text|json" help:"How it is said: text or json."`

	args []string // the command line, without the name of the program
	out  stdout
	log  *slog.Logger
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
		TLS: connect.TLS{CA: a.CACert, Cert: a.Cert, Key: a.Key, ServerName: a.SNI},
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
	// Nobody else waits in this process, so a turn would only reserve fences; and the lock's is the one that the
	// server tells.
	opts = append(opts, redilock.WithPrefix(a.Prefix), redilock.WithTurn(0))
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
