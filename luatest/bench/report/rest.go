package report

import (
	"fmt"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
)

// rest adds the bars of the items 4 to 7.
func (b *bars) rest() {
	b.value("a dead holder: lease's end to the next running, p50", 10e-3, 4, measure.Killed, measure.DeathP50)
	b.value("a dead holder: lease's end to the next running, max", 10e-3, 4, measure.Killed, measure.DeathMax)
	most := measure.Held(measure.Holdings[len(measure.Holdings)-1])
	b.value(most+" held: heap and stacks each", 1024, 5, most, measure.HoldHeap)
	b.value(most+" held: CPU of the process", 100, 5, most, measure.HoldCPU)
	b.ratio("server CPU a pair ÷ redislock's", 1.3, true, 6, measure.Pair, measure.StepCPU, contestant.Redislock)
	b.ratio("server time in commands a pair ÷ redislock's", 1.3, true, 6, measure.Pair, measure.StepSpent,
		contestant.Redislock)
	growth(b, measure.Queue, measure.QueueLengths, measure.GrowthSpent)
	growth(b, measure.Queue, measure.QueueLengths, measure.GrowthLatency)
	growth(b, measure.Line, measure.QueueLengths, measure.GrowthTurn)
	growth(b, measure.Names, measure.NameCounts, measure.GrowthSpent)
	growth(b, measure.Names, measure.NameCounts, measure.GrowthLatency)
}

// growth compares the last point that was measured with the first.
func growth(b *bars, name func(int) string, points []int, m figure.Metric) {
	first := b.set.Find(7, name(points[0]), m.Name, contestant.Ours)
	for i := len(points) - 1; i > 0 && first != nil; i-- {
		last := b.set.Find(7, name(points[i]), m.Name, contestant.Ours)
		if r := figure.Ratio(last, first); r != nil {
			text := fmt.Sprintf("%s ÷ with %d: %s", name(points[i]), points[0], m.Name)
			b.list = append(b.list, Bar{
				Text: text, Wanted: 1.2, AtMost: true, Got: r.Median(), Spread: r.Spread(), Unit: figure.Times,
			})
			return
		}
	}
}
