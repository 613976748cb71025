package crew

import (
	"context"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// glance is how often a worker looks at the shared memory. It looks before and after a hand-off, not during one.
const glance = 200 * time.Microsecond

// baton passes one lock between two workers, of one process or of two: each unlocks only when the other has begun to
// wait and has had time to get as far as it goes. The waits of the report are from the call of Unlock to the other's
// return from Lock.
func (w *worker) baton() {
	win := w.window()
	ctx, cancel := context.WithDeadline(context.Background(), win.end.Add(w.task.Drain))
	defer cancel()
	var workers sync.WaitGroup
	for i := range w.task.Workers {
		workers.Go(func() { w.runner(ctx, int64(w.task.First+i+1), win) })
	}
	workers.Wait()
}

func (w *worker) runner(ctx context.Context, id int64, win window) {
	s := w.shared
	for turn := int64(0); time.Now().Before(win.end); {
		s.Waiting[id].Store(1)
		l, err := w.client.Lock(ctx, w.task.Name)
		got := time.Now()
		s.Waiting[id].Store(0)
		if err != nil {
			if ctx.Err() == nil {
				w.fail(err)
				continue
			}
			return
		}
		if unlocked := s.Unlocked.Load(); unlocked != 0 && s.Turn.Load() != turn && got.After(win.start) {
			w.mu.Lock()
			w.report.Waits.Add(time.Duration(got.UnixNano() - unlocked))
			w.mu.Unlock()
		}
		s.Unlocked.Store(0)
		turn = s.Turn.Add(1)
		until(win.end, func() bool { return s.Waiting[3-id].Load() == 1 })
		time.Sleep(w.task.Pause)
		if !w.unlock(ctx, l) {
			return
		}
		until(win.end, func() bool { return s.Turn.Load() != turn })
	}
}

func (w *worker) unlock(ctx context.Context, l contestant.Lock) bool {
	w.shared.Unlocked.Store(time.Now().UnixNano())
	if err := l.Unlock(ctx); err != nil {
		w.fail(err)
		return false
	}
	return true
}

// until looks until something is so, or time is up.
func until(end time.Time, is func() bool) {
	for !is() && time.Now().Before(end) {
		time.Sleep(glance)
	}
}

// ping measures what a round trip costs on go-redis: first with the pauses that hand-offs are measured with, because a
// processor that was idle is slower to wake (in Waits); then one after the other (in Pairs).
func (w *worker) ping() {
	rdb := contestant.GoRedis(w.task.Addr)
	defer rdb.Close()
	win := w.window()
	ctx := context.Background()
	half := win.start.Add(w.task.Window / 2)
	for now := time.Now(); now.Before(win.end); {
		pauses := now.Before(half)
		if pauses {
			time.Sleep(w.task.Pause)
		}
		sent := time.Now()
		if err := rdb.Ping(ctx).Err(); err != nil {
			w.fail(err)
			return
		}
		now = time.Now()
		switch took := now.Sub(sent); {
		case now.Before(win.start):
		case pauses:
			w.report.Waits.Add(took)
		default:
			w.report.Pairs.Add(took)
		}
	}
}
