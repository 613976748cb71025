// Package measure is the items of the benchmark: each makes figures, by turns of all contestants.
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
	"github.com/zferentz/go-redilock/luatest/bench/crew"
	"github.com/zferentz/go-redilock/luatest/bench/figure"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// Run is one run of the benchmark.
type Run struct {
	Set         figure.Set
	Contestants []*contestant.Contestant // those that are there, and take part in the item
	Quick       bool
	Turns       bool     // only what the bars of turns need: see TurnItems
	Rounds      int      // instead of each item's own number, where it is not 0
	Problems    []string // what went wrong on the way, such as an error of a contestant

	all      []*contestant.Contestant
	server   *server.Server
	rdb      *redis.Client
	shared   *crew.Shared
	progress io.Writer
	label    string
}

// Item is one of the things that are measured.
type Item struct {
	Number    int
	Name      string // of --only
	Title     string
	Primitive contestant.Primitive
	Measure   func(ctx context.Context, r *Run) error
	also      []string // contestants that take part in this item and not in all
}

// seldom are the contestants that take part where an item names them. Turns only show where calls of one process wait for
// each other, and the revision before them is for comparing hand-offs.
var seldom = []string{contestant.Strict, contestant.Before}

// TurnItems are the items that the bars of turns are about.
var TurnItems = []string{"uncontended", "contended", "server", "sections", "lone"}

// Items lists all of them in the order in which they run.
func Items() []Item {
	const mutex = contestant.Mutex
	strict := []string{contestant.Strict}
	return []Item{
		{1, "uncontended", "Uncontended lock and unlock", mutex, uncontended, nil},
		{2, "contended", "Many workers, one name", mutex, contended, seldom},
		{3, "handoff", "Hand-off: Unlock to running, one waiter", mutex, handoff, nil},
		{4, "death", "The holder dies: end of the lease to the next one running", mutex, death, nil},
		{5, "holding", "Locks that are held and extended automatically", mutex, holding, nil},
		{6, "server", "What a step costs the server", mutex, serverCost, nil},
		{7, "growth", "Growth with what waits and with the names (ours)", mutex, growth, nil},
		{8, "sections", "Turns: how long the lock is held (ours)", mutex, sections, strict},
		{9, "lone", "Turns: a lone waiter against 64 in another process (ours)", mutex, lone, strict},
		{10, "semaphore", "Semaphores: permits on one name", contestant.Semaphore, semaphore, nil},
		{11, "rwlock", "Locks of readers and writers", contestant.RWLock, rwlock, nil},
	}
}

// New makes a run on a server, with shared memory in a folder.
func New(s *server.Server, contestants []*contestant.Contestant, dir string, progress io.Writer) (*Run, error) {
	shared, err := crew.NewShared(dir)
	if err != nil {
		return nil, err
	}
	return &Run{
		all: contestants, server: s, rdb: redis.NewClient(s.RedisOptions()), shared: shared, progress: progress,
	}, nil
}

// Close gives back what New took.
func (r *Run) Close() error {
	err := r.shared.Close()
	return errors.Join(err, r.rdb.Close())
}

// Do measures an item.
func (r *Run) Do(ctx context.Context, item Item) error {
	r.label = item.Name
	r.Contestants = slices.DeleteFunc(slices.Clone(r.all), func(c *contestant.Contestant) bool {
		return c.Primitive != item.Primitive || slices.Contains(seldom, c.Name) && !slices.Contains(item.also, c.Name) ||
			r.Turns && c.Name == contestant.Floor
	})
	if err := item.Measure(ctx, r); err != nil {
		return fmt.Errorf("%s: %w", item.Name, err)
	}
	return nil
}

// failed notes that a contestant could not do a part. The others go on without it; only the end of the run is an error.
func (r *Run) failed(ctx context.Context, c *contestant.Contestant, what string, err error) error {
	if err == nil || ctx.Err() != nil || c.Name == contestant.Ours || c.Name == contestant.Strict {
		return err
	}
	r.Problems = append(r.Problems, fmt.Sprintf("%s, %s, %s: %v", r.label, c.Name, what, err))
	return nil
}

// rounds are the item's own number, or what the run has instead.
func (r *Run) rounds(own int) int {
	switch {
	case r.Rounds > 0:
		return r.Rounds
	case r.Quick:
		return 1
	}
	return own
}

// named gives one of those that are there, nil if it is missing.
func (r *Run) named(p contestant.Primitive, name string) *contestant.Contestant {
	i := slices.IndexFunc(r.all, func(c *contestant.Contestant) bool { return c.Primitive == p && c.Name == name })
	if i < 0 {
		return nil
	}
	return r.all[i]
}

// say tells how far the run is.
func (r *Run) say(format string, args ...any) {
	fmt.Fprintf(r.progress, "%s  %-12s %s\n", time.Now().Format(time.TimeOnly), r.label, fmt.Sprintf(format, args...))
}

// clean empties the server, so that no case pays for another's keys.
func (r *Run) clean(ctx context.Context) error { return r.rdb.FlushAll(ctx).Err() }

// retry is how long those that poll wait between attempts: 1 ms, so that they are quick to find a lock that is free;
// more when there are so many of them that the server would do nothing else than answer them.
func retry(workers int) time.Duration {
	return min(max(time.Millisecond, time.Duration(workers)*100*time.Microsecond), 150*time.Millisecond)
}

// ttl is long enough for any wait of a crew: no lease ends in the middle of a measurement.
const ttl = 30 * time.Second

// task has what all tasks have in common.
func (r *Run) task(kind crew.Kind, workers int) crew.Task {
	warmup, drain := 200*time.Millisecond, 10*time.Second
	if r.Quick {
		warmup, drain = 50*time.Millisecond, time.Second
	}
	return crew.Task{
		Kind: kind, Addr: r.server.Addr(), Name: "bench", Workers: workers, TTL: ttl, Retry: retry(workers),
		Warmup: warmup, Drain: drain,
	}
}

// perform runs a task and gives the workers' report, that of the lone one if the task has one, with what it cost the server
// in the window.
func (r *Run) perform(ctx context.Context, c *contestant.Contestant, task crew.Task, processes int,
) (crew.Report, Cost, error) {
	var cost Cost
	if !r.Quick {
		task.Warmup += c.Warmup
	}
	if err := r.clean(ctx); err != nil {
		return crew.Report{}, cost, err
	}
	gang, err := crew.Gather(ctx, c, task, processes, r.shared)
	if err != nil {
		return crew.Report{}, cost, err
	}
	defer func() { _ = gang.Stop() }()
	if err := gang.Go(); err != nil {
		return crew.Report{}, cost, err
	}
	time.Sleep(task.Warmup)
	before, err := r.stats(ctx)
	if err != nil {
		return crew.Report{}, cost, err
	}
	time.Sleep(task.Window)
	after, err := r.stats(ctx)
	if err != nil {
		return crew.Report{}, cost, err
	}
	reports, err := gang.Reports()
	if err != nil {
		return crew.Report{}, cost, err
	}
	report := crew.Merge(reports)
	if report.Errors > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%s, %s, %d workers: %d errors, the first one: %s",
			r.label, c.Name, task.Workers, report.Errors, report.Error))
	}
	if task.Lone {
		report = reports[0]
	}
	return report, after.since(before), nil
}
