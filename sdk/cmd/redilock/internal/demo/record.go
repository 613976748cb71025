package demo

import (
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"
)

// phase is what a worker does.
type phase int

const (
	rests phase = iota
	waits
	holds
	done
)

// change is the moment a worker begins a phase.
type change struct {
	at    time.Duration // since the start
	phase phase
}

// lane is one worker's history.
type lane struct {
	name    string
	client  int
	changes []change
	turns   int
	fence   int64 // of the last grant
	longest time.Duration
}

// record is what happened, as the workers themselves saw it: it knows nothing of locks, so it can tell whether one works.
type record struct {
	mu      sync.Mutex
	start   time.Time
	rounds  int
	lanes   []lane
	inside  []int // who is inside now
	fences  []int64
	notes   []string // overlaps, and errors that workers met
	overlap int
	trouble int

	left     time.Duration // when the lock was last given back
	leftBy   int           // by whom; -1: never
	handoffs []handoff
	onEnter  func(grantInfo) // called with mu held
}

// handoff is one worker after another, of whom the second was waiting already.
type handoff struct {
	took    time.Duration
	between bool // two clients
}

// grantInfo is one turn's begin, for the plain lines.
type grantInfo struct {
	at, waited time.Duration
	worker     string
	fence      int64
	waiting    int
}

func newRecord(workers, clients, rounds int) *record {
	r := &record{start: time.Now(), rounds: rounds, leftBy: -1}
	for i := range workers {
		// Neighbours share a client.
		client := i * clients / workers
		number := i - (client*workers+clients-1)/clients + 1
		r.lanes = append(r.lanes, lane{name: fmt.Sprintf("%s%d", clientName(client), number), client: client})
	}
	return r
}

func (r *record) now() time.Duration { return time.Since(r.start) }

// set notes that a worker begins a phase. It is called with r.mu held.
func (r *record) set(worker int, p phase) time.Duration {
	at := r.now()
	r.lanes[worker].changes = append(r.lanes[worker].changes, change{at, p})
	return at
}

func (r *record) wait(worker int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(worker, waits)
}

// enter notes a grant. The worker calls it when it has the lock, and leave before it gives it back: two that are inside
// at once overlap for certain.
func (r *record) enter(worker int, fence int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.lanes[worker]
	since := l.since()
	at := r.set(worker, holds)
	for _, other := range r.inside {
		r.overlap++
		r.note("%s and %s were inside together at %s", r.lanes[other].name, l.name, clock(at))
	}
	r.inside = append(r.inside, worker)
	r.fences = append(r.fences, fence)
	l.fence = fence
	l.longest = max(l.longest, at-since)
	if r.leftBy >= 0 && since < r.left {
		r.handoffs = append(r.handoffs, handoff{at - r.left, r.lanes[r.leftBy].client != l.client})
	}
	if r.onEnter != nil {
		r.onEnter(grantInfo{at: at, waited: at - since, worker: l.name, fence: fence, waiting: r.count(waits)})
	}
}

func (r *record) leave(worker int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside = slices.DeleteFunc(r.inside, func(w int) bool { return w == worker })
	l := &r.lanes[worker]
	l.turns++
	next := rests
	if l.turns == r.rounds {
		next = done
	}
	r.left, r.leftBy = r.set(worker, next), worker
}

// fail notes that a worker met an error, and stops.
func (r *record) fail(worker int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble++
	r.note("%s at %s: %v", r.lanes[worker].name, clock(r.now()), err)
	r.set(worker, done)
}

// maxNotes bounds what is said of a lock that does not work at all.
const maxNotes = 5

func (r *record) note(format string, args ...any) {
	if len(r.notes) < maxNotes {
		r.notes = append(r.notes, fmt.Sprintf(format, args...))
	}
}

func (r *record) count(p phase) int {
	n := 0
	for i := range r.lanes {
		if r.lanes[i].last().phase == p {
			n++
		}
	}
	return n
}

func (l *lane) last() change {
	if len(l.changes) == 0 {
		return change{}
	}
	return l.changes[len(l.changes)-1]
}

func (l *lane) since() time.Duration { return l.last().at }

// at is what the worker did at a moment.
func (l *lane) at(t time.Duration) phase {
	i := sort.Search(len(l.changes), func(i int) bool { return l.changes[i].at > t })
	if i == 0 {
		return rests
	}
	return l.changes[i-1].phase
}

func clock(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
