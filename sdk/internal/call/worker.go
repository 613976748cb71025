package call

import (
	"sync"
	"time"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// idleFor is how long a worker that has nothing to send stays, at the least.
const idleFor = 100 * time.Millisecond

// workers send calls whose callers may return before the answer. One that has nothing to do waits a little for the next
// call: a new goroutine for each would grow its stack anew.
type workers struct {
	mu    sync.Mutex
	idle  []*worker // the last to become idle is the next to work
	timer *time.Timer
	armed bool
	ended bool // nobody stays
}

type worker struct {
	jobs  chan job
	since time.Time // idle since; guarded by workers.mu
}

// scratch is what a worker uses again and again.
type scratch struct {
	batch []*ticket
	calls []scripts.Sendable
}

// give lets a worker do a job.
func (p *workers) give(j job) {
	p.mu.Lock()
	if last := len(p.idle) - 1; last >= 0 {
		w := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		w.jobs <- j
		return
	}
	p.mu.Unlock()
	go p.work(&worker{jobs: make(chan job, 1)}, j)
}

func (p *workers) work(w *worker, j job) {
	var scratch scratch
	for more := true; more; {
		j.do(&scratch)
		if !p.rest(w) {
			return
		}
		j, more = <-w.jobs
	}
}

// rest makes a worker idle. It reports false if it is not to stay.
func (p *workers) rest(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	w.since = time.Now()
	p.idle = append(p.idle, w)
	p.arm()
	return true
}

// end ends the workers that are idle, and lets no other stay. Those to come make one call.
func (p *workers) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, w := range p.idle {
		close(w.jobs)
	}
	p.idle = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}

// arm sets the timer that ends idle workers. It is called with p.mu held.
func (p *workers) arm() {
	if p.armed || len(p.idle) == 0 {
		return
	}
	p.armed = true
	if p.timer == nil {
		p.timer = time.AfterFunc(idleFor, p.dismiss)
		return
	}
	p.timer.Reset(idleFor)
}

// dismiss ends the workers that have been idle for long: the first of the list.
func (p *workers) dismiss() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	now, n := time.Now(), 0
	for n < len(p.idle) && now.Sub(p.idle[n].since) >= idleFor {
		close(p.idle[n].jobs)
		n++
	}
	rest := copy(p.idle, p.idle[n:])
	clear(p.idle[rest:])
	p.idle = p.idle[:rest]
	p.arm()
}
