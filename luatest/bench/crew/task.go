// Package crew runs a contestant's workers in processes of their own, from one gate to one report.
//
// Each worker process says "ready", starts at a line on its standard input, writes one report as JSON, and dies with
// whoever started it.
package crew

import (
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// Kind is what the workers of a task do.
type Kind string

// The kinds.
const (
	Turns Kind = "turns" // lock and unlock, again and again
	Baton Kind = "baton" // two workers: one waits until the other unlocks
	Hold  Kind = "hold"  // take locks and keep them, to be killed or to be weighed
	Await Kind = "await" // wait for locks that others hold, once each
	Fill  Kind = "fill"  // take and keep as many as there are to be had within the drain
	Ping  Kind = "ping"  // PING, as fast as it goes
)

// Task is the work of one process. Durations are in ns.
type Task struct {
	Primitive  contestant.Primitive `json:"primitive"`
	Contestant string               `json:"contestant"`
	Kind       Kind                 `json:"kind"`
	Addr       string               `json:"addr"`
	Host       string               `json:"host"`
	Port       int                  `json:"port"`
	Shared     string               `json:"shared"` // the file of the shared memory
	Name       string               `json:"name"`   // of the lock, or what the names begin with
	Same       bool                 `json:"same"`   // all workers want one name
	First      int                  `json:"first"`  // the first worker's number, from 0 on over all processes
	Workers    int                  `json:"workers"`
	Limit      int64                `json:"limit"`   // what may be in the section together; 0: one worker
	Writers    int                  `json:"writers"` // one of so many workers writes, the others read; 0: none does
	TTL        time.Duration        `json:"ttl"`
	Step       time.Duration        `json:"step"` // of Hold: between one lock and the next
	Retry      time.Duration        `json:"retry"`
	Pause      time.Duration        `json:"pause"`  // before each hand-off or PING
	Work       time.Duration        `json:"work"`   // of Turns: how long the lock is held
	Lone       bool                 `json:"lone"`   // of two processes the first has one worker, the second all others
	Warmup     time.Duration        `json:"warmup"` // not counted
	Window     time.Duration        `json:"window"`
	Drain      time.Duration        `json:"drain"` // how long those who wait when the window ends may still wait
	Auto       bool                 `json:"auto"`  // extend automatically
}

// Writes says whether a worker is a writer.
func (t *Task) Writes(worker int) bool { return t.Writers > 0 && worker%t.Writers == 0 }

// Report is what a process has measured.
type Report struct {
	Turns    []int64   `json:"turns"`   // in the window, by worker; of Fill: 1 of those that got in
	Waits    Histogram `json:"waits"`   // of Lock; those that began in the window, and ended then or in the drain
	Writes   Histogram `json:"writes"`  // of Lock, where there are readers: Waits are theirs then
	Pairs    Histogram `json:"pairs"`   // of Lock and Unlock
	Elapsed  float64   `json:"elapsed"` // s, of the window
	Overlaps int64     `json:"overlaps"`
	Errors   int64     `json:"errors"`
	Error    string    `json:"error,omitempty"` // the first one
	Mallocs  float64   `json:"mallocs"`         // in the window
	Bytes    float64   `json:"bytes"`           // allocated in the window; of Hold: more than before the locks
	RSS      float64   `json:"rss"`             // of Hold: bytes of the process, more than before the locks
	Routines int       `json:"routines"`        // of Hold: goroutines, more than before the locks
	CPU      float64   `json:"cpu"`             // s of user and system time in the window
	At       []int64   `json:"at"`              // of Await: when each lock was ours, in ns of the wall clock
}

// Merge makes one report of those of all processes.
func Merge(reports []Report) Report {
	sum := reports[0]
	sum.Waits, sum.Writes, sum.Pairs = Histogram{}, Histogram{}, Histogram{}
	sum.Turns, sum.At, sum.Error = nil, nil, ""
	sum.Elapsed, sum.Overlaps, sum.Errors, sum.Mallocs, sum.Bytes, sum.RSS, sum.Routines, sum.CPU = 0, 0, 0, 0, 0, 0, 0, 0
	for i := range reports {
		r := &reports[i]
		sum.Waits.Merge(&r.Waits)
		sum.Writes.Merge(&r.Writes)
		sum.Pairs.Merge(&r.Pairs)
		sum.Turns = append(sum.Turns, r.Turns...)
		sum.At = append(sum.At, r.At...)
		sum.Elapsed += r.Elapsed / float64(len(reports))
		sum.Overlaps += r.Overlaps
		sum.Errors += r.Errors
		sum.Mallocs += r.Mallocs
		sum.Bytes += r.Bytes
		sum.RSS += r.RSS
		sum.Routines += r.Routines
		sum.CPU += r.CPU
		if sum.Error == "" {
			sum.Error = r.Error
		}
	}
	return sum
}

// Count is how many turns there were in the window.
func (r *Report) Count() float64 {
	var n int64
	for _, t := range r.Turns {
		n += t
	}
	return float64(n)
}

// Rate is how many turns a second there were.
func (r *Report) Rate() float64 { return r.Count() / r.Elapsed }
