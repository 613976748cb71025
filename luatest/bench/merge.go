package main

import (
	"os"

	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
	"github.com/zferentz/go-redilock/luatest/bench/report"
)

// write writes the files that were asked for.
func write(s settings, about report.About, set *figure.Set, bars []report.Bar, problems []string) error {
	if s.json != "" {
		if err := report.JSON(s.json, about, set, bars, problems); err != nil {
			return err
		}
	}
	if s.charts != "" {
		return report.Charts(s.charts, set)
	}
	return nil
}

// merge makes one table of whole runs.
func merge(s settings) error {
	m, err := report.Merge(s.files)
	if err != nil {
		return err
	}
	if err := m.Print(os.Stdout); err != nil {
		return err
	}
	for _, item := range measure.Items() {
		if err := report.Tables(os.Stdout, &m.Set, item.Number, item.Title); err != nil {
			return err
		}
	}
	if err := report.PrintBars(os.Stdout, m.Bars); err != nil {
		return err
	}
	return write(s, m.About, &m.Set, m.Bars, m.Problems)
}
