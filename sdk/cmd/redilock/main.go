// Redilock puts a lock around any program, by way of a Redis or Valkey that several machines share. See redilock --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/demo"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// commands is the whole command line.
type commands struct {
	app

	Demo demoCmd `cmd:"" help:"Watch a lock at work, in this terminal, without a server."`
}

func run(args []string) int {
	redis.SetLogger(silent{}) // what matters comes back as an error
	var c commands
	c.out = stdout{os.Stdout}
	parser, err := kong.New(&c, options()...)
	if err != nil {
		panic(err) // the declaration of the commands is wrong: no user can cause it
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(&c.app, usage("%s", err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	return fail(&c.app, parsed.Run(&c.app))
}

func options() []kong.Option {
	return []kong.Option{
		kong.Name("redilock"),
		kong.Description("A lock around any program, shared by many machines."),
		kong.Vars{"maxWorkers": strconv.Itoa(demo.MaxWorkers)},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 80}),
	}
}

// silent drops what go-redis would print by itself.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// fail prints an error, if there is one and it has words, and gives the exit status.
func fail(a *app, err error) int {
	if err == nil {
		return 0
	}
	var e exit
	if !errors.As(a.explain(err), &e) {
		e = exit{code: statusFailed, err: err}
	}
	if e.err != nil {
		fmt.Fprintln(os.Stderr, "redilock: "+oneLine(e.err.Error()))
	}
	return e.code
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var _ io.Writer = stdout{}
