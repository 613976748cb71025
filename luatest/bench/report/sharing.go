package report

import (
	"fmt"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/bench/measure"
)

// semaphores adds the bars of the items 10 and 11: ours is ahead of each of the others in each figure.
func (b *bars) semaphores() {
	const item = 10
	for _, peer := range []string{contestant.Redisson, contestant.RedisSemaphore, contestant.ZSet} {
		b.ahead(item, "semaphore", measure.OneWorker, peer, measure.Pairs)
		for _, processes := range []string{measure.OneProcess, measure.ManyProcess} {
			b.ahead(item, "semaphore", measure.Permits(processes), peer, measure.HandOffs, measure.WaitP99)
		}
	}
	b.value("semaphore, "+measure.KilledHolders+": permits lost", 0, item, measure.KilledHolders, measure.PermitsLost)
	b.sum("semaphore: times that more than the limit were in", 10)
	for _, name := range []string{measure.OneReader, measure.OneWriter} {
		b.ahead(11, "rw lock", name, contestant.Redisson, measure.Pairs)
	}
	for _, processes := range []string{measure.OneProcess, measure.ManyProcess} {
		b.ahead(11, "rw lock", measure.Both(processes), contestant.Redisson, measure.HandOffs, measure.Reads, measure.Writes,
			measure.ReadWaitP99, measure.WriteWaitP99)
	}
	b.sum("rw lock: times that a writer was not alone", 11)
}

// ahead wants ours to be no worse than a peer.
func (b *bars) ahead(item int, what, name, peer string, metrics ...figure.Metric) {
	for _, m := range metrics {
		text := fmt.Sprintf("%s, %s: %s ÷ %s", what, name, m.Name, peer)
		b.ratio(text, 1, m.Better == figure.Lower, item, name, m, peer)
	}
}

// sum wants that ours never let in more than there was room for, in any round.
func (b *bars) sum(text string, item int) {
	bar := Bar{Text: text, AtMost: true, Unit: figure.Number}
	measured := false
	for _, f := range b.set.Figures {
		if f.Item == item && f.Metric.Name == measure.OverLimit.Name && f.Contestant == contestant.Ours {
			measured = true
			for _, v := range f.Rounds {
				bar.Got += v
			}
		}
	}
	if measured {
		b.list = append(b.list, bar)
	}
}
