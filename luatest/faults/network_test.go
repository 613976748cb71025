package faults

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// networkRows are what networks do: they lose replies, delay them, deliver twice, break, and go silent.
func networkRows() []row {
	var rows []row
	scripts := []struct{ name, sha string }{
		{"acquire", mutexv1.AcquireSHA1}, {"extend", mutexv1.ExtendSHA1}, {"release", mutexv1.ReleaseSHA1},
	}
	for _, f := range []struct {
		name, promise string
		fate          proxy.Fate
	}{
		{"lost", "the call is repeated: no orphan, no false \"held\"", proxy.Fate{Drop: true}},
		{"late", "a reply that comes after the lease is no grant", proxy.Fate{Delay: lateTTL + 100*time.Millisecond}},
		{"doubled", "a call that runs twice does what it does once", proxy.Fate{Twice: true}},
	} {
		for _, s := range scripts {
			rows = append(rows, row{
				name: "reply-" + f.name + "-" + s.name, promise: f.promise, must: bitten,
				run: func(w *rig) { repliesOf(w, s.sha, f.fate) },
			})
		}
	}
	return append(rows,
		row{
			name: "publish-lost", must: bitten, run: publishLost,
			promise: "costs a third of a presence at the most; one poll if the waiter knew that it was next",
		},
		row{
			name: "subscriber-cut", promise: "costs one poll", must: bitten, run: subscriberCut,
		},
		row{
			name: "black-hole-one", promise: "the others go on within one lease; it does when it hears again",
			must: bitten, run: func(w *rig) { blackHole(w, 1) },
		},
		row{
			name: "black-hole-all", promise: "all go on when the network does", must: bitten,
			run: func(w *rig) { blackHole(w, 3) },
		},
	)
}

// bitten fails a run in which the fault was never done.
func bitten(v *verdict) error {
	if v.faults == 0 {
		return errors.New("the fault was never done: nothing is proven")
	}
	return nil
}

// lateTTL is the lease where replies are held back for longer.
const lateTTL = 300 * time.Millisecond

// dice is a source of chance for several goroutines.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (d *dice) one(in int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(in) == 0
}

func (d *dice) upTo(most time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return upTo(d.rand, most)
}

// repliesOf does something to one in five of the replies to a script.
func repliesOf(w *rig, sha string, fate proxy.Fate) {
	s := w.server()
	w.rights(s)
	d := &dice{rand: w.rand}
	var proxies []*proxy.Proxy
	for range 3 {
		p := w.behind(s.Addr())
		proxies = append(proxies, p)
		j := w.job(p.Addr())
		j.Extend, j.Try, j.TTL = true, true, lateTTL
		w.spawn(1, j)
	}
	w.settle()
	for _, p := range proxies {
		p.Decide(func(command []string) proxy.Fate {
			if len(command) < 2 || !strings.EqualFold(command[0], "evalsha") || command[1] != sha || !d.one(5) {
				return proxy.Fate{}
			}
			w.strike("a reply", nil)
			return fate
		})
	}
	w.run(time.Duration(w.times(1500, 3000)) * time.Millisecond)
	for _, p := range proxies {
		p.Decide(nil)
	}
	w.recovered(now(), lateTTL+poll)
}

func publishLost(w *rig) {
	s := w.server()
	w.rights(s)
	p := w.behind(s.Addr())
	j := w.job(p.Addr())
	j.Callers = 1 // a hand-off between callers of one process needs no message
	j.TTL = 10 * lease
	w.spawn(3, j)
	w.settle()
	p.Mute(true)
	for range w.times(12, 30) {
		lost, at := p.Lost(), now()
		w.granted(at, presence/3)
		if p.Lost() > lost {
			w.journal.add(event{At: at, What: struck, Text: "a message"})
		}
	}
	p.Mute(false)
	w.recovered(now(), poll)
}

func subscriberCut(w *rig) {
	s := w.server()
	rdb := w.rights(s)
	j := w.job(s.Addr())
	j.Callers = 1
	j.TTL = 10 * lease
	w.spawn(4, j)
	w.settle()
	for range w.times(40, 100) {
		cut, err := rdb.ClientKillByFilter(w.Context(), "TYPE", "pubsub").Result()
		w.must(err)
		if cut > 0 { // a subscription that is being opened anew cannot be cut
			w.granted(w.strike("subscriptions", nil), poll)
		}
		time.Sleep(upTo(w.rand, 20*time.Millisecond))
	}
	w.recovered(now(), poll)
}

// blackHole cuts so many of three workers off, without a word, for longer than a lease.
func blackHole(w *rig, cut int) {
	s := w.server()
	w.rights(s)
	var proxies []*proxy.Proxy
	for range 3 {
		p := w.behind(s.Addr())
		proxies = append(proxies, p)
		j := w.job(p.Addr())
		j.Auto = true
		w.spawn(1, j)
	}
	w.settle()
	for range w.times(2, 4) {
		at := w.strike("cut off", func() error {
			for _, p := range proxies[:cut] {
				p.Silence(true)
			}
			return nil
		})
		if cut < len(proxies) {
			w.granted(at, lease+poll)
		}
		w.run(lease + upTo(w.rand, lease))
		for _, p := range proxies[:cut] {
			p.Silence(false)
		}
		w.recovered(now(), lease+poll+readTimeout)
	}
}

// readTimeout is go-redis' own: a connection that was silent is given up after it.
const readTimeout = 3 * time.Second
