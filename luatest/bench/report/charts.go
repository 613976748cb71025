package report

import (
	"cmp"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
)

const (
	width  = 15 * vg.Centimeter
	height = 8.5 * vg.Centimeter
)

// colors tell the contestants apart also for those who do not see red and green (Okabe and Ito).
var colors = map[string]color.Color{
	contestant.Ours:        color.RGBA{0xd5, 0x5e, 0x00, 0xff},
	contestant.Strict:      color.RGBA{0x56, 0xb4, 0xe9, 0xff},
	contestant.Floor:       color.RGBA{0x99, 0x99, 0x99, 0xff},
	contestant.Redsync:     color.RGBA{0x00, 0x72, 0xb2, 0xff},
	contestant.Redislock:   color.RGBA{0x00, 0x9e, 0x73, 0xff},
	contestant.Rueidislock: color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	contestant.Python:      color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	contestant.Before:      color.RGBA{0x00, 0x00, 0x00, 0xff},

	contestant.Redisson:       color.RGBA{0x00, 0x72, 0xb2, 0xff},
	contestant.RedisSemaphore: color.RGBA{0x00, 0x9e, 0x73, 0xff},
	contestant.ZSet:           color.RGBA{0x99, 0x99, 0x99, 0xff},
}

// Charts writes the charts whose figures the run has measured as SVG files to a folder.
func Charts(dir string, set *figure.Set) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range []struct {
		file, title, axis string
		item              int
		metric            figure.Metric
		scale             float64
		points            []int
		name              func(int) string
	}{
		{"handoffs-1-process", "Hand-offs a second, one process", "workers on one name", 2, measure.HandOffs, 1,
			measure.Crowds, inOne},
		{"handoffs-8-processes", "Hand-offs a second, eight processes", "workers on one name", 2, measure.HandOffs, 1,
			measure.Crowds, inMany},
		{"wait-p99-1-process", "Wait, p99, ms, one process", "workers on one name", 2, measure.WaitP99, 1e3,
			measure.Crowds, inOne},
		{"wait-p99-8-processes", "Wait, p99, ms, eight processes", "workers on one name", 2, measure.WaitP99, 1e3,
			measure.Crowds, inMany},
		{"fairness", "Turns of the busiest worker ÷ the idlest, one process", "workers on one name", 2,
			measure.Fairness, 1, measure.Crowds, inOne},
		{"growth-queue", "Server time in commands a hand-off, µs", "waiters queued at the server", 7,
			measure.GrowthSpent, 1e6, measure.QueueLengths, measure.Queue},
		{"growth-names", "Server time in commands, taking, queueing, handing on, µs", "lock names", 7,
			measure.GrowthSpent, 1e6, measure.NameCounts, measure.Names},
	} {
		p := plot.New()
		p.Legend.Top = c.metric.Better == figure.Lower && c.item != 7
		if c.item == 7 {
			p.Y.Min = 0
		} else {
			p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powers{}
		}
		p.X.Scale, p.X.Label.Text = plot.LogScale{}, c.axis
		if lines(p, set, c.item, c.metric, c.scale, c.points, c.name) == 0 {
			continue
		}
		if err := save(p, filepath.Join(dir, c.file+".svg"), c.title); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		file, title string
		item        int
		name        string
		metric      figure.Metric
		scale       float64
	}{
		{"pair-1-worker", "Uncontended lock and unlock, one worker, p50, µs", 1, measure.OneWorker, measure.PairP50, 1e6},
		{"pairs-64-workers", "Uncontended pairs a second, 64 workers on 64 names", 1, measure.ManyWorkers, measure.Pairs, 1},
		{"semaphore-1-process", "Semaphore of 4: hand-offs a second, one process", 10,
			measure.Permits(measure.OneProcess), measure.HandOffs, 1},
		{"semaphore-8-processes", "Semaphore of 4: hand-offs a second, eight processes", 10,
			measure.Permits(measure.ManyProcess), measure.HandOffs, 1},
		{"rwlock-8-processes", "Readers and writers: locks a second, eight processes", 11,
			measure.Both(measure.ManyProcess), measure.HandOffs, 1},
		{"handoff-pings", "Hand-off between two processes, one waiter: p50 ÷ PING", 3, measure.BetweenTwo,
			measure.HandOffPings, 1},
	} {
		p := plot.New()
		p.Y.Min = 0
		drawn, err := bar(p, set, c.item, c.name, c.metric, c.scale)
		if err != nil {
			return err
		}
		if drawn == 0 {
			continue
		}
		if err := save(p, filepath.Join(dir, c.file+".svg"), c.title); err != nil {
			return err
		}
	}
	return nil
}

