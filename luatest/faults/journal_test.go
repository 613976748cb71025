package faults

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
)

// What can happen to a call of Lock, to a worker, and to the world.
const (
	called   = "called"   // a worker calls Lock or TryLock
	granted  = "granted"  // with Fence, and Until when it may believe so
	left     = "left"     // it has finished its work, with Until as it is by now, and calls Unlock
	unlocked = "unlocked" // Unlock returned nil
	failed   = "failed"   // a call ended with an error of the kind Err
	refused  = "refused"  // the store refused a write: the fence was stale
	killed   = "killed"   // a worker is dead
	paused   = "paused"   // a worker is about to stop its own process
	struck   = "struck"   // the fault was done
	stored   = "stored"   // the store accepted a write with Fence: in the order of the store
	orphan   = "orphan"   // something is left on the server that should not be
	stranded = "stranded" // a worker waits longer than it may
	back     = "back"     // the lock was granted again, Took after the fault
)

// event is one line of a journal.
type event struct {
	At    int64         `json:"at"`             // ns, on the clock that all processes share
	Who   int           `json:"who"`            // the worker; 0: the one that does the damage
	Call  int           `json:"call,omitempty"` // of that worker
	What  string        `json:"what"`
	Name  string        `json:"name,omitempty"` // of the lock
	Fence int64         `json:"fence,omitempty"`
	Until int64         `json:"until,omitempty"` // as At
	Took  time.Duration `json:"took,omitempty"`  // ns
	Err   string        `json:"err,omitempty"`
	Text  string        `json:"text,omitempty"`
}

// now reads the clock that all processes of the machine share, and that goes on while one of them sleeps.
func now() int64 { return int64(suspend.Boottime()) }

// journal is what happened in one run.
type journal struct {
	mu      sync.Mutex
	events  []event
	grants  map[int]int64 // when each worker last got a lock
	holder  int           // the worker that was the last to get a lock, 0 when it has let go
	total   int           // grants
	pauses  int           // events of that kind
	pauser  int           // who it was
	changed chan struct{} // closed, and made anew, with every such change
}

// refusals reports whether a call has ended with an error that is neither "held" nor the end of a context.
func (r *journal) refusals() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.events, func(e event) bool {
		return e.What == failed && !slices.Contains([]string{"held", "cancelled", "timeout"}, e.Err)
	})
}

func newJournal() *journal {
	return &journal{grants: map[int]int64{}, changed: make(chan struct{})}
}

func (r *journal) add(e event) {
	if e.At == 0 {
		e.At = now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	switch e.What {
	case granted:
		r.grants[e.Who] = e.At
		r.holder = e.Who
		r.total++
	case left:
		if r.holder == e.Who {
			r.holder = 0
		}
	case paused:
		r.pauses++
		r.pauser = e.Who
	case killed:
	default:
		return
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// await waits until is, which is called with r.mu held, holds; or until the bound has passed, and as much more as the
// machine stood still meanwhile.
func (r *journal) await(bound time.Duration, is func() bool) bool {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	stood := stalls.Load()
	for {
		r.mu.Lock()
		ok, changed := is(), r.changed
		r.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			more := stalls.Load() - stood
			if more == 0 {
				return false
			}
			stood += more
			timer.Reset(time.Duration(more))
		}
	}
}

// stalls sums up how long this process was not run although it should have been, in ns: what is measured then says
// something of the machine, not of the lock.
var stalls atomic.Int64

// feelPulse counts stalls for as long as the process lives.
func feelPulse() {
	const beat, normal = 5 * time.Millisecond, 20 * time.Millisecond
	last := now()
	for range time.Tick(beat) {
		at := now()
		if late := at - last - int64(beat); late > int64(normal) {
			stalls.Add(2 * late) // the workers are so many more processes
		}
		last = at
	}
}

// header is the first line of a journal on disk: how it came about, and what it is to be judged by.
type header struct {
	Row      string `json:"row"`
	Server   string `json:"server"`
	Seed     uint64 `json:"seed"`
	Declared bool   `json:"declared"`
	Error    string `json:"error"`
}

// save writes the journal, in the order of time.
func (r *journal) save(name string, h header) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := bufio.NewWriter(file)
	lines := json.NewEncoder(buffer)
	err = lines.Encode(h)
	for _, e := range r.sorted() {
		err = errors.Join(err, lines.Encode(e))
	}
	return errors.Join(err, buffer.Flush())
}

func (r *journal) sorted() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := slices.Clone(r.events)
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.At, b.At) })
	return events
}

// loadJournal reads what save wrote.
func loadJournal(name string) (header, []event, error) {
	file, err := os.Open(name)
	if err != nil {
		return header{}, nil, err
	}
	defer file.Close()
	lines := json.NewDecoder(bufio.NewReader(file))
	var h header
	if err := lines.Decode(&h); err != nil {
		return header{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	var events []event
	for {
		var e event
		err := lines.Decode(&e)
		if errors.Is(err, io.EOF) {
			return h, events, nil
		}
		if err != nil {
			return header{}, nil, fmt.Errorf("%s: %w", name, err)
		}
		events = append(events, e)
	}
}
