package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
)

// Bar is what a run is held against.
type Bar struct {
	Text   string      `json:"bar"`
	Wanted float64     `json:"wanted"`
	AtMost bool        `json:"at_most"` // else at least
	Got    float64     `json:"got"`
	Spread float64     `json:"spread"`
	Unit   figure.Unit `json:"unit"`
	Note   string      `json:"note,omitempty"` // such as which peer was the best
	Runs   []float64   `json:"runs,omitempty"` // of a table made of several: what each got; Got is their median
}

// Met says whether the run reached it.
func (b Bar) Met() bool {
	if b.AtMost {
		return b.Got <= b.Wanted
	}
	return b.Got >= b.Wanted
}

// peers are those whom ours is compared with: not the floor, which protects from nothing while one waits.
var peers = []string{contestant.Redsync, contestant.Redislock, contestant.Rueidislock, contestant.Python}

// Bars evaluates those whose figures the run has measured.
func Bars(set *figure.Set) []Bar {
	b := bars{set: set}
	b.contended()
	b.turns()
	b.rest()
	b.semaphores()
	return b.list
}

// contended adds the bars of the items 1 to 3.
func (b *bars) contended() {
	b.ratio("1 worker: pair p50 ÷ redsync's", 1.15, true, 1, measure.OneWorker, measure.PairP50, contestant.Redsync)
	b.ratio("64 workers: pairs/s ÷ the best go-redis peer's", 1.5, false, 1, measure.ManyWorkers, measure.Pairs,
		contestant.Redsync, contestant.Redislock)
	b.ratio("64 workers: pairs/s ÷ rueidislock's", 1, false, 1, measure.ManyWorkers, measure.Pairs,
		contestant.Rueidislock)
	for _, processes := range []string{measure.OneProcess, measure.ManyProcess} {
		for _, workers := range measure.Crowds[1:] {
			b.ratio(fmt.Sprintf("%d workers, %s: hand-offs/s ÷ the best peer's", workers, processes), 10, false,
				2, measure.Crowd(workers, processes), measure.HandOffs, peers...)
		}
	}
	for _, processes := range []string{measure.OneProcess, measure.ManyProcess} {
		b.ratio("256 workers, "+processes+": wait p99 ÷ the best peer's", 0.1, true,
			2, measure.Crowd(256, processes), measure.WaitP99, peers...)
	}
	for _, workers := range measure.Crowds {
		for _, processes := range []string{measure.OneProcess, measure.ManyProcess} {
			name := measure.Crowd(workers, processes)
			b.value(name+": busiest ÷ idlest", 1.2, 2, name, measure.Fairness)
		}
	}
	overlaps := Bar{Text: "overlaps, all contestants' included", AtMost: true}
	for _, f := range b.set.Figures {
		if f.Metric.Name == measure.Overlaps.Name {
			for _, v := range f.Rounds {
				if v > 0 {
					overlaps.Note += fmt.Sprintf("%s, %s: %.0f; ", f.Contestant, f.Case, v)
				}
				overlaps.Got += v
			}
			overlaps.Unit = figure.Number
			b.overlaps = true
		}
	}
	if b.overlaps {
		b.list = append(b.list, overlaps)
	}
	for _, name := range []string{measure.BetweenTwo, measure.WithinOne} {
		b.value("hand-off, "+name+": p50 ÷ PING after the same pause", 2.5, 3, name, measure.HandOffPings)
	}
}

type bars struct {
	set      *figure.Set
	list     []Bar
	overlaps bool
}

// ratio compares ours with the best of some peers.
func (b *bars) ratio(text string, wanted float64, atMost bool, item int, name string, m figure.Metric, against ...string) {
	b.compare(contestant.Ours, text, wanted, atMost, item, name, m, against...)
}

func (b *bars) compare(one, text string, wanted float64, atMost bool, item int, name string, m figure.Metric,
	against ...string,
) {
	best := b.set.Best(item, name, m.Name, against...)
	r := figure.Ratio(b.set.Find(item, name, m.Name, one), best)
	if r == nil {
		return
	}
	note := ""
	if len(against) > 1 {
		note = best.Contestant
	}
	b.list = append(b.list, Bar{
		Text: text, Wanted: wanted, AtMost: atMost, Got: r.Median(), Spread: r.Spread(), Unit: figure.Times, Note: note,
	})
}

// turns compares ours with turns and without.
func (b *bars) turns() {
	lone := func(m figure.Metric, c string) *figure.Figure { return b.set.Find(9, measure.Lone, m.Name, c) }
	b.ratio("a lone waiter against 64 in another process: p99 wait ÷ strict", 3, true, 9, measure.Lone, measure.WaitP99,
		contestant.Strict)
	with, without := lone(measure.WaitP99, contestant.Ours), lone(measure.WaitP99, contestant.Strict)
	if with != nil && without != nil {
		b.list = append(b.list, Bar{
			Text: "a lone waiter against 64 in another process: p99 wait − strict", Wanted: 0.002, AtMost: true,
			Got: with.Median() - without.Median(), Unit: figure.Seconds,
		})
	}
	for _, workers := range measure.Crowds {
		for i, processes := range []string{measure.OneProcess, measure.ManyProcess} {
			name, wanted := measure.Crowd(workers, processes), []float64{1, 1.1}[i] // fewer commands tell in many processes
			b.compare(contestant.Strict, name+": strict hand-offs/s ÷ revision "+contestant.Before, wanted, false, 2, name,
				measure.HandOffs, contestant.Before)
		}
	}
	long := measure.Section(measure.Sections[len(measure.Sections)-1])
	b.ratio(long+": hand-offs/s ÷ strict", 0.98, false, 8, long, measure.HandOffs, contestant.Strict)
}

// value takes ours as it is.
func (b *bars) value(text string, atMost float64, item int, name string, m figure.Metric) {
	if f := b.set.Find(item, name, m.Name, contestant.Ours); f != nil {
		b.list = append(b.list, Bar{
			Text: text, Wanted: atMost, AtMost: true, Got: f.Median(), Spread: f.Spread(), Unit: m.Unit,
		})
	}
}

// PrintBars writes the bars as a table.
func PrintBars(w io.Writer, list []Bar) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nBars\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "   bar\twanted\tgot\t\t")
	met := 0
	for _, b := range list {
		sign, verdict := "≥", "NOT MET"
		if b.AtMost {
			sign = "≤"
		}
		if b.Met() {
			verdict = "met"
			met++
		}
		got := Value(b.Got, b.Unit)
		if len(b.Runs) > 0 {
			got += between(slices.Min(b.Runs), slices.Max(b.Runs), b.Unit)
		} else if b.Spread > 0 {
			got += fmt.Sprintf(" ±%.0f%%", 100*math.Abs(b.Spread))
		}
		fmt.Fprintf(t, "   %s\t%s %s\t%s\t%s\t%s\n", b.Text, sign, Value(b.Wanted, b.Unit), got, verdict, b.Note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n   %d of %d met\n", met, len(list))
	return err
}