func inOne(n int) string { return measure.Crowd(n, measure.OneProcess) }

func inMany(n int) string { return measure.Crowd(n, measure.ManyProcess) }

// order is that of the legend.
var order = []string{
	contestant.Ours, contestant.Strict, contestant.Before, contestant.Rueidislock, contestant.Redsync, contestant.Redislock,
	contestant.Python, contestant.Floor, contestant.Redisson, contestant.RedisSemaphore, contestant.ZSet,
}

// lines draws a line for each contestant, with the range of its rounds, and says how many.
func lines(p *plot.Plot, set *figure.Set, item int, m figure.Metric, scale float64, points []int,
	name func(int) string,
) int {
	drawn := 0
	var ticks plot.ConstantTicks
	for _, n := range points {
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: strconv.Itoa(n)})
	}
	p.X.Tick.Marker = ticks
	for _, c := range order {
		var series plotter.XYs
		var ranges plotter.YErrors
		for _, n := range points {
			f := set.Find(item, name(n), m.Name, c)
			if f == nil || f.Median() <= 0 {
				continue
			}
			y := f.Median() * scale
			series = append(series, plotter.XY{X: float64(n), Y: y})
			ranges = append(ranges, struct{ Low, High float64 }{
				y - slices.Min(f.Rounds)*scale, slices.Max(f.Rounds)*scale - y,
			})
		}
		if len(series) < 2 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(series)
		if err != nil {
			continue // it has no points that could be drawn
		}
		whiskers, err := plotter.NewYErrorBars(struct {
			plotter.XYer
			plotter.YErrorer
		}{series, ranges})
		if err != nil {
			continue
		}
		line.Color, dots.Color, whiskers.Color = colors[c], colors[c], colors[c]
		line.Width, dots.Shape, dots.Radius = 1.4, draw.CircleGlyph{}, 2
		if c == contestant.Ours {
			line.Width, dots.Radius = 2.4, 3
		}
		p.Add(line, dots, whiskers)
		p.Legend.Add(c, line, dots)
		drawn++
	}
	return drawn
}

// bar draws a bar for each contestant, the best one first, and says how many.
func bar(p *plot.Plot, set *figure.Set, item int, name string, m figure.Metric, scale float64) (int, error) {
	var found []*figure.Figure
	for _, c := range order {
		if f := set.Find(item, name, m.Name, c); f != nil {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b *figure.Figure) int {
		if m.Better == figure.Higher {
			a, b = b, a
		}
		return cmp.Compare(a.Median(), b.Median())
	})
	var names []string
	for i, f := range found {
		b, err := plotter.NewBarChart(plotter.Values{f.Median() * scale}, 1.2*vg.Centimeter)
		if err != nil {
			return 0, err
		}
		b.XMin, b.Color, b.LineStyle.Width = float64(i), colors[f.Contestant], 0
		p.Add(b)
		names = append(names, f.Contestant)
	}
	if len(names) > 0 {
		p.NominalX(names...)
		p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4
	}
	return len(names), nil
}

// powers are ticks at 1, 2, 5, 10 and so on.
type powers struct{}

func (powers) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for exponent := -6; exponent < 12; exponent++ {
		for _, n := range []float64{1, 2, 5} {
			if v := n * math.Pow10(exponent); v >= low*0.999 && v <= high*1.001 {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
			}
		}
	}
	return ticks
}

// save writes a plot on a white ground, so that it can be read on a dark page too.
func save(p *plot.Plot, path, title string) error {
	for _, text := range []*plot.Axis{&p.X, &p.Y} {
		text.Label.TextStyle.Font, text.Tick.Label.Font = sans(10), sans(9)
	}
	p.Title.TextStyle.Font, p.Legend.TextStyle.Font = sans(12), sans(9)
	p.Title.Text, p.Title.Padding = title, 2*vg.Millimeter
	p.BackgroundColor = color.White
	p.Legend.Left = true
	p.Legend.XOffs, p.Legend.YOffs = 3*vg.Millimeter, 2*vg.Millimeter
	p.Add(plotter.NewGrid())
	p.X.Padding, p.Y.Padding = 0, 0
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}
