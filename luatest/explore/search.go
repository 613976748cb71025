package explore

import (
	"context"
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options says how far to go, and whom to tell.
type Options struct {
	Depth    int // actions in a row; 0: until there is no new state
	Workers  int // 0: one per processor
	Progress func(Progress)
}

// Progress is how far a search has come.
type Progress struct {
	World       string
	Depth       int // actions in a row that are being explored
	States      int // that were found on the levels before
	Frontier    int // states of this level
	Expanded    int // of them: every action was done from there
	Transitions int
	Elapsed     time.Duration
}

// Result is what a search found.
type Result struct {
	World       string
	States      int // that can be reached, up to the names of the clients
	Transitions int
	Depth       int  // actions in a row that were explored
	Closed      bool // there are no other states, however many actions are done
	MaxCalls    int  // commands of one script at the most
	Elapsed     time.Duration
	Violation   *Violation // nil if there is none
}

// Figures says how much was gone through.
func (r Result) Figures() string {
	orders := fmt.Sprintf("every order of %d actions", r.Depth)
	if r.Closed {
		orders = "all states that there are"
	}
	return fmt.Sprintf("%d states, %d transitions, depth %d: %s; %d commands in one call at the most",
		r.States, r.Transitions, r.Depth, orders, r.MaxCalls)
}

// String is the world, the figures and the time.
func (r Result) String() string {
	return fmt.Sprintf("%s: %s, in %v", r.World, r.Figures(), r.Elapsed.Round(time.Millisecond))
}

// hash stands for a state. Two states of the same hash would count as one: with 128 bits and ten million states the
// odds are 1 to 10^24.
type hash [2]uint64

// node is a state that was found, and from which one.
type node struct {
	hash   hash
	parent uint32
}

// search is a breadth-first search, level by level: the workers only read what was found before, so the result does
// not depend on who is faster.
type search struct {
	world   World
	options Options
	seeds   [2]maphash.Seed
	first   []byte // the state that everything starts with, by the clients' own names
	visited map[hash]struct{}
	nodes   []node
	start   time.Time

	transitions atomic.Int64
	calls       atomic.Int64
}

// chunkSize is how many states a worker takes at once.
const chunkSize = 128

// frontier is the states of one level, one after the other.
type frontier struct {
	bytes []byte
	ends  []int
	nodes []uint32
}

func (f *frontier) add(state []byte, node uint32) {
	f.bytes = append(f.bytes, state...)
	f.ends = append(f.ends, len(f.bytes))
	f.nodes = append(f.nodes, node)
}

func (f *frontier) state(i int) []byte {
	from := 0
	if i > 0 {
		from = f.ends[i-1]
	}
	return f.bytes[from:f.ends[i]]
}

// found is what a worker got out of one chunk: new states, perhaps found by others as well, or a violation.
type found struct {
	states frontier // their nodes are those of their parents
	hashes []hash
	step   *Step // that went wrong; nil: none
	parent uint32
}

// Search explores a world. The error is of its first state or of the context; a violation is a result.
func Search(ctx context.Context, w World, o Options) (Result, error) {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	s := &search{
		world: w, options: o, visited: map[hash]struct{}{}, start: time.Now(),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	return s.run(ctx)
}

func (s *search) run(ctx context.Context) (Result, error) {
	workers := make([]Worker, s.options.Workers)
	for i := range workers {
		workers[i] = s.world.Worker()
		defer workers[i].Close()
	}
	var first []byte
	var err error
	if s.first, first, err = workers[0].First(); err != nil {
		return Result{}, err
	}
	level := &frontier{}
	s.add(level, first, s.hash(first), 0)
	result := Result{World: s.world.Name()}
	for ; len(level.ends) > 0; result.Depth++ {
		if limit := s.options.Depth; limit > 0 && result.Depth == limit {
			break
		}
		all, err := s.expand(ctx, workers, level, result.Depth)
		if err != nil {
			return Result{}, err
		}
		level = &frontier{}
		for i := range all {
			if all[i].step != nil {
				result.Depth++
				result.Violation = s.violation(workers[0], all[i].parent, all[i].step)
				return s.finish(result), nil
			}
			for k, h := range all[i].hashes {
				if _, ok := s.visited[h]; !ok {
					s.add(level, all[i].states.state(k), h, all[i].states.nodes[k])
				}
			}
			all[i] = found{}
		}
	}
	result.Closed = len(level.ends) == 0
	return s.finish(result), nil
}

func (s *search) finish(r Result) Result {
	r.States, r.Transitions, r.MaxCalls = len(s.nodes), int(s.transitions.Load()), int(s.calls.Load())
	r.Elapsed = time.Since(s.start)
	return r
}

func (s *search) add(level *frontier, state []byte, h hash, parent uint32) {
	s.visited[h] = struct{}{}
	level.add(state, uint32(len(s.nodes)))
	s.nodes = append(s.nodes, node{h, parent})
}

func (s *search) hash(state []byte) hash {
	return hash{maphash.Bytes(s.seeds[0], state), maphash.Bytes(s.seeds[1], state)}
}

// expand does every action from every state of a level. What it gives is in the order of the states. After a violation
// the states behind it are not looked at.
func (s *search) expand(ctx context.Context, workers []Worker, level *frontier, depth int) ([]found, error) {
	chunks := (len(level.ends) + chunkSize - 1) / chunkSize
	all := make([]found, chunks)
	var next, stop atomic.Int64
	stop.Store(int64(chunks))
	var group sync.WaitGroup
	for _, w := range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				chunk := next.Add(1) - 1
				if chunk >= stop.Load() {
					return
				}
				from := int(chunk) * chunkSize
				all[chunk] = s.expandChunk(w, level, from, min(from+chunkSize, len(level.ends)))
				if all[chunk].step != nil {
					lower(&stop, chunk)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return all, ctx.Err()
		case <-ticker.C:
			if s.options.Progress != nil {
				s.options.Progress(Progress{
					World: s.world.Name(), Depth: depth + 1, States: len(s.nodes), Frontier: len(level.ends),
					Expanded:    min(int(next.Load())*chunkSize, len(level.ends)),
					Transitions: int(s.transitions.Load()), Elapsed: time.Since(s.start),
				})
			}
		}
	}
}

const progressInterval = 2 * time.Second

// lower makes a number smaller, if it is larger.
func lower(n *atomic.Int64, to int64) {
	for {
		old := n.Load()
		if old <= to || n.CompareAndSwap(old, to) {
			return
		}
	}
}

func (s *search) expandChunk(w Worker, level *frontier, from, to int) found {
	var out found
	mine := map[hash]struct{}{}
	transitions, calls := int64(0), 0
	for i := from; i < to && out.step == nil; i++ {
		w.Explore(level.state(i), func(t *Step) bool {
			transitions++
			calls = max(calls, t.Calls)
			if t.Fault != nil {
				out.step, out.parent = t, level.nodes[i]
				return false
			}
			h := s.hash(t.State)
			if _, ok := s.visited[h]; ok {
				return true
			}
			if _, ok := mine[h]; ok {
				return true
			}
			mine[h] = struct{}{}
			out.states.add(t.State, level.nodes[i])
			out.hashes = append(out.hashes, h)
			return true
		})
	}
	s.transitions.Add(transitions)
	for old := s.calls.Load(); int64(calls) > old && !s.calls.CompareAndSwap(old, int64(calls)); old = s.calls.Load() {
	}
	return out
}
