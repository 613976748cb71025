package crew

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// window is the time that counts.
type window struct{ start, end time.Time }

func (w *worker) window() window {
	start := time.Now().Add(w.task.Warmup)
	return window{start, start.Add(w.task.Window)}
}

// turns makes every worker lock and unlock until the window ends. A worker that waits then may still wait for the
// drain, so that the longest waits are not cut off; what is cut off counts with the time that it had waited.
func (w *worker) turns() {
	win := w.window()
	ctx, cancel := context.WithDeadline(context.Background(), win.end.Add(w.task.Drain))
	defer cancel()
	w.report.Turns = make([]int64, w.task.Workers)

	var before, after runtime.MemStats
	var used [2]usage
	var weighing sync.WaitGroup
	weighing.Go(func() {
		time.Sleep(time.Until(win.start))
		runtime.ReadMemStats(&before)
		used[0] = usageNow()
		time.Sleep(time.Until(win.end))
		used[1] = usageNow()
		runtime.ReadMemStats(&after)
	})
	var workers sync.WaitGroup
	for i := range w.task.Workers {
		workers.Go(func() { w.worker(ctx, i, win) })
	}
	weighing.Wait()
	workers.Wait()
	w.report.Elapsed = w.task.Window.Seconds()
	w.report.Mallocs = float64(after.Mallocs - before.Mallocs)
	w.report.Bytes = float64(after.TotalAlloc - before.TotalAlloc)
	w.report.CPU = used[1].cpu - used[0].cpu
}

func (w *worker) worker(ctx context.Context, i int, win window) {
	name, id, weight := w.name(i), int64(w.task.First+i+1), int64(1)
	waits, pairs := new(Histogram), new(Histogram)
	take, sum := w.client.Lock, &w.report.Waits
	switch reader, ok := w.client.(contestant.Reader); {
	case w.task.Writes(w.task.First + i):
		weight, sum = w.task.Limit, &w.report.Writes
	case ok:
		take = reader.RLock
	}
	for {
		began := time.Now()
		if began.After(win.end) {
			break
		}
		l, err := take(ctx, name)
		got := time.Now()
		if got.After(win.start) {
			waits.Add(got.Sub(began))
		}
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			w.fail(err)
			continue
		}
		counts := got.After(win.start) && got.Before(win.end)
		if counts {
			w.report.Turns[i]++
		}
		w.section(id, weight)
		err = l.Unlock(ctx)
		if err != nil && ctx.Err() == nil {
			w.fail(err)
		}
		if counts {
			pairs.Add(time.Since(began))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sum.Merge(waits)
	w.report.Pairs.Merge(pairs)
}

// section is what the lock protects: a marker that nobody else may have set, or a number that must not pass the limit.
func (w *worker) section(id, weight int64) {
	if !w.task.Same {
		return
	}
	entered := w.shared.enter(id, weight, w.task.Limit)
	work(w.task.Work)
	if !w.shared.leave(id, weight, w.task.Limit) || !entered {
		w.mu.Lock()
		w.report.Overlaps++
		w.mu.Unlock()
	}
}

// work takes so long. A short section computes: a sleep would take longer than it was told to.
func work(d time.Duration) {
	if d >= time.Millisecond {
		time.Sleep(d)
		return
	}
	for end := time.Now().Add(d); d > 0 && time.Now().Before(end); {
	}
}

// await waits for every lock of the task once, and tells when each was ours.
func (w *worker) await() {
	ctx, cancel := context.WithTimeout(context.Background(), w.task.Drain)
	defer cancel()
	w.report.At = make([]int64, w.task.Workers)
	var workers sync.WaitGroup
	for i := range w.task.Workers {
		workers.Go(func() {
			var l contestant.Lock
			var err error
			if l, err = w.client.Lock(ctx, w.name(i)); err != nil {
				w.fail(err)
				return
			}
			w.report.At[i] = time.Now().UnixNano()
			if err := l.Unlock(ctx); err != nil {
				w.fail(err)
			}
		})
	}
	workers.Wait()
}

// fill takes as many as there are to be had, and keeps them.
func (w *worker) fill() {
	ctx, cancel := context.WithTimeout(context.Background(), w.task.Drain)
	defer cancel()
	w.report.Turns = make([]int64, w.task.Workers)
	var workers sync.WaitGroup
	for i := range w.task.Workers {
		workers.Go(func() {
			if _, err := w.client.Lock(ctx, w.name(i)); err == nil {
				w.report.Turns[i] = 1
			} else if ctx.Err() == nil {
				w.fail(err)
			}
		})
	}
	workers.Wait()
}
