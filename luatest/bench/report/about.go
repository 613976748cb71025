package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
)

// About says where and when a run took place.
type About struct {
	Server      string            `json:"server"`
	Go          string            `json:"go"`
	System      string            `json:"system"`
	CPUs        int               `json:"cpus"`
	Quick       bool              `json:"quick"`
	Rounds      int               `json:"rounds,omitempty"` // 0: each item's own number
	Began       time.Time         `json:"began"`
	Runs        []time.Time       `json:"runs,omitempty"` // when they began, of a table made of several
	Took        string            `json:"took"`
	Contestants map[string]string `json:"contestants"` // their versions, or why they are missing
}

// Print writes it, with the contestants and how each is used.
func (a *About) Print(w io.Writer, contestants []*contestant.Contestant) error {
	fmt.Fprintf(w, "%s, %s, %s, %d CPUs. Medians of the rounds, ± half of their range.\n\n",
		a.Server, a.Go, a.System, a.CPUs)
	if a.Quick {
		fmt.Fprint(w, "A quick run has less of everything, such as 2 holders killed for 100: its figures say nothing.\n\n")
	}
	a.Contestants = map[string]string{} // by name and primitive
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range contestants {
		version := c.Version()
		if c.Missing != "" {
			version = "MISSING: " + c.Missing
		}
		a.Contestants[c.Name+", "+string(c.Primitive)] = version
		fmt.Fprintf(t, "   %s\t%s\t%s\t%s\n", c.Primitive, c.Name, version, c.About)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
   Those that poll ask again after 100 µs for each worker, 1 ms at least and 150 ms at most, each time half to one and a
   half of it: quick to find a lock that is free, and not so many questions that the server does nothing else. Their own
   defaults (redsync 50 to 250 ms, python 250 ms) wait longer; that of redis-semaphore (10 ms) does with few workers.
   All on go-redis have the same 64 connections.
`)
	return err
}

// file is what JSON writes.
type file struct {
	About    About            `json:"about"`
	Bars     []Bar            `json:"bars"`
	Problems []string         `json:"problems"`
	Figures  []*figure.Figure `json:"figures"`
}

// JSON writes everything to a file.
func JSON(path string, about About, set *figure.Set, bars []Bar, problems []string) error {
	text, err := json.MarshalIndent(file{about, bars, problems, set.Figures}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
