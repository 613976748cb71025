// Command bench measures go-redilock and its peers on one server, in turns within one run.
//
//	go tool mage bench             from the top of the project
//	go run . --quick --only handoff    from here
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
	"github.com/zferentz/go-redilock/luatest/bench/report"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == crew.Argument {
		exit(crew.Work(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type settings struct {
	quick                      bool
	only, json, charts, server string
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&s.quick, "quick", false, "less of everything, under a minute: does it run, not how fast is it")
	flags.StringVar(&s.only, "only", "", "items by name or number, comma-separated: "+strings.Join(names(), ", "))
	flags.StringVar(&s.json, "json", "", "write all figures to this file")
	flags.StringVar(&s.charts, "charts", "", "write SVG charts to this folder")
	flags.StringVar(&s.server, "server", "", "the executable to measure on (default redis-server on PATH)")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("%q is no flag; --help lists them", flags.Arg(0))
	}
	return s, err
}

func names() []string {
	var list []string
	for _, item := range measure.Items() {
		list = append(list, item.Name)
	}
	return list
}

// chosen gives the items of --only, or all.
func chosen(only string) ([]measure.Item, error) {
	if only == "" {
		return measure.Items(), nil
	}
	var list []measure.Item
	for _, name := range strings.Split(only, ",") {
		found := false
		for _, item := range measure.Items() {
			if item.Name == name || fmt.Sprint(item.Number) == name {
				list = append(list, item)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("--only %s: there are %s", name, strings.Join(names(), ", "))
		}
	}
	return list, nil
}

func run(ctx context.Context, args []string) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	items, err := chosen(s.only)
	if err != nil {
		return err
	}
	began := time.Now()
	srv, err := server.Start(ctx, server.Options{Executable: s.server, Args: []string{"--maxclients", "20000"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	dir, err := os.MkdirTemp("", "redilock-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	contestant.FindPython(ctx)
	var present []*contestant.Contestant
	for _, c := range contestant.All() {
		if c.Missing == "" {
			present = append(present, c)
		}
	}
	r, err := measure.New(srv, present, dir, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.Quick = s.quick

	about := report.About{
		Server: srv.Name() + " " + srv.Version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Quick: s.quick, Began: began.UTC().Truncate(time.Second),
	}
	if err := about.Print(os.Stdout, contestant.All()); err != nil {
		return err
	}
	for _, item := range items {
		if err := r.Do(ctx, item); err != nil {
			return err
		}
		if err := report.Tables(os.Stdout, &r.Set, item.Number, item.Title); err != nil {
			return err
		}
	}
	bars := report.Bars(&r.Set)
	if err := report.PrintBars(os.Stdout, bars); err != nil {
		return err
	}
	if len(r.Problems) > 0 {
		fmt.Printf("\nWhat went wrong on the way\n\n")
	}
	for _, problem := range r.Problems {
		fmt.Println("   ", problem)
	}
	about.Took = time.Since(began).Round(time.Second).String()
	fmt.Printf("\nall of it took %s\n", about.Took)
	if s.json != "" {
		if err := report.JSON(s.json, about, &r.Set, bars, r.Problems); err != nil {
			return err
		}
	}
	if s.charts != "" {
		return report.Charts(s.charts, &r.Set)
	}
	return nil
}
