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
	"slices"
	"strings"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
	"github.com/zferentz/go-redilock/luatest/bench/report"
	"github.com/zferentz/go-redilock/luatest/bench/roster"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == crew.Argument {
		exit(crew.Work(os.Args[2], roster.Find))
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
	quick, turns, merge        bool
	rounds                     int
	only, json, charts, server string
	files                      []string // of merge
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&s.quick, "quick", false, "less of everything, about a minute: does it run, not how fast is it")
	flags.BoolVar(&s.turns, "turns", false, "what the bars of turns need, and nothing else: about eleven minutes")
	flags.IntVar(&s.rounds, "rounds", 0, "rounds of each item; 0: its own number, five or more")
	flags.StringVar(&s.only, "only", "", "items by name or number, comma-separated: "+strings.Join(names(), ", "))
	flags.StringVar(&s.json, "json", "", "write all figures to this file")
	flags.StringVar(&s.charts, "charts", "", "write SVG charts to this folder")
	flags.StringVar(&s.server, "server", "", "the executable to measure on (default redis-server on PATH)")
	flags.BoolVar(&s.merge, "merge", false,
		"measure nothing: make one table of the JSON files of three or more runs, the median of theirs with their range")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.files = flags.Args()
	switch {
	case s.rounds < 0:
		return s, fmt.Errorf("--rounds %d: it is 1 or more, or 0", s.rounds)
	case s.turns && s.only != "":
		return s, errors.New("--turns and --only: one of them says what is measured")
	case s.merge && (s.quick || s.turns || s.rounds > 0 || s.only != "" || s.server != ""):
		return s, errors.New("--merge measures nothing: beside it there are --json and --charts")
	case !s.merge && len(s.files) > 0:
		return s, fmt.Errorf("%q is no flag; --help lists them", s.files[0])
	}
	return s, nil
}

func names() []string {
	var list []string
	for _, item := range measure.Items() {
		list = append(list, item.Name)
	}
	return list
}

// chosen gives the items of --only or --turns, or all.
func (s *settings) chosen() ([]measure.Item, error) {
	var list []measure.Item
	wanted := measure.TurnItems
	switch {
	case s.only != "":
		wanted = strings.Split(s.only, ",")
	case !s.turns:
		return measure.Items(), nil
	}
	for _, name := range wanted {
		i := slices.IndexFunc(measure.Items(), func(item measure.Item) bool {
			return item.Name == name || fmt.Sprint(item.Number) == name
		})
		if i < 0 {
			return nil, fmt.Errorf("--only %s: there are %s", name, strings.Join(names(), ", "))
		}
		list = append(list, measure.Items()[i])
	}
	return list, nil
}

func run(ctx context.Context, args []string) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.merge {
		return merge(s)
	}
	items, err := s.chosen()
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

	invited, present, missing := gather(ctx, items)
	r, err := measure.New(srv, present, dir, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.Quick, r.Turns, r.Rounds, r.Problems = s.quick, s.turns, s.rounds, missing

	about := report.About{
		Server: srv.Name() + " " + srv.Version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Quick: s.quick, Rounds: s.rounds, Began: began.UTC().Truncate(time.Second),
	}
	if err := about.Print(os.Stdout, invited); err != nil {
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
	if err := report.PrintProblems(os.Stdout, r.Problems); err != nil {
		return err
	}
	about.Took = time.Since(began).Round(time.Second).String()
	fmt.Printf("\nall of it took %s\n", about.Took)
	return write(s, about, &r.Set, bars, r.Problems)
}

// gather gives those that the items are for, those of them that are there, and a word on each of the others.
func gather(ctx context.Context, items []measure.Item) (invited, present []*contestant.Contestant, missing []string) {
	var primitives []contestant.Primitive
	for _, item := range items {
		primitives = append(primitives, item.Primitive)
	}
	roster.Seek(ctx, primitives...)
	for _, c := range roster.All() {
		if !slices.Contains(primitives, c.Primitive) {
			continue
		}
		invited = append(invited, c)
		if c.Missing == "" {
			present = append(present, c)
		} else {
			missing = append(missing, fmt.Sprintf("%s, %s, is MISSING, and nothing is judged against it: %s",
				c.Name, c.Primitive, c.Missing))
		}
	}
	return invited, present, missing
}
