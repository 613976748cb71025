// Redilock puts a lock around any program, by way of a Redis or Valkey that several machines share. See redilock --help.
package main

import (
	"context"
	"errors"
	"os"
	"strconv"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/child"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/connect"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/demo"
)

func main() {
	if child.RunGuard() {
		return
	}
	os.Exit(run(os.Args[1:]))
}

// commands is the whole command line.
type commands struct {
	app

	Run  runCmd  `cmd:"" help:"Run a command under a lock."`
	Demo demoCmd `cmd:"" help:"Watch a lock at work, in this terminal, without a server."`

	Acquire    acquireCmd    `cmd:"" help:"Take a lock and print its token, for scripts."`
	Extend     extendCmd     `cmd:"" help:"Keep a lock that acquire took for longer."`
	Release    releaseCmd    `cmd:"" help:"Give a lock back that acquire took."`
	Inspect    inspectCmd    `cmd:"" help:"Show who holds locks and who waits for them."`
	Ls         lsCmd         `cmd:"" help:"List the locks that are held or waited for."`
	Leader     leaderCmd     `cmd:"" help:"Print who leads an election."`
	Watch      watchCmd      `cmd:"" help:"Print what happens to a lock, as it happens."`
	Top        topCmd        `cmd:"" help:"Watch all locks in a live table."`
	Exporter   exporterCmd   `cmd:"" help:"Serve metrics for Prometheus, and a page of all locks."`
	Break      breakCmd      `cmd:"" help:"Release somebody else's lock."`
	Scripts    scriptsCmd    `cmd:"" help:"List, export or check the Lua scripts."`
	ACL        aclCmd        `cmd:"" name:"acl" help:"Print the rights that a user of Redis needs."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print what bash, zsh or fish need to complete command lines."`
	Complete   completeCmd   `cmd:"" name:"__complete" hidden:"" passthrough:""`
}

func run(args []string) int {
	redis.SetLogger(silent{}) // what matters comes back as an error
	var c commands
	c.args, c.out = args, stdout{os.Stdout}
	errs := newDropWriter(os.Stderr)
	defer errs.flush()
	c.log = newLog(errs, "text", 0)
	parser, err := kong.New(&c, options()...)
	if err != nil {
		panic(err) // the declaration of the commands is wrong: no user can cause it
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(&c.app, usage("%w: see redilock --help", err))
	}
	c.log = newLog(errs, c.LogFormat, c.Verbose)
	return fail(&c.app, parsed.Run(&c.app))
}

func options() []kong.Option {
	return []kong.Option{
		kong.Name("redilock"),
		kong.Description("A lock around any program, shared by many machines."),
		kong.Vars{"maxWorkers": strconv.Itoa(demo.MaxWorkers), "defaultURL": connect.Default},
		longHelp,
		exactBytes,
		kong.Help(printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 80}),
		kong.PostBuild(flagsForAll),
	}
}

// silent drops what go-redis would print by itself.
type silent struct{}

// Printf is part of the logger that go-redis takes.
func (silent) Printf(context.Context, string, ...any) {}

// fail says what went wrong, if there are words for it, and gives the exit status.
func fail(a *app, err error) int {
	if err == nil {
		return 0
	}
	var e exit
	if !errors.As(a.explain(err), &e) {
		e = exit{code: statusFailed, err: err}
	}
	if e.err != nil {
		a.log.Error(e.err.Error())
	}
	return e.code
}
