package redilock_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// disturbed is a hook that does something to the first pipeline in which calls of Acquire ask together.
type disturbed struct {
	acquire atomic.Value  // the SHA1 of the first script that was called
	met     atomic.Int64  // how many of these pipelines there were
	before  time.Duration // that the questions are on their way
	never   bool          // they do not arrive
	room    func()        // called after the first question
	after   time.Duration // that the answers are on their way
	lost    bool          // they do not arrive
}

func (h *disturbed) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *disturbed) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			h.acquire.CompareAndSwap(nil, cmd.Args()[1])
			time.Sleep(200 * time.Microsecond)
		}
		return next(ctx, cmd)
	}
}

func (h *disturbed) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() != "evalsha" || cmd.Args()[1] != h.acquire.Load() {
				return next(ctx, cmds)
			}
		}
		if h.met.Add(1) > 1 {
			return next(ctx, cmds)
		}
		time.Sleep(h.before)
		var err error
		if h.never {
			h.room()
		} else {
			err = next(ctx, cmds[:1])
			h.room()
			err = errors.Join(err, next(ctx, cmds[1:]))
		}
		time.Sleep(h.after)
		if !h.lost {
			return err
		}
		for _, cmd := range cmds {
			cmd.SetErr(io.EOF)
		}
		return io.EOF
	}
}

// TestSemaphoreBurstAnswers: calls ask together, and their answers are lost, or come when nobody waits for them any more;
// the callers wait on, or give up. All who wait are served soon, never more at once than there are permits, no two by one
// grant; and nothing is left at the server long before the leases end.
func TestSemaphoreBurstAnswers(t *testing.T) {
	const late = onePresence + time.Second
	for name, h := range map[string]*disturbed{
		"in time":                 {},
		"lost on the way there":   {never: true, lost: true},
		"lost on the way back":    {lost: true},
		"lost after long":         {after: late, lost: true},
		"late answers":            {after: late},
		"late questions":          {before: late},
		"late questions, lost":    {before: late, lost: true},
		"very late questions":     {before: 3 * late},
		"never, and long silence": {before: 3 * late, never: true, lost: true},
	} {
		for patience, wait := range map[string]time.Duration{
			"wait": time.Hour, "give up": time.Second, "give up late": onePresence + 500*time.Millisecond,
		} {
			for room, taken := range map[string]int64{"room": 0, "room from the second on": 3} {
				t.Run(strings.Join([]string{name, patience, room}, "/"), func(t *testing.T) {
					bubble(t, func(w *world) {
						w.burst(&disturbed{before: h.before, never: h.never, after: h.after, lost: h.lost}, wait, taken)
					})
				})
			}
		}
	}
}

// burst lets calls ask together. Another client has taken so many permits, and gives them back after the first question.
func (w *world) burst(h *disturbed, wait time.Duration, taken int64) {
	const limit, callers, ttl = 4, 12, 24 * time.Hour
	observer := w.client()
	if h.room = func() {}; taken > 0 {
		l := w.acquire(observer.Semaphore("x", limit, ttl), taken)
		h.room = func() { w.must(l.Unlock(w.ctx)) }
	}
	rdb := w.redis()
	rdb.AddHook(h)
	c, err := redilock.New(rdb)
	w.must(err)
	s := c.Semaphore("x", limit, ttl, redilock.WithWait(wait))

	got := make(chan *redilock.Lock)
	go func() { got <- w.acquire(c.Semaphore("x", limit, ttl), 1) }()
	time.Sleep(100 * time.Microsecond) // the question of the first is under way: the others stand behind it
	var held, most atomic.Int64
	var fences sync.Map
	var all sync.WaitGroup
	start := time.Now()
	for range callers {
		all.Go(func() {
			l, err := s.Acquire(w.ctx, 1)
			if wait < time.Hour && errors.Is(err, redilock.ErrWaitTimeout) {
				return
			}
			w.must(err)
			if _, twice := fences.LoadOrStore(l.Fence(), true); twice {
				w.Error("two have one fence")
			}
			now := held.Add(1)
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			time.Sleep(10 * time.Millisecond)
			held.Add(-1)
			w.must(l.Unlock(w.ctx))
		})
	}
	first := <-got // and keeps its permit: the others have to do with what there is besides
	all.Wait()
	if took := time.Since(start); took > time.Minute {
		w.Errorf("they were served within %v", took)
	}
	if h.met.Load() == 0 {
		w.Error("nobody asked together")
	}
	if most.Load() > limit-1 {
		w.Errorf("%d held permits at once beside the first, of %d", most.Load(), limit)
	}
	time.Sleep(time.Minute)
	if status, err := observer.InspectSemaphore(w.ctx, "x"); err != nil || status.Used != 1 || status.Queued != 0 {
		w.Errorf("at the server: %+v, %v; want the permit of the first", status, err)
	}
	w.must(first.Unlock(w.ctx))
	w.must(c.Close())
	w.left()
}
