// Command luagen makes typed bindings of annotated Lua scripts for Redis.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/gen/luagen"
)

type commands struct {
	Config string `help:"The configuration file (${default_config} if empty)." short:"c" placeholder:"FILE"`

	Generate struct{} `cmd:"" help:"Write scripts, manifest, bindings and tables."`
	Diff     struct{} `cmd:"" help:"Show what generate would change. Ends with 1 if there is anything."`
	Verify   struct{} `cmd:"" help:"Fail when generate would change anything, or a server does not load a script."`
	Pin      struct{} `cmd:"" help:"Freeze the scripts as they are: with a release, never before."`
	Init     struct {
		Dir string `arg:"" optional:"" default:"." help:"The folder."`
	} `cmd:"" help:"Write a configuration file and a script to start from."`
	Explain struct {
		Code string `arg:"" optional:"" help:"What is in brackets at the end of a message; without it, all of them."`
	} `cmd:"" help:"Give the reason of a rule."`
}

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole command. It returns 0, 1 for what it found, or 2 for how it was called.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("luagen"), kong.Writers(out, errOut), kong.Exit(func(int) {}),
		kong.Vars{"default_config": "luagen.yaml, or lua/luagen.yaml"},
		kong.Description("Typed bindings of annotated Lua scripts for Redis."))
	if err != nil {
		panic(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "luagen: %v\n", err)
		return 2
	}
	if err := c.do(ctx, strings.Fields(parsed.Command())[0], out); err != nil {
		tell(errOut, err)
		return 1
	}
	return 0
}

var errDiffers = errors.New("what is there is not what is generated; generate again")

func (c *commands) do(ctx context.Context, command string, out io.Writer) error {
	switch command {
	case "init":
		written, err := luagen.Init(c.Init.Dir)
		for _, file := range written {
			fmt.Fprintln(out, file)
		}
		return err
	case "explain":
		return explain(c.Explain.Code, out)
	}
	o, err := luagen.Load(c.Config)
	if err != nil {
		return err
	}
	switch command {
	case "generate":
		return gen.Generate(o)
	case "pin":
		return gen.Pin(o)
	case "diff":
		text, err := gen.Diff(o)
		fmt.Fprint(out, text)
		if err == nil && text != "" {
			err = errDiffers
		}
		return err
	default:
		asked, err := luagen.Verify(ctx, o)
		if err == nil && asked == 0 {
			fmt.Fprintln(out, "no server was asked: there is no redis-server on PATH, and REDILOCK_SERVERS names none")
		}
		return err
	}
}

func explain(code string, out io.Writer) error {
	if code == "" {
		for _, r := range gen.Rules() {
			fmt.Fprintf(out, "%-10s%s\n", r.Code, r.What)
		}
		return nil
	}
	r, ok := gen.Explain(strings.Trim(code, "[]"))
	if !ok {
		return fmt.Errorf("no rule %q; luagen explain lists them", code)
	}
	fmt.Fprint(out, r)
	return nil
}

// tell writes an error; each problem of a script with the code that explain takes.
func tell(out io.Writer, err error) {
	var problems gen.Problems
	if !errors.As(err, &problems) {
		fmt.Fprintf(out, "luagen: %v\n", err)
		return
	}
	for _, p := range problems {
		fmt.Fprintf(out, "%s [%s]\n", p, p.Code)
	}
}
